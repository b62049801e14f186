"""Finding intake. A finding opens an alert, joins one, or changes the alert it belongs to.

Idempotent: a finding already recorded in this phase changes nothing. Runs inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import partial
from typing import Final

from msgspec import Struct, structs

from alerts.alert import TAKEN, Alert, Entry, State
from alerts.handling import grouping
from alerts.handling.grouping import Decision, Match, Recipients, Relation
from alerts.handling.processor import Casework
from alerts.handling.silencing import Devices, Silenced, Silencing
from alerts.lifecycle.advance import Happening
from alerts.lifecycle.danger import Danger
from alerts.lifecycle.transitions import Signal
from alerts.message import CALLS, OVER_BUDGET, REACHING, TOLD_BY
from alerts.messages.bundles import BUNDLE_MS
from alerts.messages.renderer import LATE_MS, retained
from alerts.ports import Book
from domain import Finding, Instant, Ledger, Phase

_ENDS: Final = (Phase.ENDED, Phase.WITHDRAWN)
UNJUDGED: Final = "rule"
"""The line of evidence of a finding that ends because its rule was removed, rewritten or put into shadow."""
_SIGNALS: Final = {
    Decision.JOIN: Signal.ADDED,
    Decision.RAISE: Signal.WORSENED,
    Decision.RECUR: Signal.RECURRED,
}


class Fate(StrEnum):
    """How a finding ended. There is no other way."""

    OPENED = "opened"
    JOINED = "joined"
    CHANGED = "changed"
    REPEATED = "repeated"
    SILENCED = "silenced"
    """A silence covers it: kept, and told when the silence ends and it still stands."""
    UNMATCHED = "unmatched"
    """It ends something that was never told here (its alert was opened before this ledger began)."""


class Outcome(Struct, frozen=True):
    finding: str
    fate: Fate
    alert: int | None = None


class Hearing:
    """From findings to alerts."""

    def __init__(self, casework: Casework, devices: Devices = dict) -> None:
        self.casework = casework
        self.silencing = Silencing(casework.dispatch.community, devices)
        self.wording = casework.wording

    def hear(self, book: Book, findings: Sequence[Finding], now: Instant) -> list[Outcome]:
        """All of them, in the order given."""
        return [self._one(book, finding, now) for finding in findings]

    def release(self, book: Book, now: Instant) -> list[int]:
        """Findings whose silence is over become alerts now; the alerts they opened or joined."""
        outcomes = self.hear(book, self.silencing.release(book, now), now)
        return [one.alert for one in outcomes if one.alert is not None]

    def _one(self, book: Book, finding: Finding, now: Instant) -> Outcome:
        known = book.known(finding)
        if known.heard:
            return Outcome(finding.id, Fate.REPEATED, known.alert)
        alert = None if known.alert is None else book.alert(known.alert)
        if alert is not None:
            book.hear(finding, alert.id)
            self._change(book, alert, finding, now)
            return Outcome(finding.id, Fate.CHANGED, alert.id)
        if self.silencing.apply(book, finding, now) is not Silenced.NO:
            return Outcome(finding.id, Fate.SILENCED)
        if finding.phase in _ENDS:
            book.hear(finding, None)
            return Outcome(finding.id, Fate.UNMATCHED)
        return self._new(book, finding, now)

    def _new(self, book: Book, finding: Finding, now: Instant) -> Outcome:
        community = self.casework.dispatch.community()
        building = community.building_of(finding.place)
        near = building.id if building is not None else None
        candidates = book.candidates(finding, near if grouping.folds(finding) else None)
        match = grouping.match(finding, near, candidates, partial(self._recipients, book, finding, now), now)
        if match is not None:
            book.hear(finding, match.alert.id)
            self._join(book, match, finding, now)
            return Outcome(finding.id, Fate.JOINED, match.alert.id)
        alert = book.open(self._describe(finding, near, now))
        book.hear(finding, alert.id)
        book.note([Entry(alert.id, now, "opened", self._opening(alert), person=None)])
        self.casework.start(book, alert, now)
        return Outcome(finding.id, Fate.OPENED, alert.id)

    def _recipients(self, book: Book, finding: Finding, now: Instant, alert: Alert) -> Recipients:
        dispatch = self.casework.dispatch
        own = dispatch.ladders.ladder(finding.ledger, finding.severity, finding.rule)
        same_cell = dispatch.community().cell_of(finding.place) == alert.cell
        return grouping.compare(finding, own, alert, dispatch.ladder(alert), same_cell, self._reached(book, now, alert))

    def _reached(self, book: Book, now: Instant, alert: Alert) -> bool:
        """Whether somebody hears of what joins: the owner, or at least one of those called who did not decline."""
        if alert.state in TAKEN:
            return self.casework.dispatch.can_reach(alert, alert.owner, now)
        return any(
            row.kind in TOLD_BY
            and row.round == alert.round
            and row.person not in alert.passed
            and (row.state in REACHING or row.code == OVER_BUDGET)
            for row in book.deliveries(alert.id)
        )

    def _describe(self, finding: Finding, building: str | None, now: Instant) -> Alert:
        community = self.casework.dispatch.community()
        ladder = self.casework.dispatch.ladders.ladder(finding.ledger, finding.severity, finding.rule)
        return Alert(
            id=0,
            rule=finding.rule,
            title=finding.title,
            hazard=finding.hazard,
            severity=finding.severity,
            ledger=finding.ledger,
            subject=finding.subject,
            started_at=finding.begin,
            opened_at=now,
            updated_at=now,
            state_since=now,
            danger_at=finding.begin,
            ladder_rule=finding.rule,
            device=finding.device,
            place=finding.place,
            building=building,
            cell=community.cell_of(finding.place),
            address=self._address(finding),
            advice=finding.advice,
            evidence=finding.evidence,
            late_ms=_late(finding, now),
            stale=finding.phase is Phase.STALE,
            due_at=now + ladder.take_within,
        )

    def _opening(self, alert: Alert) -> str:
        level = self.wording.book.severities[alert.severity]
        address = alert.address or self.wording.book.nowhere
        line = "opened_late" if alert.late_ms > LATE_MS else "opened"
        line = "opened_retained" if retained(alert) else line
        return self.wording.say(
            line, level=level, title=alert.title, address=address, span=self.wording.span(alert.late_ms)
        )

    def _join(self, book: Book, match: Match, finding: Finding, now: Instant) -> None:
        danger = self._danger(finding, now)
        line = "again" if match.relation is Relation.SAME_DANGER else "joined"
        why, of = self.wording.book.why[match.relation.value], finding.device or finding.subject.id
        address = danger.address or self.wording.book.nowhere
        text = self.wording.say(line, title=finding.title, why=why, address=address, of=of)
        book.note([Entry(match.alert.id, now, line, text)])
        fuller = structs.replace(match.alert, joined=match.alert.joined + 1)
        known = self._is_known(book, match, finding, now)
        self.casework.happen(book, fuller, Happening(_SIGNALS[match.decision], danger=danger, known=known), now)

    def _is_known(self, book: Book, match: Match, finding: Finding, now: Instant) -> bool:
        """Another rule about the same event on the same device, no worse than what people were told a moment ago."""
        alert, ladders = match.alert, self.casework.dispatch.ladders
        if match.relation is not Relation.SAME_DEVICE or finding.device is None or finding.device != alert.device:
            return False
        if finding.severity.rank < alert.severity.rank or not ladders.same_event(finding.rule, alert.ladder_rule):
            return False
        calls = [row for row in book.deliveries(alert.id) if row.kind in CALLS and row.round == alert.round]
        recent = all(now - row.created_at <= BUNDLE_MS for row in calls)
        return recent and any(row.state in REACHING and row.person not in alert.passed for row in calls)

    def _danger(self, finding: Finding, now: Instant) -> Danger:
        return Danger(
            rule=finding.rule,
            hazard=finding.hazard,
            title=finding.title,
            severity=finding.severity,
            at=finding.begin,
            late_ms=_late(finding, now),
            advice=finding.advice,
            evidence=finding.evidence,
            address=self._address(finding),
        )

    def _address(self, finding: Finding) -> str:
        """The way to the door; where nobody knows it, which device it is."""
        return self.casework.dispatch.community().address(finding.place) or self.wording.without_place(finding)

    def _change(self, book: Book, alert: Alert, finding: Finding, now: Instant) -> None:
        if finding.phase in _ENDS:
            self._end(book, alert, finding, now)
            return
        if finding.phase is Phase.STALE:
            book.note([Entry(alert.id, now, "stale", self.wording.say("stale"))])
            book.save(structs.replace(alert, stale=True, updated_at=now))
            return
        if finding.severity.rank < alert.severity.rank:
            # What made it worse is when it was graded, not when the lesser danger began.
            worse = structs.replace(self._danger(finding, now), at=finding.at)
            self.casework.happen(book, alert, Happening(Signal.WORSENED, danger=worse), now)
            return
        if alert.state in (State.VERIFIED, State.CLOSED) and alert.ledger is Ledger.DANGER:
            # Settled while its device was silent, and now it is heard again: the danger stands.
            self.casework.happen(book, alert, Happening(Signal.PERSISTS), now)
            return
        level = self.wording.book.severities[finding.severity]
        book.note([Entry(alert.id, now, "graded", self.wording.say("graded", level=level, title=finding.title))])
        book.save(structs.replace(alert, stale=False, recovered_at=None, updated_at=now))

    def _end(self, book: Book, alert: Alert, finding: Finding, now: Instant) -> None:
        """Only when nothing of this alert still burns has it recovered."""
        if finding.phase is Phase.WITHDRAWN:
            book.note([Entry(alert.id, now, "withdrawn", self.wording.say("withdrawn"))])
        if alert.ledger is Ledger.DANGER and any(line.quantity == UNJUDGED for line in finding.evidence):
            # Its rule is gone: nobody looks any more, which is no recovery.
            book.note([Entry(alert.id, now, "unjudged", self.wording.say("unjudged"))])
            return
        if book.still_firing(alert.id):
            return
        signal = Signal.HEALED if alert.ledger is Ledger.HEALTH else Signal.RECOVERED
        self.casework.happen(book, alert, Happening(signal), now)


def _late(finding: Finding, now: Instant) -> int:
    """How late it is told: what the rules saw, and what we ourselves were behind (we may have been down)."""
    behind = now - finding.now
    return finding.late_ms + (behind if behind > LATE_MS else 0)
