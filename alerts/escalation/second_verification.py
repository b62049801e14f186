"""The second verification of a citizen's report: a person of the street is asked after the community has verified it.

Its deadline is its own: a report whose work is closed stays on the list of supervision until the street verified it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import structs

from alerts.alert import Actor, Alert, SecondCheck, TimelineEntry
from alerts.escalation.escalator import Escalator
from alerts.escalation.notices import Notice, Notices
from alerts.lifecycle.reminders import SECOND, mark_overdue
from alerts.lifecycle.second_check import questions_of
from alerts.lifecycle.separation import is_same_performer
from alerts.lifecycle.transitions import ActionRefusal
from alerts.message import NOT_FAILED, Delivery, MessageKind
from alerts.messages.together import verify_span
from alerts.ports import Transaction
from alerts.roster import on_duty as roster
from domain import Person

ROLE: Final = "street"


class SecondVerification:
    """Asks people of the street one after the other; without one the supervisors are notified."""

    def __init__(self, escalator: Escalator) -> None:
        self.escalator, self.notices, self.renderer = escalator, Notices(escalator), escalator.renderer

    def begin(self, tx: Transaction, alert: Alert, first: Actor) -> Alert:
        """The community has verified it: ask the street. `first` may not verify again."""
        begin = self.notices.not_before(alert, tx.now, MessageKind.VERIFY_STREET)
        excluded = (alert.handler, alert.handler_principal, first.id, first.performer)
        check = SecondCheck(
            since=tx.now,
            excluded=tuple(dict.fromkeys(one for one in excluded if one)),
            due_at=begin + self.escalator.ladder(alert).deadlines.second_verify_ms,
        )
        return self._ask(tx, alert, check)

    def remind(self, tx: Transaction, alert: Alert, check: SecondCheck) -> Alert:
        """What is due: the deadline passed, or the person asked last did not answer."""
        if check.due_at is not None and check.due_at <= tx.now:
            alert = self._overdue(tx, alert)
            check = structs.replace(check, due_at=None)
        return self._ask(tx, alert, check) if check.ask_at is not None and check.ask_at <= tx.now else alert

    def _overdue(self, tx: Transaction, alert: Alert) -> Alert:
        """The alert on the list of supervision; its deadline has been counted."""
        assert alert.second_check is not None
        counted = structs.replace(alert, second_check=structs.replace(alert.second_check, due_at=None))
        return mark_overdue(counted, SECOND, tx.now, self.escalator.ladder(alert).deadlines)

    def is_asked(self, tx: Transaction, alert: Alert, person: str) -> bool:
        """Whether the street's verification is awaited and this person was asked for it."""
        check = alert.second_check
        return check is not None and check.is_awaited and person in self._asked(tx, alert, check)

    def refusal(self, tx: Transaction, alert: Alert, actor: Actor) -> ActionRefusal | None:
        """Why the actor may not give the verification that is awaited.

        He was not asked, another acts for him, or he may be the one who dealt with it or verified it first.
        """
        if not self.is_asked(tx, alert, actor.id):
            return ActionRefusal.NOT_ASKED_STREET
        if actor.on_behalf:
            return ActionRefusal.ON_BEHALF
        excluded = () if alert.second_check is None else alert.second_check.excluded
        is_excluded = any(is_same_performer(actor, one) for one in excluded)
        return ActionRefusal.SAME_PRINCIPAL if is_excluded else None

    def settle(self, tx: Transaction, alert: Alert, actor: Actor) -> Alert:
        """The street has verified it."""
        text = self.renderer.timeline_text("verified_by_street", who=actor.name)
        tx.store.add_timeline([TimelineEntry(alert.id, tx.now, "verified_by_street", text, person=actor.id)])
        tx.store.record_second_check(alert.id, actor.id, tx.now)
        check = alert.second_check
        if check is None:
            return alert
        done = structs.replace(check, by=actor.id, at=tx.now, ask_at=None, due_at=None)
        after = structs.replace(alert, second_check=done, updated_at=tx.now)
        if after.overdue_what == SECOND:
            after = structs.replace(after, overdue_what="", overdue_since=None, supervise_at=None)
        tx.store.save_alert(after)
        return after

    def decline(self, tx: Transaction, alert: Alert, actor: Actor) -> Alert:
        """This person cannot verify: the next one is asked."""
        check = alert.second_check
        if check is None or check.verifier != actor.id:
            return alert
        after = structs.replace(self._ask(tx, alert, check), updated_at=tx.now)
        tx.store.save_alert(after)
        return after

    def hand_on(self, tx: Transaction, alert: Alert, person: str) -> bool:
        """Whether another person is asked in the place of one who went off duty before he was."""
        check = alert.second_check
        if check is None or not check.is_awaited or check.verifier != person:
            return False
        if next(self._candidates(tx, alert, check), None) is None:
            return False
        tx.store.save_alert(self._ask(tx, alert, check))
        return True

    def on_failure(self, tx: Transaction, failed: Delivery) -> None:
        """The person asked cannot be reached on any channel: the next one is asked."""
        alert = tx.store.alert(failed.alert)
        check = None if alert is None else alert.second_check
        if alert is None or check is None or not check.is_awaited or check.verifier != failed.person:
            return
        rows = [row for row in self._questions(tx, alert, check) if row.person == failed.person]
        if not any(row.state in NOT_FAILED for row in rows):
            tx.store.save_alert(self._ask(tx, alert, check))

    def _ask(self, tx: Transaction, alert: Alert, check: SecondCheck) -> Alert:
        deadlines = self.escalator.ladder(alert).deadlines
        for person, role in self._candidates(tx, alert, check):
            span_ms, name = verify_span(alert), alert.owner_name or ""
            notice = Notice(MessageKind.VERIFY_STREET, check.since, name=name, span_ms=span_ms)
            begin = self.notices.begin(tx, alert, person, notice)
            if self.notices.notify(tx, alert, person, role, notice):
                self._add_line(tx, alert, "asked_to_verify", person.name, role)
                at = begin + deadlines.ask_verifier_ms
                return structs.replace(alert, second_check=structs.replace(check, verifier=person.id, ask_at=at))
        self._add_line(tx, alert, "nobody_to_verify", "", "")
        waits = structs.replace(alert, second_check=structs.replace(check, ask_at=None))
        # Whoever was asked has until the deadline; where no person could be asked, nothing will come of waiting.
        return waits if check.verifier is not None else self._overdue(tx, waits)

    def _candidates(self, tx: Transaction, alert: Alert, check: SecondCheck) -> Iterator[tuple[Person, str]]:
        """People of the street on duty, then of the ladder's highest rung; each is asked once."""
        excluded = {*check.excluded, *self._asked(tx, alert, check)}
        community, tz = self.escalator.community(), self.escalator.tz
        highest = [one.role for one in self.escalator.ladder(alert).rungs[-1].responsible]
        for role in dict.fromkeys((ROLE, *highest)):
            for _, person in roster.on_duty_ranked(community, alert.cell, role, tx.now, tz, alert.hazard):
                if person.id not in excluded:
                    excluded.add(person.id)
                    yield person, role

    def _asked(self, tx: Transaction, alert: Alert, check: SecondCheck) -> set[str]:
        return {row.person for row in self._questions(tx, alert, check)}

    def _questions(self, tx: Transaction, alert: Alert, check: SecondCheck) -> list[Delivery]:
        return questions_of(structs.replace(alert, second_check=check), tx.store.deliveries(alert.id))

    def _add_line(self, tx: Transaction, alert: Alert, line: str, name: str, role: str) -> None:
        text = self.renderer.timeline_text(line, name=name, role=self.renderer.catalog.role_name(role))
        tx.store.add_timeline([TimelineEntry(alert.id, tx.now, line, text)])
