"""Every watch of every seat: one word in, findings out, and the wake-ups that are owed. It knows no readings.

What begins or ends about a device may say something about its household, building, cell or line: those are seats too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo

import msgspec

from domain import Evidence, Finding, Instant
from domain.kind import Kind
from domain.people import Community
from rules.absence import absences, expired, is_missed, next_absence, speaks_alone
from rules.core import QUIET_WATCH, Patience, Phase, Signal, Watch, Word, matured, step
from rules.gateways import LOOK_EVERY_MS, Gateway, Gateways
from rules.groups import Group, Groups
from rules.hindsight import came_back, unfolded
from rules.outages import Outages
from rules.plan import PlannedRule, plans
from rules.report import finding
from rules.rulebook import Rulebook
from rules.scope import DEFAULT_ZONE, Neighbourhood, Scope
from rules.seat import Seat
from rules.wakes import ABSENCE, Wakes


class Watching:
    """What time and words do to watches."""

    def __init__(
        self,
        books: Sequence[Rulebook],
        kinds: Mapping[str, Kind],
        community: Community,
        *,
        tells_shadows: bool = False,
        zone: tzinfo = DEFAULT_ZONE,
    ) -> None:
        self.books, self.kinds = tuple(books), kinds
        self.plans = plans(books, kinds)
        self.seats: dict[str, Seat] = {}
        self.groups = Groups(books)
        self.outages, self.gateways = Outages(), Gateways()
        self.tells_shadows = tells_shadows
        self.shadowed: dict[str, dict[str, int]] = {}
        """What rules in shadow would have said, counted by rule and phase: it reaches nobody."""
        self.evaluations = 0
        self.trouble: dict[str, int] = {}
        """Rules that could not be judged, by name: a value of a type their kind does not declare."""
        self.faults: list[tuple[str, Exception]] | None = None
        """Where judging itself failed, for a host that tells of it and goes on; None lets it be raised."""
        self._wakes = Wakes()
        self._zone = zone
        self.community = community

    @property
    def community(self) -> Community:
        """Who lives where; assign a new version when the registry changes."""
        return self._near.community

    @community.setter
    def community(self, community: Community) -> None:
        self._near = Neighbourhood(community, self._zone, self._stands)

    def _seat(self, name: str) -> Seat | None:
        """The seat of a device, or of a group."""
        return self.seats.get(name) or self.groups.seats.get(name)

    def _stands(self, seat: Seat, rule: str) -> bool:
        own = seat.plan.by_name.get(rule)
        if own is not None:
            return seat.stands(rule) and not own.rule.shadow
        return self.groups.stands(seat.device, rule, self._near)

    def _say(self, seat: Seat, planned: PlannedRule, word: Word, now: Instant, told: list[Finding]) -> None:
        """One word to one watch, in all that it says in event time."""
        before = seat.watches.get(planned.name, QUIET_WATCH)
        back_at = came_back(before, word)
        if back_at is not None:
            self._chatter(seat, planned, back_at, now, told)
        first, *rest = unfolded(planned.patience(seat.report_every_ms), before, word)
        self._say_one(seat, planned, first, now, told)
        for each in rest:
            self._say(seat, planned, each, now, told)

    def _say_one(self, seat: Seat, planned: PlannedRule, word: Word, now: Instant, told: list[Finding]) -> None:
        """Keeps what becomes of a watch, owes its wake-up, tells its findings."""
        before = seat.watches.get(planned.name, QUIET_WATCH)
        if word.signal is Signal.HELD and not self._applies(seat, planned, word.at):
            # Who may not begin now does not begin because a hold ran out: a cause may have spoken in the meantime.
            word = Word(Signal.CANCEL, word.at)
        if before is QUIET_WATCH and word.signal is Signal.DANGER:
            subject, _ = self._near.subject(seat.device, planned.rule.of)
            word = msgspec.structs.replace(word, subject=subject, version=planned.version)
        after, effects = step(planned.patience(seat.report_every_ms), before, word, now)
        if after is not before:
            self._keep(seat, planned.name, after)
        for effect in effects:
            self._tell(finding(planned, seat.device, effect, now, self._near), planned, told)
        if after.phase is not before.phase:
            if word.signal is Signal.DANGER and not word.late and before.phase in (Phase.QUIET, Phase.CLEARING):
                self._chatter(seat, planned, word.at, now, told)
            self._pass_on(seat, planned, before, after, word.at, now, told)

    def _tell(self, said: Finding, planned: PlannedRule, told: list[Finding]) -> None:
        if not (planned.rule.shadow or planned.rule.record) or self.tells_shadows:
            told.append(said)
            return
        counts = self.shadowed.setdefault(planned.name, {})
        counts[said.phase.value] = counts.get(said.phase.value, 0) + 1

    def _chatter(self, seat: Seat, planned: PlannedRule, at: Instant, now: Instant, told: list[Finding]) -> None:
        """A danger that comes and goes many times a minute says more about the device than about danger."""
        # Who is gone by the word of its platform was counted when that was said.
        if planned.rule.happens or (planned.absent is not None and seat.is_gone):
            return
        self._count(seat, planned, at, now, told)

    def _count(self, seat: Seat, planned: PlannedRule, at: Instant, now: Instant, told: list[Finding]) -> None:
        minding = [one for one in seat.plan.chatters if not one[1].rules or planned.name in one[1].rules]
        if not minding:
            return
        lately = seat.onset(planned.name, at, max(chatter.times for _, chatter in minding))
        for chattering, chatter in minding:
            newest = lately[-chatter.times :]
            if len(newest) == chatter.times and newest[-1] - newest[0] <= chatter.within:
                name = planned.rule.title
                evidence = (Evidence(name.zh, chatter.times, "", chatter.times, at, name_en=name.en),)
                word = Word(Signal.DANGER, at, chattering.rule.severity, evidence=evidence)
                self._say(seat, chattering, word, now, told)
                self._say(seat, chattering, Word(Signal.CLEAR, at), now, told)

    def _pass_on(
        self, seat: Seat, planned: PlannedRule, before: Watch, after: Watch, at: Instant, now: Instant,
        told: list[Finding],
    ) -> None:  # fmt: skip
        """Tells those rules that gather the findings of this one."""
        if planned.name in self.groups.gatherers and not planned.rule.shadow:
            for group, gatherer, word in self.groups.moved(seat, planned.name, before, after, at, self._near):
                self._say(group, gatherer, word, now, told)
        if isinstance(seat, Group):
            self.groups.tidy(seat)

    def _keep(self, seat: Seat, rule: str, watch: Watch) -> None:
        before = seat.watches.get(rule, QUIET_WATCH)
        seat.put(rule, None if watch.phase is Phase.QUIET else watch)
        if watch.wake_at is not None and watch.wake_at != before.wake_at:
            self._wakes.owe(watch.wake_at, seat.device.id, rule)
            if self._wakes.overgrown(len(self.seats)):
                known = [*self.seats.values(), *self.groups.seats.values()]
                self._wakes.renew(wake for one in known for wake in one.owed())

    # -- time ---------------------------------------------------------------------------------------------------

    def tick(self, now: Instant, limit: int | None = None) -> list[Finding]:
        """Runs the wake-ups due by `now`, earliest first, at most `limit` of them."""
        told: list[Finding] = []
        self._run_due(now, told, limit)
        return told

    def next_wake(self) -> Instant | None:
        """When the next wake-up is due. It may turn out to be nothing: devices that spoke are looked at again."""
        return self._wakes.next

    def _run_due(self, until: Instant, told: list[Finding], limit: int | None = None) -> None:
        heap = self._wakes.heap
        while heap and heap[0][0] <= until and limit != 0:
            limit = None if limit is None else limit - 1
            due, device_id, rule = self._wakes.take()
            try:
                self._look(device_id, rule, due, told)
            except Exception as fault:  # noqa: BLE001 (kept, and raised where nobody keeps it)
                self._own_fault(f"{device_id} {rule} due {due}", fault)

    def _own_fault(self, where: str, fault: Exception) -> None:
        """Our own mistake about one device must not deafen a service to the others; a trial must fail of it."""
        if self.faults is None:
            raise fault
        self.faults.append((where, fault))

    def _look(self, device_id: str, rule: str, due: Instant, told: list[Finding]) -> None:
        seat = self._seat(device_id)
        if seat is not None and rule == ABSENCE:
            self._look_for_absence(seat, due, told)
        elif seat is not None and (watch := seat.watches.get(rule)) is not None and watch.wake_at == due:
            self._wake(seat, seat.plan.by_name[rule], watch, told)

    def _wake(self, seat: Seat, planned: PlannedRule, watch: Watch, told: list[Finding]) -> None:
        due, patience = watch.wake_at or 0, planned.patience(seat.report_every_ms)
        word = matured(patience, watch)
        later = self._silent_at(seat, patience, due) if word is None else self.outages.heard_again(due)
        if later is not None:
            self._keep(seat, planned.name, msgspec.structs.replace(watch, wake_at=later))
            return
        self._say(seat, planned, word or Word(Signal.SILENT, due), due, told)

    def applying(self, device_id: str, at: Instant) -> frozenset[str]:
        """The rules that may begin about a device at an instant: their `only_if` holds."""
        seat = self._seat(device_id)
        planned = () if seat is None else seat.plan.by_name.values()
        return frozenset(each.name for each in planned if seat is not None and self._applies(seat, each, at))

    def _applies(self, seat: Seat, planned: PlannedRule, at: Instant) -> bool:
        return planned.only_if is None or planned.only_if(Scope(seat, self._near, at, {})) is True

    def _silent_at(self, seat: Seat, patience: Patience, due: Instant) -> Instant | None:
        """When to look again whether a device in alarm fell silent; None when it has."""
        deadline = self.outages.deadline(seat.last_heard(None), patience.silence_ms or 0)
        return deadline if deadline > due else self.outages.postponed(due)

    def _look_for_absence(self, seat: Seat, due: Instant, told: list[Finding]) -> None:
        if seat.absence_due != due:
            return
        seat.absence_due = self.outages.postponed(due)
        if seat.absence_due is not None:
            self._wakes.owe(seat.absence_due, seat.device.id, ABSENCE)
            return
        gateway = seat.carries
        if gateway is not None and gateway.is_shut:
            self._look_through(seat, gateway, due, told)
        for planned, word in [*absences(seat, self.outages, self._near, due), *expired(seat, due)]:
            self._say(seat, planned, word, due, told)
        if gateway is not None and not gateway.is_shut and is_missed(seat):
            deaf = speaks_alone(seat, due)
            gateway.shut(gateway.last_of_children(seat) if deaf else gateway.through(seat), due, deaf)
        self._promise_absence(seat, due)

    def _look_through(self, seat: Seat, gateway: Gateway, now: Instant, told: list[Finding]) -> None:
        """Whether something came through a gateway again. What is behind it gets as long to speak as it had left."""
        if not gateway.lives(seat):
            gateway.look_at = now + LOOK_EVERY_MS
            return
        gateway.opened(now)
        for planned, absent in seat.plan.absences:
            if absent.quantity is None and planned.name in seat.watches:
                self._say(seat, planned, Word(Signal.CLEAR, now), now, told)
        for child in gateway.children.values():
            self._promise_absence(child)

    def _promise_absence(self, seat: Seat, looked_at: Instant | None = None) -> None:
        due = next_absence(seat, self.outages, looked_at)
        if due is not None and due != seat.absence_due:
            self._wakes.owe(due, seat.device.id, ABSENCE)
        seat.absence_due = due
