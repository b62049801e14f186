"""Every watch of every seat: one word in, findings out, and the wake-ups that are owed. It knows no readings and lets
no time pass (rules/engine/due_timers.py does).

What begins or ends about a device may say something about its household, building, cell or line: those are seats too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo

import msgspec

from domain import Finding, Instant
from domain.kind import Kind
from domain.people import Community
from rules.compiled.rule import PlannedRule
from rules.compiled.ruleset import plans
from rules.engine.chatter import chatter_words
from rules.engine.community_index import DEFAULT_ZONE, Neighbourhood
from rules.engine.context import Scope
from rules.engine.findings import finding
from rules.engine.gateways import Gateways
from rules.engine.groups import Groups
from rules.engine.reevaluation import edge_after, let_go
from rules.lifecycle.late_events import came_back, unfolded
from rules.lifecycle.state_machine import QUIET_WATCH, TOLD_OF, Watch, Word, step
from rules.lifecycle.transitions import Phase, Signal
from rules.rulebook.model import Rulebook
from rules.state.device import Seat
from rules.state.group import Group
from rules.state.inputs import Inputs
from rules.state.outages import Outages
from rules.state.timers import ABSENCE, CONTEXT, Wakes


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
        self._listeners: dict[tuple[str, str], set[str]] = {}
        """Whose rules wait for a finding of a group, by rule and group."""
        self._zone = zone
        self.community = community
        self._followed: Neighbourhood | None = self._near

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
        first, *rest = unfolded(seat.patience(planned), before, word)
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
        after, effects = step(seat.patience(planned), before, word, now)
        if after is not before:
            self._keep(seat, planned, after)
        for effect in effects:
            self._tell(finding(planned, seat.device, effect, now, self._near), planned, told)
        if (after.phase in TOLD_OF) is not (before.phase in TOLD_OF):
            self._found(seat, planned, word.at, now)
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
        for chattering, word in chatter_words(seat, planned, at):
            if self._applies(seat, chattering, at):
                self._say(seat, chattering, word, now, told)
                self._say(seat, chattering, Word(Signal.CLEAR, at), now, told)

    def _pass_on(
        self, seat: Seat, planned: PlannedRule, before: Watch, after: Watch, at: Instant, now: Instant,
        told: list[Finding],
    ) -> None:  # fmt: skip
        """Tells those rules that gather the findings of this one."""
        if planned.name in self.groups.gatherers and not planned.rule.shadow:
            for group, gatherer, word in self.groups.moved(seat, planned.name, before, after, at, self._near):
                self._say_to_group(group, gatherer, word, at, now, told)
        if isinstance(seat, Group):
            self.groups.tidy(seat)

    def _say_to_group(
        self, group: Group, gatherer: PlannedRule, word: Word | None, at: Instant, now: Instant, told: list[Finding]
    ) -> None:
        """What its members say to a rule that gathers them; None: enough of them, while it may not begin."""
        if word is not None:
            self._say(group, gatherer, word, now, told)
        else:
            self._hold_back(group, gatherer, at, now)

    def _keep(self, seat: Seat, planned: PlannedRule, watch: Watch) -> None:
        before = seat.watches.get(planned.name, QUIET_WATCH)
        quiet = watch.phase is Phase.QUIET
        seat.put(planned.name, None if quiet else watch)
        if quiet:
            let_go(seat, planned, self._near)
        if watch.wake_at is not None and watch.wake_at != before.wake_at:
            self._owe(watch.wake_at, planned.rank, seat, planned.name)

    def _owe(self, due: Instant, rank: int, seat: Seat, rule: str) -> None:
        self._wakes.owe(due, seat.device.id, rule, rank)
        if self._wakes.overgrown(len(self.seats)):
            known = [*self.seats.values(), *self.groups.seats.values()]
            self._wakes.renew(wake for one in known for wake in one.owed())

    def applying(self, device_id: str, at: Instant) -> frozenset[str]:
        """The rules that may begin about a device at an instant: their `only_if` holds."""
        seat = self._seat(device_id)
        planned = () if seat is None else seat.plan.by_name.values()
        return frozenset(each.name for each in planned if seat is not None and self._applies(seat, each, at))

    def _applies(self, seat: Seat, planned: PlannedRule, at: Instant) -> bool:
        return planned.only_if is None or planned.only_if(Scope(seat, self._near, at, {})) is True

    # -- what time or another finding may change ----------------------------------------------------------------

    def _found(self, seat: Seat, planned: PlannedRule, at: Instant, now: Instant) -> None:
        """A finding began or ended: the rules that ask for it are judged again at once, after what came with it."""
        if planned.rule.shadow:
            return
        if planned.name in seat.plan.reads:
            self._ask_again_at(seat, at, now)
        for name in sorted(self._listeners.get((planned.name, seat.device.id), ())):
            other = self._seat(name)
            if other is not None:
                self._ask_again_at(other, at, now)

    def _ask_again_at(self, seat: Seat, at: Instant, now: Instant) -> None:
        context = seat.context
        if context is not None:
            is_asked = context.due == now
            context.ask_at(at, now)
            if not is_asked:
                self._owe(now, 0, seat, CONTEXT)

    def _expect(self, seat: Seat, now: Instant) -> None:
        """Owes the next look at what time may change, and listens to what may change it. What is asked for already
        comes first."""
        context = seat.context
        if context is None:
            return
        self._listen(seat)
        before = context.due
        if before is None or before > now:
            context.plan(now)
            if context.due is not None and context.due != before:
                # From the lowest rank, whichever rules it has now: others may be held back until then.
                self._owe(context.due, 0, seat, CONTEXT)

    def _listen(self, seat: Seat) -> None:
        """To the findings of groups that its rules ask for."""
        if seat.context is not None:
            for key in self.groups.read_by(seat, self._near):
                self._listeners.setdefault(key, set()).add(seat.device.id)

    def _look_anew(self, seat: Seat, now: Instant) -> None:
        """What is written of it, or where it belongs, may have changed: its edges and groups are others."""
        if seat.context is not None:
            for name, inputs in seat.context.inputs.items():
                inputs.edge = edge_after(seat, seat.plan.by_name[name], self._near, inputs.at)
            if seat.holds_back_silence and (seat.absence_due is None or seat.absence_due > now):
                seat.absence_due = now
                self._owe(now, 0, seat, ABSENCE)
            self._expect(seat, now)

    def _follow_community(self, now: Instant) -> None:
        """The registry changed: who belongs to which group, and by whose clock it lives, is another."""
        if self._followed is not self._near:
            self._followed = self._near
            self._listeners.clear()
            for seat in [*self.seats.values(), *self.groups.seats.values()]:
                self._look_anew(seat, now)

    def _cannot_judge(self, planned: PlannedRule) -> None:
        self.trouble[planned.name] = self.trouble.get(planned.name, 0) + 1

    def _hold_back(self, seat: Seat, planned: PlannedRule, at: Instant, now: Instant) -> None:
        """It would begin, but for its hours or another finding."""
        if planned.is_reevaluated:
            seat.keep_inputs(planned.name, Inputs({}, at, edge_after(seat, planned, self._near, at)))
            self._expect(seat, now)
