"""Supervision (督办): who supervises an alert, and what they are told of overdue steps, orders and re-alarms."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from msgspec import structs

from alerts.alert import Alert, TimelineEntry
from alerts.escalation.escalator import Escalator
from alerts.escalation.notices import Notice, Notices
from alerts.lifecycle.reminders import TAKE
from alerts.message import MessageKind
from alerts.ports import Transaction
from alerts.roster import on_duty as roster
from domain import MINUTE, Instant, Person

URGED_EVERY_MS: Final = 10 * MINUTE
"""A platform may urge at every call of a citizen: the owner is told once in this time, the timeline has them all."""


class Supervision:
    """Tells the supervisors. Every message leaves a timeline entry that says whom it reached."""

    def __init__(self, escalator: Escalator) -> None:
        self.escalator, self.notices, self.renderer = escalator, Notices(escalator), escalator.renderer

    def role(self, alert: Alert) -> str:
        """The supervising role of the alert's ladder: the one it names, else that of its highest rung."""
        ladder = self.escalator.ladder(alert)
        return ladder.supervise.role if ladder.supervise is not None else ladder.rungs[-1].responsible[0].role

    def supervisors(self, alert: Alert, now: Instant) -> list[tuple[Person, str]]:
        """The first rank on duty of the supervising role that can be reached, else of the rungs from the top down, else
        the site's last resort."""
        community, tz = self.escalator.community(), self.escalator.tz
        rungs = [one.role for rung in reversed(self.escalator.ladder(alert).rungs) for one in rung.responsible]
        for role in dict.fromkeys((self.role(alert), *rungs)):
            ranked = roster.on_duty_ranked(community, alert.cell, role, now, tz, alert.hazard)
            reachable = [(rank, person) for rank, person in ranked if self.notices.channels(alert, person)]
            if reachable:
                return [(person, role) for rank, person in reachable if rank == reachable[0][0]]
        last = roster.last_resort_people(community, self.escalator.last_resort, now, tz)
        return [(person, self.role(alert)) for person in last if self.notices.channels(alert, person)]

    def notify_overdue(self, tx: Transaction, alert: Alert) -> None:
        """Tell the supervisors what is overdue, for how long, and who owes it."""
        late = self.renderer.format_duration(tx.now - (alert.overdue_since or tx.now))
        what = self.renderer.catalog.overdue[alert.overdue_what].format(span=late)
        called = {row.person for row in self.escalator.calls(tx.store, alert)} if alert.overdue_what == TAKE else set()
        self._notify(tx, alert, what, called)

    def notify_undecided(self, tx: Transaction, alert: Alert) -> None:
        """The alert went back and forth between bodies: the supervisors decide who takes it."""
        self._notify(tx, alert, self.renderer.catalog.lapses["undecided"])

    def notify_order(self, tx: Transaction, alert: Alert, by: str, reason: str, until: Instant) -> None:
        """An order: to the owner, or to everybody called while nobody is responsible; and to the supervisors."""
        note = self.renderer.catalog.lapses["ordered"].format(by=by, note=reason)
        order = Notice(MessageKind.ORDER, f"{tx.now}", name=by, reason=note, limit_ms=until - tx.now)
        self.notices.notify_all(tx, alert, self.responsible(tx, alert), order)
        self._notify(tx, alert, note)

    def urge(self, tx: Transaction, alert: Alert, by: str, note: str) -> Alert:
        """An outside system urges: the owner is told, and where a deadline has passed the next rung too, else the
        supervisors. Within URGED_EVERY_MS nobody is told twice, and no second rung is called."""
        texts, occasion = self.renderer.catalog.lapses, f"urged{tx.now // URGED_EVERY_MS}"
        reason = texts["urged"].format(by=by, note=note) if note else texts["urged_only"].format(by=by)
        notice = Notice(MessageKind.URGED, occasion, name=by, reason=reason)
        owner = [pair for pair in self.responsible(tx, alert) if pair[0].id == alert.owner]
        self.notices.notify_all(tx, alert, owner, notice)
        if alert.overdue_since is None:
            return alert
        if alert.rung + 1 < len(self.escalator.ladder(alert).rungs):
            if self._was_climbed(tx, alert):
                return alert
            return structs.replace(alert, rung=self.escalator.escalate(tx, alert, MessageKind.OVERDUE).rung)
        self._notify(tx, alert, reason, occasion=occasion)
        return alert

    def _was_climbed(self, tx: Transaction, alert: Alert) -> bool:
        """Whether the next rung was called within URGED_EVERY_MS: repeated urging must not reach the top in seconds."""
        since = tx.now - URGED_EVERY_MS
        return any(row.kind is MessageKind.OVERDUE and row.created_at > since for row in tx.store.deliveries(alert.id))

    def notify_realarm(self, tx: Transaction, alert: Alert) -> list[str]:
        """The owner and the supervisors of an alert whose device still reports the danger; the names of those told."""
        taken_ms = tx.now - (alert.taken_at or tx.now)
        to_owner = Notice(MessageKind.REALARM, tx.now, "owner", alert.owner_name or "", limit_ms=taken_ms)
        notified = self.notices.notify_all(tx, alert, self.responsible(tx, alert), to_owner)
        others = [pair for pair in self.supervisors(alert, tx.now) if pair[0].id != alert.owner]
        return notified + self.notices.notify_all(tx, alert, others, structs.replace(to_owner, variant=""))

    def responsible(self, tx: Transaction, alert: Alert) -> list[tuple[Person, str]]:
        """The owner; without one, everybody who was called in this round and did not decline."""
        people, rows = self.escalator.community().people, tx.store.deliveries(alert.id)
        roles = {row.person: row.role for row in rows}
        ids = [alert.owner] if alert.owner else [row.person for row in self.escalator.calls(tx.store, alert)]
        wanted = [name for name in dict.fromkeys(ids) if name in people and name not in alert.passed]
        return [(people[name], roles.get(name, "")) for name in wanted]

    def _notify(
        self, tx: Transaction, alert: Alert, what: str, called: Collection[str] = (), occasion: object = None
    ) -> None:
        """Tell the supervisors, except the owner and those who are being called for it already."""
        name = alert.owner_name or self._verifier_name(alert) or self.renderer.catalog.lapses["nobody"]
        notice = Notice(MessageKind.SUPERVISE, occasion or tx.now, name=name, reason=what)
        supervisors = self.supervisors(alert, tx.now)
        people = [pair for pair in supervisors if pair[0].id != alert.owner and pair[0].id not in called]
        if supervisors and not people:
            return
        names = "、".join(self.notices.notify_all(tx, alert, people, notice))
        line = "supervised" if names else "supervised_nobody"
        text = self.renderer.timeline_text(line, what=what, names=names)
        tx.store.add_timeline([TimelineEntry(alert.id, tx.now, "supervised", text)])

    def _verifier_name(self, alert: Alert) -> str:
        """Who owes the step of an alert without an owner: the verifier."""
        check = alert.second_check
        verifier = check.verifier if check is not None and check.is_awaited else alert.verifier
        person = self.escalator.community().people.get(verifier or "")
        return person.name if person is not None else ""
