"""What the service must say about itself: the broker dropped or refuses something, the disk takes nothing, and so on.

These are findings for maintenance. It decides nothing about who is told. What cannot be written now is told as soon as
it can be.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from msgspec.structs import replace
from sqlalchemy import Connection

from domain import HOUR, Evidence, Finding, Instant, Ledger, Phase, Severity, Subject
from ingest.mqtt.consumer import IntakeStatus
from store.database.alerts.repository import SqlBook

DROPPED_RULE, DROPPED_TITLE = "broker-dropped", "消息服务器丢弃消息"
DISK_RULE, DISK_TITLE = "journal-refused", "日志磁盘写不进"
BOOKS_RULE, BOOKS_TITLE = "rulebook-refused", "规则文件有错，仍按旧规则判断"
SITE_RULE, SITE_TITLE = "site-incomplete", "站点配置不全，险情可能无人接收"
DROPPED_ADVICE = "请检查消息服务器的队列上限与负载"
DISK_ADVICE = "请检查磁盘空间；期间的消息由消息服务器保存，恢复后补收"
BOOKS_ADVICE = "请改正规则文件；改好即自动生效"
REFUSED_RULE, REFUSED_TITLE = "subscription-refused", "消息服务器拒绝订阅，部分平台的设备听不到"
REFUSED_ADVICE = "请在消息服务器上允许本系统读取证据中列出的主题"
LEFT_OUT_RULE, LEFT_OUT_TITLE = "urgent-left-out", "部分紧急设备未进入紧急通道"
LEFT_OUT_ADVICE = "请调高 intake.urgent_filters_max；在此之前，消息积压时这些设备的报警可能变慢"
SITE_ADVICE = "请在 site.yaml 写 last_resort，再运行 fengshao check"
FAULTS_SHOWN = 5
_ENDING = {
    DISK_RULE: (DISK_TITLE, DISK_ADVICE),
    BOOKS_RULE: (BOOKS_TITLE, BOOKS_ADVICE),
    REFUSED_RULE: (REFUSED_TITLE, REFUSED_ADVICE),
    LEFT_OUT_RULE: (LEFT_OUT_TITLE, LEFT_OUT_ADVICE),
    SITE_RULE: (SITE_TITLE, SITE_ADVICE),
}
"""Troubles that are over one day; what the broker dropped is gone."""

Change = Callable[[Callable[[], Sequence[Finding]]], Awaitable[None]]
"""How findings come between two entries of the journal (Chain.change)."""


class OwnTrouble:
    """Takes notice at once and tells in turn."""

    def __init__(self, change: Change) -> None:
        self._change = change
        self._waiting: asyncio.Queue[list[Finding]] = asyncio.Queue()
        self._standing: dict[str, Finding] = {}
        self._disk_refused: Finding | None = None
        self._refusing = 0

    def broker_dropped(self, rise: int, at: Instant) -> None:
        """The broker's counter rose. The hour in the id keeps a bad night to a few alerts."""
        began = _finding(DROPPED_RULE, DROPPED_TITLE, Severity.HIGH, "broker", at - at % HOUR, at, DROPPED_ADVICE)
        self._waiting.put_nowait([_with(began, Evidence("dropped", rise, at=at))])

    def disk_refused(self, since: Instant, until: Instant | None, why: str) -> None:
        """The journal takes nothing on one of its lanes (until None), or takes again."""
        self._refusing += 1 if until is None else -1
        if self._disk_refused is None:
            began = _finding(DISK_RULE, DISK_TITLE, Severity.HIGH, "journal", since, since, DISK_ADVICE)
            self._disk_refused = _with(began, Evidence("reason", why, at=since))
            self._waiting.put_nowait([self._disk_refused])
        if until is not None and not self._refusing:
            lasted = Evidence("seconds", (until - self._disk_refused.begin) / 1000, at=until)
            over = replace(self._disk_refused, phase=Phase.ENDED, at=until, now=until)
            self._waiting.put_nowait([_with(over, *self._disk_refused.evidence, lasted)])
            self._disk_refused = None

    def books_refused(self, faults: Sequence[str], at: Instant) -> None:
        """Rulebooks on disk cannot be taken up; those before them stay in force."""
        self._holds(BOOKS_RULE, "rulebooks", [Evidence("fault", fault, at=at) for fault in faults], at)

    def books_right(self, at: Instant) -> None:
        """What is on disk is in force."""
        self._holds_no_more(BOOKS_RULE, at)

    def intake_is(self, status: IntakeStatus, at: Instant) -> None:
        """Looks for filters that the broker refuses and urgent devices that have no filter of their own."""
        if status.urgent.ready and status.bulk.ready:
            refused = {**status.urgent.refused, **status.bulk.refused}
            lines = [Evidence("filter", f"{pattern}: {why}", at=at) for pattern, why in sorted(refused.items())]
            self._holds(REFUSED_RULE, "broker", lines, at)
        left_out = status.urgent_left_out
        self._holds(LEFT_OUT_RULE, "registry", [Evidence("devices", left_out, at=at)] if left_out else [], at)

    def site_incomplete(self, faults: Sequence[str], at: Instant) -> None:
        """Nobody can be called where no ladder reaches anybody; without faults somebody can."""
        self._holds(SITE_RULE, "site", [Evidence("fault", fault, at=at) for fault in faults], at)

    def _holds(self, rule: str, about: str, evidence: Sequence[Evidence], at: Instant) -> None:
        """A state that is looked at again and again: told when there is evidence, over when there is none."""
        if not evidence:
            self._holds_no_more(rule, at)
        elif rule not in self._standing:
            title, advice = _ENDING[rule]
            began = _finding(rule, title, Severity.HIGH, about, at, at, advice)
            self._standing[rule] = _with(began, *evidence[:FAULTS_SHOWN])
            self._waiting.put_nowait([self._standing[rule]])

    def _holds_no_more(self, rule: str, at: Instant) -> None:
        if (began := self._standing.pop(rule, None)) is not None:
            self._waiting.put_nowait([replace(began, phase=Phase.ENDED, at=at, now=at)])

    def take_up(self, left: Sequence[str], at: Instant) -> None:
        """The ids of what an earlier run left open. We started, so the disk takes; the rest is looked at next."""
        found = [_again(one, at) for one in left]
        self._standing = {one.rule: one for one in found if one.rule != DISK_RULE}
        over = [one for one in found if one is not self._standing.get(one.rule)]
        self._waiting.put_nowait([replace(one, phase=Phase.ENDED) for one in over])

    async def follow(self) -> None:
        """Tells, until cancelled."""
        while True:
            findings = await self._waiting.get()
            await self._change(lambda findings=findings: findings)  # type: ignore[misc]


def left_open(tx: Connection) -> list[str]:
    """The ids of what was told and is not over, of the troubles that end."""
    book = SqlBook(tx)
    return [one for rule in _ENDING for one in book.active_finding_ids(f"{rule}@")]


def _again(name: str, at: Instant) -> Finding:
    """What was told under this id."""
    rule, about, begin = name.replace("@1/system:", "/").split("/")
    title, advice = _ENDING[rule]
    return _finding(rule, title, Severity.HIGH, about, int(begin), at, advice)


def _finding(
    rule: str, title: str, severity: Severity, about: str, begin: Instant, at: Instant, advice: str
) -> Finding:
    return Finding(
        id=f"{rule}@1/system:{about}/{begin}",
        rule=rule,
        version="1",
        phase=Phase.BEGAN,
        hazard="device",
        title=title,
        severity=severity,
        ledger=Ledger.HEALTH,
        subject=Subject("system", about),
        begin=begin,
        at=at,
        now=at,
        advice=advice,
    )


def _with(finding: Finding, *evidence: Evidence) -> Finding:
    return replace(finding, evidence=evidence)
