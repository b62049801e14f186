"""Verification (核查): chooses a person other than the handler, asks him, and goes on to the next on silence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import structs

from alerts.alert import Alert, TimelineEntry
from alerts.escalation.escalator import Escalator
from alerts.escalation.notices import Notice, Notices
from alerts.lifecycle.reminders import VERIFY, mark_overdue
from alerts.message import CALL_KINDS, NOT_FAILED, DeliveryState, MessageKind
from alerts.messages.deliveries import address_of
from alerts.messages.together import MAX_TOGETHER, verify_span
from alerts.ports import Transaction
from alerts.roster import on_duty as roster
from domain import DAY, Person

MANY_TEXTS: Final = 12
"""Texts of one person within a day: ours. A verification has a day, and somebody else has the time."""


class Verification:
    """Asks people to verify, one after the other."""

    def __init__(self, escalator: Escalator) -> None:
        self.escalator, self.notices, self.renderer = escalator, Notices(escalator), escalator.renderer

    def ask(self, tx: Transaction, alert: Alert) -> Alert:
        """Ask the next person; without one the supervisors are told that verification is overdue."""
        deadlines = self.escalator.ladder(alert).deadlines
        for person, role in self._candidates(tx, alert):
            span_ms = verify_span(alert)
            notice = Notice(MessageKind.VERIFY, alert.state_since, name=self._handler_name(alert), span_ms=span_ms)
            begin = self.notices.begin(tx, alert, person, notice)
            if not self.notices.notify(tx, alert, person, role, notice):
                continue
            self._add_timeline(
                tx, alert, "asked_to_verify", name=person.name, role=self.renderer.catalog.role_name(role)
            )
            return structs.replace(alert, verifier=person.id, verify_at=begin + deadlines.ask_verifier_ms)
        self._add_timeline(tx, alert, "nobody_to_verify")
        waits = structs.replace(alert, verify_at=None)
        return waits if alert.overdue_since is not None else mark_overdue(waits, VERIFY, tx.now, deadlines)

    def has_candidate(self, tx: Transaction, alert: Alert) -> bool:
        """Whether there is another person who could be asked now."""
        return next(self._candidates(tx, alert), None) is not None

    def was_asked(self, tx: Transaction, alert: Alert, person: str) -> bool:
        """Whether this person was asked to verify since the alert was reported as dealt with."""
        return person in self._asked(tx, alert)

    def _asked(self, tx: Transaction, alert: Alert) -> set[str]:
        return {
            row.person
            for row in tx.store.deliveries(alert.id)
            if row.kind is MessageKind.VERIFY and row.created_at >= alert.state_since and row.round == alert.round
        }

    def _candidates(self, tx: Transaction, alert: Alert) -> Iterator[tuple[Person, str]]:
        """People on duty, who neither handled it nor were asked before: of the ladder's `verify_by`, else of the rungs
        above the handler's, then of his own and the lower ones. Who had MANY_TEXTS within a day is asked after the
        others."""
        excluded = {alert.handler, alert.handler_principal, *self._asked(tx, alert)}
        community, tz, busy = self.escalator.community(), self.escalator.tz, list[tuple[Person, str]]()
        for role in self._roles(tx, alert):
            ranked = roster.on_duty_ranked(community, alert.cell, role, tx.now, tz, alert.hazard)
            loads = [(*self._load(tx, alert, person), rank, person) for rank, person in ranked]
            for waits_for_none, texts, _, person in sorted(loads, key=lambda load: load[:3]):
                if person.id in excluded:
                    continue
                excluded.add(person.id)
                if waits_for_none and texts >= MANY_TEXTS:
                    busy.append((person, role))
                else:
                    yield person, role
        yield from busy

    def _load(self, tx: Transaction, alert: Alert, person: Person) -> tuple[bool, int]:
        """Order among the people of one role who are on duty: whom a waiting text asks already, then whoever had the
        fewest texts within a day, on the channel that had most of them: each message goes out on several. The first
        rank is for what is urgent; a verification need not always be his."""
        waiting, most = 0, 0
        for channel in self.notices.channels(alert, person):
            rows = tx.store.deliveries_to(channel, address_of(person, channel), tx.now - DAY)
            own = [row for row in rows if row.person == person.id and row.state in NOT_FAILED]
            asked = [row for row in own if row.kind is MessageKind.VERIFY and row.state is DeliveryState.PENDING]
            waiting += sum(row.not_before > tx.now for row in asked)
            most = max(most, len(own))
        return not 0 < waiting < MAX_TOGETHER, most

    def _roles(self, tx: Transaction, alert: Alert) -> list[str]:
        ladder = self.escalator.ladder(alert)
        roles = [one.role for rung in ladder.rungs for one in rung.responsible]
        calls = [row for row in tx.store.deliveries(alert.id) if row.kind in CALL_KINDS and row.person == alert.handler]
        held = self.escalator.community().roles_of(alert.handler or "")
        own = next((roles.index(role) for role in (*(row.role for row in calls), *held) if role in roles), -1)
        first = [ladder.verify_by] if ladder.verify_by is not None else []
        return list(dict.fromkeys((*first, *roles[own + 1 :], *reversed(roles[: own + 1]))))

    def _handler_name(self, alert: Alert) -> str:
        person = self.escalator.community().people.get(alert.handler or "")
        return person.name if person is not None else alert.owner_name or ""

    def _add_timeline(self, tx: Transaction, alert: Alert, line: str, **variables: str) -> None:
        text = self.renderer.timeline_text(line, **variables)
        tx.store.add_timeline([TimelineEntry(alert.id, tx.now, line, text)])
