"""A running engine takes up other rulebooks: what is unchanged goes on as if nothing had happened, what stands is
carried on or ended with a reason, and nothing of a rule that is gone is left. It reads no files and knows no clock.

A change loses no standing danger: a changed rule keeps the watch and its finding, and the next reading decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec.structs import replace

from domain import Evidence, Finding, Instant
from domain import Phase as Said
from domain.kind import Kind
from rules.compiled.rule import PlannedRule
from rules.compiled.ruleset import Plan, empty_plan, plans
from rules.engine.absence import next_absence
from rules.engine.findings import finding
from rules.engine.groups import Groups
from rules.engine.latching import Latching
from rules.lifecycle.state_machine import QUIET_WATCH, TOLD_OF, Effect, Patience, Watch, Word
from rules.lifecycle.transitions import Phase, Signal
from rules.rulebook.model import QUESTIONS, Rulebook
from rules.rulebook.serialization import written_books
from rules.state.device import Seat, report_every
from rules.state.group import Group

REASON: Final = "rule"
"""The line of evidence that says why something ended that is not over: nobody judges it any more."""
REMOVED, REWRITTEN, SHADOWED = "removed", "rewritten", "shadow"
_WORDING: Final = frozenset({"title", "advice", "source", "show", "severity", "ledger", "shadow"})
"""What may change of a rule without changing when it finds something."""
_WAITING: Final = frozenset({"hold", "release", "if_silent", "latch"})


class Renewing(Latching):
    """Watches whose rules may be replaced while they stand."""

    _written: bytes | None = None

    @property
    def written(self) -> bytes:
        """The books as a snapshot keeps them."""
        if self._written is None:
            self._written = written_books(self.books)
        return self._written

    def take_up(
        self, books: Sequence[Rulebook], now: Instant, kinds: Mapping[str, Kind] | None = None
    ) -> list[Finding]:
        """Judges by these books, and kinds if they are given, from now on.

        Raises ValueError, and changes nothing, when two rules bear one name. What is told bears ids of before, so that
        a repetition after a crash tells nothing twice.
        """
        kinds = self.kinds if kinds is None else kinds
        fresh, groups = _kept(self.plans, plans(books, kinds)), Groups(books)
        self.kinds = kinds
        told: list[Finding] = []
        for seat in list(self.seats.values()):
            if seat.watches:
                self._part(seat, fresh.get(seat.plan.kind), now, told)
        for group in list(self.groups.seats.values()):
            self._part(group, groups.plans.get(group.plan.kind), now, told)
        before, self.books, self._written = self.books, tuple(books), None
        unshadowed = self._switch(fresh, groups, now)
        for seat, planned in unshadowed:
            self._reveal(seat, planned, now, told)
        self._gather_afresh(_unlike(before, books), now, told)
        for group in list(self.groups.seats.values()):
            self.groups.tidy(group)
        self._followed = None
        self._follow_community(now)
        known = [*self.seats.values(), *self.groups.seats.values()]
        self._wakes.renew(wake for one in known for wake in one.owed())
        names = {rule.name for book in books for rule in book.rules}
        self.shadowed = {name: counts for name, counts in self.shadowed.items() if name in names}
        return told

    # -- before: by the old books -------------------------------------------------------------------------------

    def _part(self, seat: Seat, plan: Plan | None, now: Instant, told: list[Finding]) -> None:
        """Ends what no rule judges any more, and takes out of what others gather what goes into shadow."""
        if plan is seat.plan:
            return
        for name in sorted(seat.watches):
            old, new = seat.plan.by_name[name], plan.by_name.get(name) if plan is not None else None
            if new is None or _asks(old) != _asks(new):
                evidence = (Evidence(REASON, REMOVED if new is None else REWRITTEN, at=now),)
                self._say(seat, old, Word(Signal.RESET, now, evidence=evidence), now, told)
            elif new.rule.shadow and not old.rule.shadow and seat.stands(name):
                self._hide(seat, old, seat.watches[name], now, told)

    def _hide(self, seat: Seat, planned: PlannedRule, watch: Watch, now: Instant, told: list[Finding]) -> None:
        """It goes on in shadow: for people it ends."""
        ended = Effect(Said.ENDED, now, replace(watch, evidence=(Evidence(REASON, SHADOWED, at=now),)))
        self._tell(finding(planned, seat.device, ended, now, self._near), planned, told)
        self._found(seat, planned, now, now)
        self._pass_on(seat, planned, watch, QUIET_WATCH, now, now, told)

    # -- the change ---------------------------------------------------------------------------------------------

    def _switch(self, fresh: dict[str, Plan], groups: Groups, now: Instant) -> list[tuple[Seat, PlannedRule]]:
        """Every seat under its new plan; those watches that come out of shadow."""
        revealed: list[tuple[Seat, PlannedRule]] = []
        for seat in self.seats.values():
            kind = seat.plan.kind
            # Of a kind that nobody describes any more nothing is judged.
            plan = fresh.get(kind) or (empty_plan(kind) if kind in self.plans else seat.plan)
            if plan is not seat.plan:
                revealed += self._reseat(seat, plan, now)
        for name, group in self.groups.seats.items():
            if group.plan.kind in groups.plans:
                groups.seats[name] = group
                revealed += self._reseat(group, groups.plans[group.plan.kind], now)
        self.plans, self.groups = fresh, groups
        return revealed

    def _reseat(self, seat: Seat, plan: Plan, now: Instant) -> list[tuple[Seat, PlannedRule]]:
        before, seat.plan = seat.plan, plan
        seat.report_every_ms = report_every(seat.device, plan)
        seat.fit_context()
        revealed = []
        for name, watch in seat.watches.items():
            old, new = before.by_name[name], plan.by_name[name]
            unveiled = old.rule.shadow and not new.rule.shadow
            # What is over, and was told nobody, is no news.
            over = unveiled and watch.phase is Phase.CLEARING
            seat.put(name, None if over else _carried(old, new, watch, seat.report_every_ms, now))
            if unveiled and seat.stands(name):
                revealed.append((seat, new))
        if _remembers(before) != _remembers(plan):
            seat.plan = before
            memory = seat.written()
            seat.plan = plan
            seat.recall(memory)
            added = {quantity: now for quantity in plan.timed if quantity not in before.timed}
            # Nobody listened for it until now: its silence counts from here.
            seat.heard_of = {**added, **(seat.heard_of or {})} or None
        due = next_absence(seat, self.outages)
        seat.absence_due = None if due is None else max(due, now)
        return revealed

    # -- after: by the new books --------------------------------------------------------------------------------

    def _reveal(self, seat: Seat, planned: PlannedRule, now: Instant, told: list[Finding]) -> None:
        """What stands is told, now that it may be."""
        watch = seat.watches[planned.name]
        for said in (Said.BEGAN, Said.STALE) if watch.phase is Phase.STALE else (Said.BEGAN,):
            self._tell(finding(planned, seat.device, Effect(said, watch.begin, watch), now, self._near), planned, told)
        self._found(seat, planned, now, now)
        self._pass_on(seat, planned, QUIET_WATCH, watch, watch.begin, now, told)

    def _gather_afresh(self, unlike: frozenset[str], now: Instant, told: list[Finding]) -> None:
        """Rules that gather otherwise than before look at once at what stands: nothing else would ask them."""
        gatherers = frozenset(
            rule.name for some in self.groups.gatherers.values() for rule in some if rule.name in unlike
        )
        if not gatherers:
            return
        standing = [
            (watch.begin, seat, seat.plan.by_name[name], watch)
            for seat in [*self.seats.values(), *self.groups.seats.values()]
            for name, watch in seat.watches.items()
            if watch.phase in TOLD_OF and name in self.groups.gatherers and not seat.plan.by_name[name].rule.shadow
        ]
        for begin, seat, planned, watch in sorted(standing, key=self._bars_first):
            moved = self.groups.moved(seat, planned.name, QUIET_WATCH, watch, begin, self._near, gatherers)
            for group, gatherer, word in moved:
                self._say_to_group(group, gatherer, word, begin, now, told)
        for group in list(self.groups.seats.values()):
            self._ask_again(group, gatherers, now, told)

    def _bars_first(self, standing: tuple[Instant, Seat, PlannedRule, Watch]) -> tuple[bool, Instant, str, str]:
        """What begins only without another finding must not begin before that was looked at."""
        begin, seat, planned, _ = standing
        bars = any(
            one.gather is not None and planned.name in one.gather.without for one in self.groups.gatherers[planned.name]
        )
        return not bars, begin, seat.device.id, planned.name

    def _ask_again(self, group: Group, gatherers: frozenset[str], now: Instant, told: list[Finding]) -> None:
        for name in sorted(gatherers.intersection(group.watches)):
            planned = group.plan.by_name[name]
            word = self.groups.opinion(group, planned, group.watches[name].word_at, self._near)
            assert word is not None  # what stands has an opinion
            self._say(group, planned, word, now, told)


def _kept(before: Mapping[str, Plan], after: dict[str, Plan]) -> dict[str, Plan]:
    """The new plans, and the very plan of before for each kind of which nothing changed: its seats are not touched."""
    same = {kind for kind, plan in after.items() if kind in before and _written(before[kind]) == _written(plan)}
    return {kind: before[kind] if kind in same else plan for kind, plan in after.items()}


def _written(plan: Plan) -> list[tuple[Any, ...]]:
    return [(plan.described,), *((rule.rule, rule.hazard, rule.version, rule.rank) for rule in plan.by_name.values())]


def _remembers(plan: Plan) -> tuple[Any, ...]:
    """What a seat keeps because of its plan."""
    return plan.windows, plan.remembered, frozenset(plan.timed), plan.usual, plan.trends


def _asks(planned: PlannedRule) -> tuple[Any, ...]:
    """Which question, about whom: another question is another rule, whatever its name."""
    question = next(name for name in QUESTIONS if getattr(planned.rule, name) is not None)
    return question, planned.rule.of if question == "gather" else "", planned.rule.record


def _judges(planned: PlannedRule) -> dict[str, Any]:
    return planned.rule.model_dump(exclude=set(_WORDING | _WAITING))


def _unlike(before: Sequence[Rulebook], after: Sequence[Rulebook]) -> frozenset[str]:
    """Rules that are new, or gather otherwise."""
    old = {rule.name: (rule.gather, rule.of, rule.only_if, rule.shadow) for book in before for rule in book.rules}
    new = {rule.name: (rule.gather, rule.of, rule.only_if, rule.shadow) for book in after for rule in book.rules}
    return frozenset(name for name, written in new.items() if old.get(name) != written)


def _carried(old: PlannedRule, new: PlannedRule, watch: Watch, report_every_ms: int, now: Instant) -> Watch:
    """The watch as the new rule goes on with it."""
    before, after = old.patience(report_every_ms), new.patience(report_every_ms)
    same = _judges(old) == _judges(new)
    if same and before == after:
        return watch
    if watch.phase is Phase.PENDING:
        return replace(watch, wake_at=_held_at(before, after, watch, same, now))
    if watch.phase is Phase.CLEARING and not same and not after.event:
        # The old rule was satisfied. Whether the new one is, the next reading says; until then the danger stands.
        return replace(watch, phase=Phase.FIRING, wake_at=None if after.silence_ms is None else now + after.silence_ms)
    if watch.phase is Phase.CLEARING and watch.wake_at is not None:
        return replace(watch, wake_at=max(now, watch.wake_at - before.release_ms + after.release_ms))
    return watch


def _held_at(before: Patience, after: Patience, watch: Watch, same: bool, now: Instant) -> Instant | None:
    """When a hold completes by the clock. Another condition gets its whole time: a reading may speak against it."""
    if not after.hold_by_clock:
        return None
    if not same or watch.wake_at is None:
        return now + after.hold_ms
    return max(now, watch.wake_at - before.hold_ms + after.hold_ms)
