"""What the service must say about itself: the broker dropped or refuses something, the disk takes nothing, and so on.

These are findings for maintenance. It decides nothing about who is told. What cannot be written now is told as soon as
it can be.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from msgspec.structs import replace
from sqlalchemy import Connection

from domain import HOUR, Evidence, Finding, Instant, Phase, Subject
from domain.findings import own_finding
from ingest.mqtt.consumer import ConsumerStatus
from store.database.alerts.repository import SqlAlertStore

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
SITE_ADVICE = "请在 site.yaml 写 last_resort，再运行 fengshao check"
FAULTS_SHOWN = 5
_RECOVERABLE = {
    DISK_RULE: (DISK_TITLE, DISK_ADVICE),
    BOOKS_RULE: (BOOKS_TITLE, BOOKS_ADVICE),
    REFUSED_RULE: (REFUSED_TITLE, REFUSED_ADVICE),
    OMITTED_RULE: (OMITTED_TITLE, OMITTED_ADVICE),
    SITE_RULE: (SITE_TITLE, SITE_ADVICE),
}
"""Troubles that are over one day; what the broker dropped is gone."""

Change = Callable[[Callable[[], Sequence[Finding]]], Awaitable[None]]
"""How findings come between two entries of the journal (Chain.change)."""


class SelfMonitoring:
    """Takes notice at once and tells in turn."""

    def __init__(self, change: Change) -> None:
        self._change = change
        self._queue: asyncio.Queue[list[Finding]] = asyncio.Queue()
        self._active: dict[str, Finding] = {}
        self._journal_finding: Finding | None = None
        self._failing_lanes = 0

    def messages_dropped(self, rise: int, at: Instant) -> None:
        """The broker's counter rose. The hour in the id keeps a bad night to a few alerts."""
        began = _finding(DROPPED_RULE, DROPPED_TITLE, "broker", at - at % HOUR, at, DROPPED_ADVICE)
        self._queue.put_nowait([_with(began, Evidence("dropped", rise, at=at))])

    def journal_write_failed(self, since: Instant, until: Instant | None, why: str) -> None:
        """The journal takes nothing on one of its lanes (until None), or takes again."""
        self._failing_lanes += 1 if until is None else -1
        if self._journal_finding is None:
            began = _finding(DISK_RULE, DISK_TITLE, "journal", since, since, DISK_ADVICE)
            self._journal_finding = _with(began, Evidence("reason", why, at=since))
            self._queue.put_nowait([self._journal_finding])
        if until is not None and not self._failing_lanes:
            lasted = Evidence("seconds", (until - self._journal_finding.begin) / 1000, at=until)
            over = replace(self._journal_finding, phase=Phase.ENDED, at=until, now=until)
            self._queue.put_nowait([_with(over, *self._journal_finding.evidence, lasted)])
            self._journal_finding = None

    def rulebooks_rejected(self, faults: Sequence[str], at: Instant) -> None:
        """Rulebooks on disk cannot be taken up; those before them stay in force."""
        self._set_condition(BOOKS_RULE, "rulebooks", [Evidence("fault", fault, at=at) for fault in faults], at)

    def rulebooks_ok(self, at: Instant) -> None:
        """What is on disk is in force."""
        self._clear_condition(BOOKS_RULE, at)

    def check_intake(self, status: ConsumerStatus, at: Instant) -> None:
        """Looks for filters that the broker refuses and urgent devices that have no filter of their own."""
        if status.urgent.ready and status.bulk.ready:
            refused = {**status.urgent.refused, **status.bulk.refused}
            lines = [Evidence("filter", f"{pattern}: {why}", at=at) for pattern, why in sorted(refused.items())]
            self._set_condition(REFUSED_RULE, "broker", lines, at)
        left_out = status.urgent_omitted
        self._set_condition(OMITTED_RULE, "registry", [Evidence("devices", left_out, at=at)] if left_out else [], at)

    def site_incomplete(self, faults: Sequence[str], at: Instant) -> None:
        """Nobody can be called where no ladder reaches anybody; without faults somebody can."""
        self._set_condition(SITE_RULE, "site", [Evidence("fault", fault, at=at) for fault in faults], at)

    def _set_condition(self, rule: str, about: str, evidence: Sequence[Evidence], at: Instant) -> None:
        """A state that is looked at again and again: told when there is evidence, over when there is none."""
        if not evidence:
            self._clear_condition(rule, at)
        elif rule not in self._active:
            title, advice = _RECOVERABLE[rule]
            began = _finding(rule, title, about, at, at, advice)
            self._active[rule] = _with(began, *evidence[:FAULTS_SHOWN])
            self._queue.put_nowait([self._active[rule]])

    def _clear_condition(self, rule: str, at: Instant) -> None:
        if (began := self._active.pop(rule, None)) is not None:
            self._queue.put_nowait([replace(began, phase=Phase.ENDED, at=at, now=at)])

    def restore(self, left: Sequence[str], at: Instant) -> None:
        """The ids of what an earlier run left open. We started, so the disk takes; the rest is looked at next."""
        found = [_parse_finding_id(one, at) for one in left]
        self._active = {one.rule: one for one in found if one.rule != DISK_RULE}
        over = [one for one in found if one is not self._active.get(one.rule)]
        self._queue.put_nowait([replace(one, phase=Phase.ENDED) for one in over])

    async def run(self) -> None:
        """Tells, until cancelled."""
        while True:
            findings = await self._queue.get()
            await self._change(lambda findings=findings: findings)  # type: ignore[misc]


def open_findings(tx: Connection) -> list[str]:
    """The ids of what was told and is not over, of the troubles that end."""
    book = SqlAlertStore(tx)
    return [one for rule in _RECOVERABLE for one in book.active_finding_ids(f"{rule}@")]


def _parse_finding_id(name: str, at: Instant) -> Finding:
    """What was told under this id."""
    rule, about, begin = name.replace("@1/system:", "/").split("/")
    title, advice = _RECOVERABLE[rule]
    return _finding(rule, title, about, int(begin), at, advice)


def _finding(rule: str, title: str, about: str, begin: Instant, at: Instant, advice: str) -> Finding:
    return own_finding(rule, Subject("system", about), begin, at=at, title=title, advice=advice)


def _with(finding: Finding, *evidence: Evidence) -> Finding:
    return replace(finding, evidence=evidence)
