"""Escalation: finds who is on duty for the place, enqueues the calls, and writes the timeline entries about it.

Runs inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import MappingProxyType
from zoneinfo import ZoneInfo

from msgspec import structs

from alerts.alert import Alert, EscalationCause, EscalationReason, TimelineEntry
from alerts.escalation.calls import CallWriter
from alerts.escalation.companions import Companions
from alerts.escalation.deputies import DEPUTY_RANKS, first_share, free_first
from alerts.escalation.ladder_choice import AffectedPeople, LadderChoice, nobody_affected
from alerts.escalation.phone_calls import PhoneCalls, is_beside_the_rung
from alerts.escalation.policy import EscalationPolicy, Ladder, Occasion, Recipient, Rung
from alerts.escalation.quiet_hours import end_of_quiet_hours
from alerts.escalation.recipients import Groups, RecipientFinder
from alerts.message import CALL_KINDS, COMPANION_KINDS, Delivery, MessageKind
from alerts.messages.bundles import BundledMessages
from alerts.messages.deliveries import is_call_of_round
from alerts.messages.outbox import OutboxWriter
from alerts.ports import Outbox, Transaction
from alerts.roster import on_duty as roster
from domain import Finding, Instant, Person
from domain.people import Community
from domain.roles import RoleKind, Roles


class Escalator:
    """Decides who is notified next. Every method that notifies returns the alert with the time of the next
    escalation."""

    def __init__(
        self,
        ladders: EscalationPolicy,
        outbox: OutboxWriter,
        community: Callable[[], Community],
        tz: ZoneInfo,
        last_resort: Sequence[str] = (),
        roles: Roles = MappingProxyType({}),
        affected: AffectedPeople = nobody_affected,
    ) -> None:
        self.outbox, self.community, self.tz = outbox, community, tz
        self.choice = LadderChoice(ladders, community, affected, tz)
        self.last_resort, self._roles, self._affected = tuple(last_resort), roles, affected
        self.renderer, self.bundles = outbox.renderer, BundledMessages(outbox)
        self.call_writer = CallWriter(outbox, tz)
        self._phone_calls = PhoneCalls(self.call_writer, community)
        self.companions = Companions(self.call_writer, community, self.groups, self.role_kind)

    def ladder(self, alert: Alert) -> Ladder:
        return self.choice.of_alert(alert)

    def notify_extra(self, tx: Transaction, alert: Alert, occasion: Occasion, finding: Finding | None = None) -> None:
        """Notify the ladder's extra recipients of this occasion; of `finding`, those that its own ladder names."""
        ladder = self.ladder(alert) if finding is None else self.choice.of_finding(finding, alert, tx.now)
        rule = alert.ladder_rule if finding is None else finding.rule
        notices = self.choice.notices(alert, ladder, rule, occasion, tx.now)
        self.companions.notify(tx, alert, ladder, notices, max(alert.rung, 0), occasion)

    def groups(self, alert: Alert, recipient: Recipient, now: Instant) -> Groups:
        """The people of a recipient, grouped: one group is called together, the next ones are its deputies."""
        finder = RecipientFinder(self.community(), self._roles, now, self.tz, self.choice.policy.position_max_age)
        return finder.groups(alert, recipient, self._affected(alert))

    def role_kind(self, role: str) -> RoleKind:
        """The kind of a role; one that the site does not define is treated as staff."""
        return self._roles[role].kind if role in self._roles else RoleKind.STAFF

    def can_reach(self, alert: Alert, person_id: str | None, now: Instant) -> bool:
        """Whether a channel of this alert's ladder reaches the person, and no absence takes him off duty."""
        person = self.community().people.get(person_id or "")
        if person is None or person.id in roster.absent_people(self.community(), now, self.tz):
            return False
        return bool(self.outbox.reachable_channels(person, self.channels(alert)))

    def escalate(self, tx: Transaction, alert: Alert, kind: MessageKind | None = None) -> Alert:
        """Notify the next rung on which a person can be reached, and a new shift on lower rungs; at the top, the top
        again."""
        ladder = self.ladder(alert)
        step = alert.rung + 1
        if kind is None:
            self._notify_new_shift(tx, alert)
        while step < len(ladder.rungs):
            if self._notify_rung(tx, alert, ladder.rungs[step], step, kind):
                return self._wait_for_rung(tx, structs.replace(alert, rung=step))
            step += 1
        return self._repeat_top_rung(tx, alert, step, kind)

    def call_next_rank_or_rung(self, tx: Transaction, alert: Alert) -> Alert:
        """Notify the deputies of the present rung, once, else the next rung. Both ranks share the rung's wait."""
        within = 0 <= alert.rung < len(self.ladder(alert).rungs)
        if not within or self._count_ranks_called(tx, alert) >= DEPUTY_RANKS:
            return self.escalate(tx, alert)
        rung, policy = self.rung(alert, alert.rung), self.choice.policy
        rest_ms = (alert.climb_at or tx.now) + rung.wait - first_share(rung.wait, policy.deputy_after) - tx.now
        if not self._notify_rung(tx, alert, rung, alert.rung, None) or rest_ms <= 0:
            return self.escalate(tx, alert)
        return self._wait(alert, alert.rung, rest_ms, tx.now)

    def notify_next_person(self, tx: Transaction, alert: Alert, declined_by: str = "") -> Alert:
        """Notify the next person on the rung of the one who declined. When nobody is left there: the next rung, unless
        a higher rung has been called already and still has time to answer.
        """
        ladder = self.ladder(alert)
        called = [row.rung for row in self.calls(tx.store, alert) if row.person == declined_by]
        rung = max(called, default=alert.rung)
        step = min(max(rung, 0), len(ladder.rungs) - 1)
        if self._notify_rung(tx, alert, ladder.rungs[step], rung, None):
            return self._wait_for_rung(tx, alert)
        if rung < alert.rung and alert.climb_at is not None and alert.climb_at > tx.now:
            return alert
        return self.escalate(tx, alert)

    def notify_former_owner(self, tx: Transaction, alert: Alert, owner: str | None) -> Alert:
        """Call the former owner, unless the first rung has just called him."""
        person = self.community().people.get(owner or "")
        if person is not None and all(row.person != person.id for row in self.calls(tx.store, alert)):
            self._call(tx, alert, person, self.rung(alert, 0).responsible[0], 0, MessageKind.ALERT)
        return alert

    def notify_person(self, tx: Transaction, alert: Alert, person: Person) -> Alert:
        """Call one person named by a dispatcher. Without an answer the escalation goes on above the present rung."""
        if self._call(tx, alert, person, self.rung(alert, alert.rung).responsible[0], alert.rung, MessageKind.ALERT):
            return self._wait_for_rung(tx, alert)
        unreachable = EscalationReason(EscalationCause.UNREACHABLE, person.name)
        return self.notify_next_person(tx, structs.replace(alert, escalation=unreachable))

    def notify_follow_up(self, tx: Transaction, alert: Alert, row: Delivery, kind: MessageKind, name: str) -> None:
        """Notify a person who was called how it went on; outside the ladder's quiet hours, the owner at once."""
        quiet = None if row.person == alert.owner else self.ladder(alert).quiet
        self.call_writer.follow_up(tx, alert, row, kind, name, end_of_quiet_hours(tx.now, quiet, self.tz))

    def handle_failure(self, tx: Transaction, alert: Alert, failed: Delivery) -> Alert | None:
        """After a permanent failure: the person's next channel, else the next person. None when others may still be
        reached."""
        rows = [row for row in tx.store.deliveries(alert.id) if row.round == failed.round and row.rung == failed.rung]
        own_calls = [row for row in rows if row.person == failed.person and row.kind in CALL_KINDS]
        if any(row.may_reach for row in own_calls):
            return None
        if self.try_next_channel(tx, alert, failed):
            return None
        if any(row.may_reach for row in rows if row.kind in CALL_KINDS) or failed.rung != alert.rung:
            return None
        alert = structs.replace(alert, escalation=EscalationReason(EscalationCause.UNREACHABLE, failed.name))
        if alert.rung >= len(self.ladder(alert).rungs):
            # The top rung was called before: it is repeated when its time comes, not as fast as it can fail.
            return None if failed.kind is MessageKind.OVERDUE else self._notify_last_resort(tx, alert)
        return self.notify_next_person(tx, alert)

    def try_next_channel(self, tx: Transaction, alert: Alert, doubtful: Delivery) -> bool:
        """Call the same person by a channel not yet tried on this rung; False when there is none."""
        rung = self.rung(alert, doubtful.rung)
        person = self.community().people.get(doubtful.person)
        tried = {
            row.channel
            for row in tx.store.deliveries(alert.id)
            if (row.round, row.rung, row.person) == (doubtful.round, doubtful.rung, doubtful.person)
            and row.kind in CALL_KINDS
        }
        recipient = rung.recipient(doubtful.role)
        left = [way for way in (*recipient.channels, *recipient.fallback) if way not in tried]
        channels = (
            [way for way in self.outbox.reachable_channels(person, left) if way not in tried]
            if person is not None
            else []
        )
        if person is None or not channels or is_beside_the_rung(doubtful, rung):
            return False
        ladder, role = self.ladder(alert), doubtful.role
        call = self.call_writer.request(ladder, person, role, doubtful.rung, doubtful.kind, tx.now)
        return bool(self.outbox.enqueue_call(tx, alert, call, channels[:1]))

    def _repeat_top_rung(self, tx: Transaction, alert: Alert, step: int, kind: MessageKind | None) -> Alert:
        """All rungs were notified: repeat the highest one that can be reached, until a person answers."""
        ladder = self.ladder(alert)
        for rung in reversed(ladder.rungs):
            if self._notify_rung(tx, alert, rung, step, kind, again=True):
                break
        else:
            self._notify_last_resort(tx, structs.replace(alert, rung=step), again=True)
        return self._wait(alert, step, ladder.repeat, tx.now)

    def _notify_last_resort(self, tx: Transaction, alert: Alert, again: bool = False) -> Alert | None:
        """Nobody on the ladder can be reached: call the site's last-resort people. None when they cannot be reached
        either, or, unless `again`, were called in this round.
        """
        called = () if again else {row.person for row in self.calls(tx.store, alert)}
        people = roster.last_resort_people(self.community(), self.last_resort, tx.now, self.tz)
        people = [person for person in people if person.id not in called]
        role = self.rung(alert, alert.rung).responsible[0].role
        recipient = Recipient(role=role, channels=self.channels(alert))
        reached = [
            person for person in people if self._call(tx, alert, person, recipient, alert.rung, MessageKind.ESCALATE)
        ]
        if reached or again:
            names = "、".join(person.name for person in reached)
            text = self.renderer.timeline_text("last_resort" if reached else "nobody_at_all", names=names)
            tx.store.add_timeline([TimelineEntry(alert.id, tx.now, "nobody", text)])
        return alert if reached else None

    def _notify_new_shift(self, tx: Transaction, alert: Alert) -> None:
        """Call those of the first rank who came on duty on a rung that was notified before."""
        for step in range(min(alert.rung + 1, len(self.ladder(alert).rungs))):
            for recipient in self.rung(alert, step).responsible:
                groups = free_first(tx, self.groups(alert, recipient, tx.now), self.choice.policy.busy_from)
                first = {person.id for person in next(iter(groups), ())}
                rows = self.calls(tx.store, alert)
                already_called = {row.person for row in rows if row.role == recipient.role}
                if first and first.isdisjoint(already_called) and first.isdisjoint(alert.passed):
                    self._notify_recipient(tx, alert, recipient, rows, step, None, again=False)

    def _count_ranks_called(self, tx: Transaction, alert: Alert) -> int:
        """The number of groups called of the recipient on this rung of which most were called."""
        rows, counts = self.calls(tx.store, alert), [0]
        for recipient in self.rung(alert, alert.rung).responsible:
            called = {row.person for row in rows if row.role == recipient.role}
            groups = self.groups(alert, recipient, tx.now)
            counts.append(sum(any(person.id in called for person in group) for group in groups))
        return max(counts)

    def calls(self, store: Outbox, alert: Alert) -> list[Delivery]:
        """The calls of this round, without cancelled ones."""
        return [row for row in store.deliveries(alert.id) if is_call_of_round(row, alert)]

    def rung(self, alert: Alert, step: int) -> Rung:
        """The rung at this index, limited to the first and the last."""
        rungs = self.ladder(alert).rungs
        return rungs[min(max(step, 0), len(rungs) - 1)]

    def channels(self, alert: Alert) -> tuple[str, ...]:
        """Every channel of the ladder, regular ones before fallbacks."""
        rungs = self.ladder(alert).rungs
        recipients = [one for rung in rungs for one in rung.responsible]
        channels = [way for one in recipients for way in one.channels] + [
            way for one in recipients for way in one.fallback
        ]
        return tuple(dict.fromkeys(channels))

    def _wait_for_rung(self, tx: Transaction, alert: Alert) -> Alert:
        """Wait for the rung's time, or half of it when a deputy can still be called within it."""
        rung, rows = self.rung(alert, alert.rung), self.calls(tx.store, alert)
        left = any(self._uncalled_groups(alert, one, rows, tx.now) for one in rung.responsible)
        deputy = left and self._count_ranks_called(tx, alert) < DEPUTY_RANKS
        share_ms = first_share(rung.wait, self.choice.policy.deputy_after) if deputy else rung.wait
        return self._wait(alert, alert.rung, share_ms, tx.now)

    def _wait(self, alert: Alert, rung: int, wait_ms: int, now: Instant) -> Alert:
        ladder = self.ladder(alert)
        begin, needed = end_of_quiet_hours(now, ladder.quiet, self.tz), ladder.needed_at(rung)
        needed = max(needed, alert.people_needed if alert.responders else 0)  # they may have asked for more
        return structs.replace(alert, rung=rung, climb_at=begin + wait_ms, people_needed=needed)

    def _notify_rung(
        self,
        tx: Transaction,
        alert: Alert,
        rung: Rung,
        step: int,
        kind: MessageKind | None,
        again: bool = False,
    ) -> bool:
        """Call the responsible of a rung, and notify the others; True when at least one responsible was called."""
        fresh = alert.rung < 0 and alert.round == 0
        rows = [] if again or fresh else tx.store.deliveries(alert.id)
        reached = [self._notify_recipient(tx, alert, one, rows, step, kind, again) for one in rung.responsible]
        if kind is None:
            self.companions.notify(tx, alert, self.ladder(alert), rung.others, step)
        if not again:
            self._phone_calls.notify(tx, alert, self.ladder(alert), rung, step)
        return any(reached)

    def _notify_recipient(
        self,
        tx: Transaction,
        alert: Alert,
        recipient: Recipient,
        rows: Sequence[Delivery],
        step: int,
        kind: MessageKind | None,
        again: bool,
    ) -> bool:
        """Call the next group of a recipient; True when at least one person was called."""
        role = self.renderer.catalog.role_name(recipient.role)
        uncalled = self._uncalled_groups(alert, recipient, rows, tx.now)
        groups = free_first(tx, uncalled, self.choice.policy.busy_from)
        if not groups:
            called = [row for row in rows if row.role == recipient.role and row.round == alert.round]
            if not again and all(row.kind in COMPANION_KINDS for row in called):
                text = self.renderer.timeline_text("nobody", role=role)
                tx.store.add_timeline([TimelineEntry(alert.id, tx.now, "nobody", text)])
            return False
        kind = kind or (MessageKind.ALERT if step <= 0 else MessageKind.ESCALATE)
        # When nobody of a group can be reached, its deputies are called before the next rung.
        calls = ([one for one in group if self._call(tx, alert, one, recipient, step, kind)] for group in groups)
        reached = next(filter(None, calls), None)
        if reached is None:
            return False
        line, names = "calling" if kind is MessageKind.ALERT else "climbing", "、".join(one.name for one in reached)
        text = self.renderer.timeline_text(line, role=role, names=f" {names}")
        tx.store.add_timeline([TimelineEntry(alert.id, tx.now, "told", text)])
        return True

    def _uncalled_groups(self, alert: Alert, recipient: Recipient, rows: Sequence[Delivery], now: Instant) -> Groups:
        """The people who were neither called in this role nor declined, in the order in which they are called."""
        called = {row.person for row in rows if is_call_of_round(row, alert) and row.role == recipient.role}
        skipped = called.union(alert.passed, (one.person for one in alert.responders))
        groups = ([one for one in group if one.id not in skipped] for group in self.groups(alert, recipient, now))
        return [group for group in groups if group]

    def _call(
        self, tx: Transaction, alert: Alert, person: Person, recipient: Recipient, step: int, kind: MessageKind
    ) -> bool:
        return self.call_writer.call(tx, alert, self.ladder(alert), person, recipient, step, kind)
