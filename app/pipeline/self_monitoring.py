"""Findings about the service itself: broker drops messages or refuses filters, journal not writable, faulty rulebooks.

These are findings for maintenance. Each passes through the pipeline like those of devices; one that cannot be written
yet is written as soon as possible.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

from msgspec.structs import replace
from sqlalchemy import Connection

from app.pipeline.changes import Change
from domain import DAY, HOUR, MINUTE, Evidence, Finding, FindingPhase, Instant, Subject
from domain.findings import own_finding
from ingest.mqtt.consumer import ConsumerStatus
from store.database.alerts.repository import SqlAlertStore
from store.history import ServerStatus

DROPPED_RULE, DROPPED_TITLE = "broker-dropped", "消息服务器丢弃消息"
DISK_RULE, DISK_TITLE = "journal-refused", "日志磁盘写不进"
BOOKS_RULE, BOOKS_TITLE = "rulebook-refused", "规则文件有错，仍按旧规则判断"
SITE_RULE, SITE_TITLE = "site-incomplete", "站点配置不全，险情可能无人接收"
DROPPED_ADVICE = "请检查消息服务器的队列上限与负载"
DISK_ADVICE = "请检查磁盘空间；期间的消息由消息服务器保存，恢复后补收"
BOOKS_ADVICE = "请改正规则文件；改好即自动生效"
REFUSED_RULE, REFUSED_TITLE = "subscription-refused", "消息服务器拒绝订阅，部分平台的设备听不到"
REFUSED_ADVICE = "请在消息服务器上允许本系统读取证据中列出的主题"
OMITTED_RULE, OMITTED_TITLE = "urgent-left-out", "部分紧急设备未进入紧急通道"
OMITTED_ADVICE = "请调高 intake.urgent_filters_max；在此之前，消息积压时这些设备的报警可能变慢"
HISTORY_RULE, HISTORY_TITLE = "history-behind", "历史库写入停止，新读数只在日志中"
HISTORY_ADVICE = "请检查历史库；恢复后重启服务，读数将从日志补写。在此之前日志不会清理"
SERVER_RULE, SERVER_TITLE = "history-server", "历史库服务器写不进，读数暂存本机"
SERVER_ADVICE = "请检查历史库服务器与 site.yaml 的 history 设置；恢复后自动补写，不丢读数"
REFUSED_VALUES_RULE, REFUSED_VALUES_TITLE = "history-refused", "历史库服务器拒收部分读数"
REFUSED_VALUES_ADVICE = "其余读数已写入；请按证据中的原因检查服务器的字段类型与限额"
SERVER_FAILING_S = 600.0
"""A restart or an upgrade of the server takes less."""
EXPECTED_REFUSALS = frozenset({"beyond_retention"})
"""A device that was away for longer than the server keeps values."""
SITE_ADVICE = "请在 site.yaml 写 last_resort，再运行 fengshao check"
PROVIDER_RULE, PROVIDER_TITLE = "provider-fault", "通知服务商的账号或设置有误"
PROVIDER_ADVICE = "请按每条说明到服务商控制台修改，再运行 fengshao check --providers"
ROSTER_RULE, ROSTER_TITLE = "roster-gap", "未来两周有岗位无人值班"
ROSTER_ADVICE = "请在排班页安排顶班或补排；在此之前，险情会直接上报上一级"
AUDIT_RULE, AUDIT_TITLE = "audit-stopped", "告警稽核停止，险情可能漏而不知"
AUDIT_ADVICE = "请查看服务日志并重启服务；在此之前请人工查看未结案的告警"
CANARY_RULE, CANARY_TITLE = "canary-failed", "系统自检没有通过，真实告警可能也送不到"
CANARY_ADVICE = "请检查证据中的环节：消息服务器、规则、短信服务商"
BACKUP_RULE, BACKUP_TITLE = "backup", "备份过期，坏盘将丢失数据"
BACKUP_ADVICE = "请运行 fengshao backup 并检查定时备份；查看备份盘空间"
FILES_RULE, FILES_TITLE = "site-refused", "站点文件有错，仍按上次的文件运行"
FILES_ADVICE = "请改正证据中的文件，运行 fengshao check，再重启服务"
SETTINGS_RULE, SETTINGS_TITLE = "settings-refused", "缺密钥或设置有误，部分通道或接口停用"
SETTINGS_ADVICE = "其余通道照常使用。请按证据补上环境变量或设置，运行 fengshao check，再重启服务"
GAP, MORE_GAPS = Evidence("缺岗", None, name_en="roster gap"), "另有{count}处"
CERTIFICATE_RULE, CERTIFICATE_TITLE = "broker-certificate", "消息服务器的证书不可用或即将到期"
CERTIFICATE_ADVICE = "请按证据更换证书文件并重启服务；到期后设备与本系统都连不上消息服务器"
EVIDENCE_MAX = 5
_RECOVERABLE = {
    DISK_RULE: (DISK_TITLE, DISK_ADVICE),
    BOOKS_RULE: (BOOKS_TITLE, BOOKS_ADVICE),
    REFUSED_RULE: (REFUSED_TITLE, REFUSED_ADVICE),
    OMITTED_RULE: (OMITTED_TITLE, OMITTED_ADVICE),
    SITE_RULE: (SITE_TITLE, SITE_ADVICE),
    PROVIDER_RULE: (PROVIDER_TITLE, PROVIDER_ADVICE),
    HISTORY_RULE: (HISTORY_TITLE, HISTORY_ADVICE),
    SERVER_RULE: (SERVER_TITLE, SERVER_ADVICE),
    ROSTER_RULE: (ROSTER_TITLE, ROSTER_ADVICE),
    AUDIT_RULE: (AUDIT_TITLE, AUDIT_ADVICE),
    CANARY_RULE: (CANARY_TITLE, CANARY_ADVICE),
    CERTIFICATE_RULE: (CERTIFICATE_TITLE, CERTIFICATE_ADVICE),
    BACKUP_RULE: (BACKUP_TITLE, BACKUP_ADVICE),
    FILES_RULE: (FILES_TITLE, FILES_ADVICE),
    SETTINGS_RULE: (SETTINGS_TITLE, SETTINGS_ADVICE),
}
"""Conditions that can end. Dropped messages are lost and do not end."""

ApplyChange = Callable[[Change], Awaitable[None]]
"""Applies a change between two journal entries and delivers its findings (Pipeline.apply_change)."""


class SelfMonitoring:
    """Queues findings at once; `run` delivers them in order."""

    def __init__(self, apply_change: ApplyChange) -> None:
        self._apply_change = apply_change
        self._queue: asyncio.Queue[list[Finding]] = asyncio.Queue()
        self._active: dict[str, Finding] = {}
        self._journal_finding: Finding | None = None
        self._failing_lanes = 0
        self._refused_values, self._refused_day = 0, -1
        self.site_faults: tuple[str, ...] = ()
        self.provider_faults: tuple[str, ...] = ()
        self.providers_asked_at: Instant | None = None
        """When providers answered about our accounts; None: not since the start."""

    def messages_dropped(self, count: int, at: Instant) -> None:
        """The broker dropped `count` messages. The hour is part of the id: repeated drops make few alerts."""
        began = _finding(DROPPED_RULE, DROPPED_TITLE, "broker", at - at % HOUR, at, DROPPED_ADVICE)
        self._queue.put_nowait([_with(began, Evidence("dropped", count, at=at))])

    def journal_write_failed(self, since: Instant, until: Instant | None, error: str) -> None:
        """The journal has refused writes of one lane since `since`; with `until` it accepts them again."""
        self._failing_lanes += 1 if until is None else -1
        if self._journal_finding is None:
            began = _finding(DISK_RULE, DISK_TITLE, "journal", since, since, DISK_ADVICE)
            self._journal_finding = _with(began, Evidence("reason", error, at=since))
            self._queue.put_nowait([self._journal_finding])
        if until is not None and not self._failing_lanes:
            duration = Evidence("seconds", (until - self._journal_finding.begin) / 1000, at=until)
            ended = replace(self._journal_finding, phase=FindingPhase.ENDED, at=until, now=until)
            self._queue.put_nowait([_with(ended, *self._journal_finding.evidence, duration)])
            self._journal_finding = None

    def rulebooks_rejected(self, faults: Sequence[str], at: Instant) -> None:
        """Definitions on disk have faults; the previous ones stay in force."""
        self._set_condition(BOOKS_RULE, "rulebooks", [Evidence("fault", fault, at=at) for fault in faults], at)

    def rulebooks_ok(self, at: Instant) -> None:
        """The definitions on disk are in force."""
        self._clear_condition(BOOKS_RULE, at)

    def check_intake(self, status: ConsumerStatus, at: Instant) -> None:
        """Report filters that the broker refuses, and urgent devices without a filter in the urgent session."""
        if status.urgent.ready and status.bulk.ready:
            refused = {**status.urgent.refused, **status.bulk.refused}
            lines = [Evidence("filter", f"{pattern}: {error}", at=at) for pattern, error in sorted(refused.items())]
            self._set_condition(REFUSED_RULE, "broker", lines, at)
        omitted = status.urgent_omitted
        self._set_condition(OMITTED_RULE, "registry", [Evidence("devices", omitted, at=at)] if omitted else [], at)

    def check_history(self, is_behind: bool, at: Instant) -> None:
        """Report a history that accepts no more readings: they are in the journal only, until a restart."""
        evidence = [Evidence("reason", "history buffer full", at=at)] if is_behind else []
        self._set_condition(HISTORY_RULE, "history", evidence, at)

    def check_history_server(self, status: ServerStatus | None, at: Instant) -> None:
        """Report a server that has taken nothing for ten minutes, and once a day that it refuses values.

        Values older than its retention are no fault and only counted.
        """
        if status is None:
            return
        failing = status.problem if status.failing_s >= SERVER_FAILING_S else ""
        self._set_condition(SERVER_RULE, "history", [Evidence("reason", failing, at=at)] if failing else [], at)
        refused = {reason: count for reason, count in status.refused.items() if reason not in EXPECTED_REFUSALS}
        if sum(refused.values()) > self._refused_values and at - at % DAY != self._refused_day:
            self._refused_day = at - at % DAY
            began = _finding(
                REFUSED_VALUES_RULE, REFUSED_VALUES_TITLE, "history", self._refused_day, at, REFUSED_VALUES_ADVICE
            )
            evidence = (Evidence(reason, count, at=at) for reason, count in sorted(refused.items()))
            self._queue.put_nowait([_with(began, *evidence)])
        self._refused_values = sum(refused.values())

    def site_incomplete(self, faults: Sequence[str], at: Instant) -> None:
        """No person can be called where no ladder reaches one; without faults the condition ends."""
        self._set_condition(SITE_RULE, "site", [Evidence("fault", fault, at=at) for fault in faults], at)

    def site_refused(self, faults: Sequence[str], at: Instant) -> None:
        """Files of the site have faults; their last good versions are in force. Without faults the condition ends."""
        self.site_faults = tuple(faults)
        self._set_condition(FILES_RULE, "site-files", [Evidence("fault", fault, at=at) for fault in faults], at)

    def settings_refused(self, faults: Sequence[str], at: Instant) -> None:
        """Channels and other parts that this start left out; without any the condition ends."""
        self._set_condition(SETTINGS_RULE, "settings", [Evidence("fault", fault, at=at) for fault in faults], at)

    def providers_checked(self, faults: Sequence[str], at: Instant) -> None:
        """What providers answered about our accounts; without faults the condition ends."""
        self.provider_faults, self.providers_asked_at = tuple(faults), at
        self._set_condition(PROVIDER_RULE, "providers", [Evidence("fault", fault, at=at) for fault in faults], at)

    def check_audit(self, stopped_since: Instant | None, at: Instant) -> None:
        """Report that open alerts have not been audited since an instant; None: they have."""
        evidence = [] if stopped_since is None else [Evidence("minutes", (at - stopped_since) // MINUTE, at=at)]
        self._set_condition(AUDIT_RULE, "audit", evidence, at)

    def check_canary(self, problem: str, at: Instant) -> None:
        """Report why the self-test failed; empty: it passed."""
        self._set_condition(CANARY_RULE, "canary", [Evidence("reason", problem, at=at)] if problem else [], at)

    def check_backup(self, age_ms: int | None, late: bool, at: Instant) -> None:
        """Report a last backup that is too old; its age None: there is none."""
        age = Evidence("hours", "none" if age_ms is None else age_ms // HOUR, at=at)
        self._set_condition(BACKUP_RULE, "backup", [age] if late else [], at)

    def check_certificates(self, faults: Sequence[str], at: Instant) -> None:
        """Report certificates of the broker that cannot be read, have expired or expire within a month."""
        self._set_condition(CERTIFICATE_RULE, "broker", [Evidence("fault", fault, at=at) for fault in faults], at)

    def roster_gaps(self, gaps: Mapping[str, Sequence[str]], at: Instant) -> None:
        """The present gaps of the roster as text, by the cell of the community: one condition for each community.

        A condition whose gaps changed is reported again under its id, with the present ones.
        """
        for key, began in list(self._active.items()):
            if began.rule == ROSTER_RULE and began.subject.id not in gaps:
                self._clear_condition(key, at)
        for cell, lines in gaps.items():
            self._report_gaps(Subject("cell", cell), lines, at)

    def _report_gaps(self, about: Subject, lines: Sequence[str], at: Instant) -> None:
        key = f"{ROSTER_RULE} {about.id}"
        more = [MORE_GAPS.format(count=len(lines) - EVIDENCE_MAX)] if len(lines) > EVIDENCE_MAX else []
        evidence = tuple(replace(GAP, value=line, at=at) for line in [*lines[:EVIDENCE_MAX], *more])
        reported = self._active.get(key)
        if reported is None:
            began = own_finding(ROSTER_RULE, about, at, title=ROSTER_TITLE, advice=ROSTER_ADVICE)
            self._active[key] = _with(began, *evidence)
            self._queue.put_nowait([self._active[key]])
        elif [line.value for line in reported.evidence] != [line.value for line in evidence]:
            self._active[key] = replace(reported, phase=FindingPhase.GRADED, at=at, now=at, evidence=evidence)
            self._queue.put_nowait([self._active[key]])

    def _set_condition(self, rule: str, about: str, evidence: Sequence[Evidence], at: Instant) -> None:
        """A condition that is polled: begins with evidence, ends without. While it is active nothing is repeated."""
        if not evidence:
            self._clear_condition(rule, at)
        elif rule not in self._active:
            title, advice = _RECOVERABLE[rule]
            began = _finding(rule, title, about, at, at, advice)
            self._active[rule] = _with(began, *evidence[:EVIDENCE_MAX])
            self._queue.put_nowait([self._active[rule]])

    def _clear_condition(self, rule: str, at: Instant) -> None:
        if (began := self._active.pop(rule, None)) is not None:
            self._queue.put_nowait([replace(began, phase=FindingPhase.ENDED, at=at, now=at)])

    def restore(self, open_finding_ids: Sequence[str], now: Instant) -> None:
        """Restore findings left open by the previous run.

        Journal findings end (start-up wrote to the journal); others stay open until their condition is polled. Of
        several findings of one condition the last stays open.
        """
        findings = [_parse_finding_id(finding_id, now) for finding_id in open_finding_ids]
        self._active = {_key(finding): finding for finding in findings if finding.rule != DISK_RULE}
        ended = [finding for finding in findings if finding is not self._active.get(_key(finding))]
        self._queue.put_nowait([replace(finding, phase=FindingPhase.ENDED) for finding in ended])

    async def run(self) -> None:
        """Deliver queued findings until cancelled."""
        while True:
            findings = await self._queue.get()
            await self._apply_change(partial(list, findings))


def open_findings(tx: Connection) -> list[str]:
    """Ids of findings of this module that an earlier run left open."""
    book = SqlAlertStore(tx)
    return [finding for rule in _RECOVERABLE for finding in book.active_finding_ids(f"{rule}@")]


def _parse_finding_id(finding_id: str, at: Instant) -> Finding:
    rule, about, begin = finding_id.replace("@1/", "/").split("/")
    (type, _, id), (title, advice) = about.partition(":"), _RECOVERABLE[rule]
    return own_finding(rule, Subject(type, id), int(begin), at=at, title=title, advice=advice)


def _key(finding: Finding) -> str:
    """Under which a condition is active: there is one for each rule, and one for each community of a roster."""
    return f"{finding.rule} {finding.subject.id}" if finding.rule == ROSTER_RULE else finding.rule


def _finding(rule: str, title: str, about: str, begin: Instant, at: Instant, advice: str) -> Finding:
    return own_finding(rule, Subject("system", about), begin, at=at, title=title, advice=advice)


def _with(finding: Finding, *evidence: Evidence) -> Finding:
    return replace(finding, evidence=evidence)
