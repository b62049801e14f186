"""Supervision (督办): who supervises an alert, and what they are told of overdue steps, orders and re-alarms."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from msgspec import structs

from alerts.alert import OWNED_STATES, SETTLED_STATES, Alert, State, TimelineEntry
from alerts.escalation.escalator import Escalator
from alerts.escalation.notices import Notice, Notices
from alerts.lifecycle.reminders import TAKE
from alerts.message import Delivery, MessageKind
from alerts.messages.deliveries import address_of
from alerts.messages.together import LESSER_SPAN_MS, SUPERVISE_SPAN_MS, overdue_text
from alerts.ports import Transaction
from alerts.roster import on_duty as roster
from domain import MINUTE, Instant, Ledger, Person, Severity

URGED_EVERY_MS: Final = 10 * MINUTE
"""A platform may urge at every call of a citizen: the owner is told once in this time, the timeline has them all."""

REMINDED_EVERY_MS: Final = 30 * MINUTE
"""Who is on site of several dangers that go on is reminded of one of them in this time."""


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
        the site's last resort. Not the owner: nobody supervises himself while he is at the danger."""
        rungs = [one.role for rung in reversed(self.escalator.ladder(alert).rungs) for one in rung.responsible]
        found = self._first_on_duty(alert, dict.fromkeys((self.role(alert), *rungs)), now)
        if found:
            return found
        last = roster.last_resort_people(self.escalator.community(), self.escalator.last_resort, now, self.escalator.tz)
        return [(person, self.role(alert)) for person in last if self._can_supervise(alert, person)]

    def _first_on_duty(self, alert: Alert, roles: Iterable[str], now: Instant) -> list[tuple[Person, str]]:
        """The first rank on duty that can be reached of the first of these roles that has one."""
        community, tz = self.escalator.community(), self.escalator.tz
        for role in roles:
            ranked = roster.on_duty_ranked(community, alert.cell, role, now, tz, alert.hazard)
            reachable = [(rank, person) for rank, person in ranked if self._can_supervise(alert, person)]
            if reachable:
                return [(person, role) for rank, person in reachable if rank == reachable[0][0]]
        return []

    def _can_supervise(self, alert: Alert, person: Person) -> bool:
        return person.id != alert.owner and bool(self.notices.channels(alert, person))

    def notify_spread(self, tx: Transaction, alert: Alert) -> None:
        """The danger spread while somebody is on site: the next rung is told, else the supervisors. He may be alone
        there, and unable to answer."""
        above = self.escalator.ladder(alert).rungs[max(alert.rung, 0) + 1 :]
        roles = [one.role for rung in above for one in rung.responsible]
        people = self._first_on_duty(alert, roles, tx.now) or self.supervisors(alert, tx.now)
        self._notify(tx, alert, self.renderer.catalog.lapses["spread"], to=people)

    def notify_overdue(self, tx: Transaction, alert: Alert) -> None:
        """Tell the supervisors what is overdue, for how long, and who owes it."""
        what = overdue_text(self.renderer, alert, tx.now)
        called = {row.person for row in self.escalator.calls(tx.store, alert)} if alert.overdue_what == TAKE else set()
        self._notify(tx, alert, what, called, span_ms=_span_ms(alert), is_reminder=True)

    def remind_owner(self, tx: Transaction, alert: Alert) -> bool:
        """Remind the owner on site that the case is not reported as dealt with, with the code for it; False where
        nobody is on site, or he cannot be told. The first reminder of a device fault; of a danger at each deadline."""
        is_repeated = alert.ledger is Ledger.HEALTH and alert.overdue_count > 1
        if alert.state is not State.ON_SITE or alert.owner is None or is_repeated:
            return False
        taken_ms = tx.now - (alert.taken_at or alert.state_since)
        name = alert.owner_name or ""
        notice = Notice(MessageKind.OVERDUE, tx.now, "owner", name, limit_ms=taken_ms, is_reminder=True)
        names = "、".join(self.notices.notify_all(tx, alert, self.responsible(tx, alert), notice))
        if names:
            text = self.renderer.timeline_text("reminded", names=names)
            tx.store.add_timeline([TimelineEntry(alert.id, tx.now, "reminded", text)])
        return bool(names)

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
        """The owner of an alert whose device still reports the danger, once he is on site no more than once, and once,
        while he has it, the supervisors; the names of those told."""
        taken_ms = tx.now - (alert.taken_at or tx.now)
        notified_before = {row.person for row in self._notices(tx, alert, MessageKind.REALARM, alert.taken_at)}
        name = alert.owner_name or ""
        to_owner = Notice(MessageKind.REALARM, tx.now, "owner", name, limit_ms=taken_ms, is_reminder=True)
        owner = [] if self._was_reminded(tx, alert, notified_before) else self.responsible(tx, alert)
        notified = self.notices.notify_all(tx, alert, owner, to_owner)
        others = [pair for pair in self.supervisors(alert, tx.now) if pair[0].id not in {alert.owner, *notified_before}]
        return notified + self.notices.notify_all(tx, alert, others, structs.replace(to_owner, variant=""))

    def _was_reminded(self, tx: Transaction, alert: Alert, notified: Collection[str]) -> bool:
        """Whether the owner, who is on site and sees the danger, was reminded of it, or just of another of his."""
        owner = self.escalator.community().people.get(alert.owner or "")
        if owner is None or alert.state is not State.ON_SITE:
            return False
        if owner.id in notified:
            return True
        return any(
            row.kind is MessageKind.REALARM and row.person == owner.id and row.alert != alert.id
            for channel in self.notices.channels(alert, owner)
            for row in tx.store.deliveries_to(channel, address_of(owner, channel), tx.now - REMINDED_EVERY_MS)
        )

    def times_realarmed(self, tx: Transaction, alert: Alert) -> int:
        """How often the present owner was told that the device still reports the danger."""
        rows = self._notices(tx, alert, MessageKind.REALARM, alert.taken_at)
        return len({row.created_at for row in rows if row.person == alert.owner})

    def times_notified(self, tx: Transaction, alert: Alert) -> int:
        """How often supervisors were told since a step is overdue."""
        return len({row.created_at for row in self._notices(tx, alert, MessageKind.SUPERVISE, alert.overdue_since)})

    def _notices(self, tx: Transaction, alert: Alert, kind: MessageKind, since: Instant | None) -> list[Delivery]:
        rows = tx.store.deliveries(alert.id)
        return [row for row in rows if row.kind is kind and row.created_at >= (since or 0)]

    def responsible(self, tx: Transaction, alert: Alert) -> list[tuple[Person, str]]:
        """The owner; without one, everybody who was called in this round and did not decline."""
        people, rows = self.escalator.community().people, tx.store.deliveries(alert.id)
        roles = {row.person: row.role for row in rows}
        ids = [alert.owner] if alert.owner else [row.person for row in self.escalator.calls(tx.store, alert)]
        wanted = [name for name in dict.fromkeys(ids) if name in people and name not in alert.passed]
        return [(people[name], roles.get(name, "")) for name in wanted]

    def _notify(
        self,
        tx: Transaction,
        alert: Alert,
        what: str,
        called: Collection[str] = (),
        occasion: object = None,
        to: Sequence[tuple[Person, str]] | None = None,
        span_ms: int = 0,
        *,
        is_reminder: bool = False,
    ) -> None:
        """Tell the supervisors, or `to`, except the owner and those who are being called for it already."""
        name = alert.owner_name or self._verifier_name(alert) or self.renderer.catalog.lapses["nobody"]
        notice = Notice(
            MessageKind.SUPERVISE, occasion or tx.now, name=name, reason=what, span_ms=span_ms, is_reminder=is_reminder
        )
        supervisors = self.supervisors(alert, tx.now) if to is None else to
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


def _span_ms(alert: Alert) -> int:
    """How long it may wait for others of its kind that a step is overdue. A report or a signature longest: the danger
    was dealt with, or a person was on site and the device reports it no longer; so long too for a lesser fault of a
    device. A high danger that goes on, and one above low severity that nobody has taken, do not wait."""
    is_lesser = alert.severity in (Severity.MEDIUM, Severity.LOW)
    if alert.ledger is Ledger.HEALTH:
        return SUPERVISE_SPAN_MS if is_lesser else 0
    on_site_and_over = alert.state is State.ON_SITE and alert.recovered_at is not None
    if alert.state in SETTLED_STATES or on_site_and_over:
        return SUPERVISE_SPAN_MS
    may_wait = alert.severity is Severity.LOW or (is_lesser and alert.state in OWNED_STATES)
    return LESSER_SPAN_MS if may_wait else 0
