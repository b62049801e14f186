"""Replaces the rulebooks of a running engine, as a savepoint migration: state of unchanged rules is kept, state of
changed rules is migrated, findings of removed rules end with a reason.

An active finding is never lost: a changed rule keeps its state and its finding id, and the next reading decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec.structs import replace

from domain import Evidence, Finding, FindingPhase, Instant
from domain.findings import ENDED_BY_RULE_CHANGE
from domain.kind import Kind
from rules.compiled.rule import CompiledRule
from rules.compiled.ruleset import CompiledRuleset, compile_rulebooks, empty_ruleset
from rules.engine.absence import next_check
from rules.engine.engine_state import EngineState
from rules.engine.groups import GroupRegistry
from rules.engine.processor import RuleProcessor
from rules.engine.reevaluation_schedule import ReevaluationSchedule
from rules.lifecycle.state_machine import ACTIVE_PHASES, QUIET_STATE, Effect, RuleEvent, RuleState, RuleTiming
from rules.lifecycle.transitions import Phase, Signal
from rules.rulebook.model import RULE_TYPES, Rulebook
from rules.state.device import DeviceState, report_interval_ms
from rules.state.group import GroupState

REMOVED, REWRITTEN, SHADOWED = "removed", "rewritten", "shadow"
_WORDING: Final = frozenset({"title", "advice", "source", "show", "severity", "ledger", "shadow"})
"""What may change of a rule without changing when it finds something."""
_WAITING: Final = frozenset({"hold", "release", "if_silent", "latch"})


Rulesets = dict[str, CompiledRuleset]
"""By kind of device."""


class RulebookMigration:
    """Replaces rulebooks and migrates state."""

    def __init__(self, engine_state: EngineState, rules: RuleProcessor, reevaluations: ReevaluationSchedule) -> None:
        self._engine_state, self._rules, self._reevaluations = engine_state, rules, reevaluations

    def compile(self, books: Sequence[Rulebook], kinds: Mapping[str, Kind] | None = None) -> Rulesets:
        """The rulesets of these rulebooks, for `reload`: a host of many keys compiles them once."""
        engine_state = self._engine_state
        compiled = compile_rulebooks(books, engine_state.kinds if kinds is None else kinds)
        return _reuse_unchanged(engine_state.rulesets, compiled)

    def reload(
        self, books: Sequence[Rulebook], now: Instant, kinds: Mapping[str, Kind] | None = None,
        compiled: Rulesets | None = None,
    ) -> list[Finding]:  # fmt: skip
        """Uses these rulebooks, and kinds if given, from now on. Returns the findings that end or begin by it.

        Raises ValueError, and changes nothing, when two rules share a name. Findings keep their ids, so that a
        repetition after a crash emits nothing twice.
        """
        engine_state = self._engine_state
        kinds = engine_state.kinds if kinds is None else kinds
        rulesets = self.compile(books, kinds) if compiled is None else compiled
        groups = GroupRegistry(books)
        engine_state.kinds = kinds
        out: list[Finding] = []
        for state in list(engine_state.devices.values()):
            if state.rule_states:
                self._end_removed_rules(state, rulesets.get(state.ruleset.kind), now, out)
        for group in list(engine_state.groups.states.values()):
            self._end_removed_rules(group, groups.rulesets.get(group.ruleset.kind), now, out)
        before, engine_state.books = engine_state.books, tuple(books)
        for state, rule in self._swap_rulesets(rulesets, groups, now):
            self._leave_shadow(state, rule, now, out)
        self._reevaluate_groups(_changed_gatherers(before, books), now, out)
        for group in list(engine_state.groups.states.values()):
            engine_state.groups.evict_if_empty(group)
        self._reevaluations.on_community_change(now, force=True)
        engine_state.rebuild_timers()
        names = {rule.name for book in books for rule in book.rules}
        counts = engine_state.shadow_counts
        engine_state.shadow_counts = {name: counted for name, counted in counts.items() if name in names}
        return out

    # -- before: by the old books -------------------------------------------------------------------------------

    def _end_removed_rules(
        self, state: DeviceState, ruleset: CompiledRuleset | None, now: Instant, out: list[Finding]
    ) -> None:
        """Ends what no rule judges any more, and takes out of what others gather what goes into shadow."""
        if ruleset is state.ruleset:
            return
        for name in sorted(state.rule_states):
            old, new = state.ruleset.by_name[name], ruleset.by_name.get(name) if ruleset is not None else None
            if new is None or _identity(old) != _identity(new):
                evidence = (Evidence(ENDED_BY_RULE_CHANGE, REMOVED if new is None else REWRITTEN, at=now),)
                self._rules.apply(state, old, RuleEvent(Signal.RESET, now, evidence=evidence), now, out)
            elif new.rule.shadow and not old.rule.shadow and state.is_active(name):
                self._enter_shadow(state, old, state.rule_states[name], now, out)

    def _enter_shadow(
        self, state: DeviceState, rule: CompiledRule, rule_state: RuleState, now: Instant, out: list[Finding]
    ) -> None:
        """The rule continues in shadow: its finding ends."""
        ended = Effect(
            FindingPhase.ENDED, now, replace(rule_state, evidence=(Evidence(ENDED_BY_RULE_CHANGE, SHADOWED, at=now),))
        )
        self._rules.emit(state, rule, ended, now, out)
        self._reevaluations.on_finding_change(state, rule, now, now)
        self._rules.update_groups(state, rule, rule_state, QUIET_STATE, now, now, out)

    # -- the change ---------------------------------------------------------------------------------------------

    def _swap_rulesets(
        self, rulesets: dict[str, CompiledRuleset], groups: GroupRegistry, now: Instant
    ) -> list[tuple[DeviceState, CompiledRule]]:
        """Gives every device its new ruleset; returns the rules that leave shadow with an active finding."""
        engine_state = self._engine_state
        revealed: list[tuple[DeviceState, CompiledRule]] = []
        for state in engine_state.devices.values():
            kind = state.ruleset.kind
            # Devices of a kind that is no longer described are not evaluated.
            ruleset = rulesets.get(kind) or (empty_ruleset(kind) if kind in engine_state.rulesets else state.ruleset)
            if ruleset is not state.ruleset:
                revealed += self._migrate_device(state, ruleset, now)
        for name, group in engine_state.groups.states.items():
            if group.ruleset.kind in groups.rulesets:
                groups.states[name] = group
                revealed += self._migrate_device(group, groups.rulesets[group.ruleset.kind], now)
        engine_state.rulesets, engine_state.groups = rulesets, groups
        return revealed

    def _migrate_device(
        self, state: DeviceState, ruleset: CompiledRuleset, now: Instant
    ) -> list[tuple[DeviceState, CompiledRule]]:
        before, state.ruleset = state.ruleset, ruleset
        state.report_interval_ms = report_interval_ms(state.device, ruleset)
        state.migrate_inputs()
        revealed = []
        for name, rule_state in state.rule_states.items():
            old, new = before.by_name[name], ruleset.by_name[name]
            unveiled = old.rule.shadow and not new.rule.shadow
            # A finding that was never emitted and is clearing is not emitted now.
            over = unveiled and rule_state.phase is Phase.CLEARING
            state.set_rule_state(
                name, None if over else _migrate_rule_state(old, new, rule_state, state.report_interval_ms, now)
            )
            if unveiled and state.is_active(name):
                revealed.append((state, new))
        if _state_layout(before) != _state_layout(ruleset):
            state.restore(state.snapshot())  # which keeps what the new ruleset needs
            added = {
                quantity: now for quantity in ruleset.absence_quantities if quantity not in before.absence_quantities
            }
            # It was not tracked until now: its absence counts from here.
            state.last_arrival_of = {**added, **(state.last_arrival_of or {})} or None
        due = next_check(state, self._engine_state.outages)
        state.absence_timer = None if due is None else max(due, now)
        return revealed

    # -- after: by the new books --------------------------------------------------------------------------------

    def _leave_shadow(self, state: DeviceState, rule: CompiledRule, now: Instant, out: list[Finding]) -> None:
        """Emits a finding that began in shadow."""
        rule_state = state.rule_states[rule.name]
        for phase in (
            (FindingPhase.BEGAN, FindingPhase.STALE) if rule_state.phase is Phase.STALE else (FindingPhase.BEGAN,)
        ):
            self._rules.emit(state, rule, Effect(phase, rule_state.begin, rule_state), now, out)
        self._reevaluations.on_finding_change(state, rule, now, now)
        self._rules.update_groups(state, rule, QUIET_STATE, rule_state, rule_state.begin, now, out)

    def _reevaluate_groups(self, unlike: frozenset[str], now: Instant, out: list[Finding]) -> None:
        """Evaluates changed `gather` rules on the active findings at once: no later event would."""
        dependents = frozenset(
            rule.name for some in self._engine_state.groups.dependents.values() for rule in some if rule.name in unlike
        )
        if not dependents:
            return
        standing = [
            (rule_state.begin, state, state.ruleset.by_name[name], rule_state)
            for state in self._engine_state.all()
            for name, rule_state in state.rule_states.items()
            if rule_state.phase in ACTIVE_PHASES
            and name in self._engine_state.groups.dependents
            and not state.ruleset.by_name[name].rule.shadow
        ]
        for begin, state, compiled, rule_state in sorted(standing, key=self._excluding_first):
            moved = self._engine_state.groups.member_changed(
                state, compiled.name, QUIET_STATE, rule_state, begin, self._engine_state.community, dependents
            )
            for group, dependent, event in moved:
                self._rules.apply_to_group(group, dependent, event, begin, now, out)
        for group in list(self._engine_state.groups.states.values()):
            self._reevaluate_group(group, dependents, now, out)

    def _excluding_first(
        self, standing: tuple[Instant, DeviceState, CompiledRule, RuleState]
    ) -> tuple[bool, Instant, str, str]:
        """What begins only without another finding must not begin before that was looked at."""
        begin, state, rule, _ = standing
        bars = any(
            one.gather is not None and rule.name in one.gather.without
            for one in self._engine_state.groups.dependents[rule.name]
        )
        return not bars, begin, state.device.id, rule.name

    def _reevaluate_group(
        self, group: GroupState, dependents: frozenset[str], now: Instant, out: list[Finding]
    ) -> None:
        for name in sorted(dependents.intersection(group.rule_states)):
            rule = group.ruleset.by_name[name]
            event = self._engine_state.groups.evaluate(
                group, rule, group.rule_states[name].last_event_at, self._engine_state.community
            )
            assert event is not None  # the rule is not quiet
            self._rules.apply(group, rule, event, now, out)


def _reuse_unchanged(
    before: Mapping[str, CompiledRuleset], after: dict[str, CompiledRuleset]
) -> dict[str, CompiledRuleset]:
    """The new rulesets; for a kind without changes the old object, so that its devices are not touched."""
    same = {
        kind
        for kind, ruleset in after.items()
        if kind in before and _ruleset_key(before[kind]) == _ruleset_key(ruleset)
    }
    return {kind: before[kind] if kind in same else ruleset for kind, ruleset in after.items()}


def _ruleset_key(ruleset: CompiledRuleset) -> list[tuple[Any, ...]]:
    return [
        (ruleset.kind_definition,),
        *((rule.rule, rule.hazard, rule.version, rule.rank) for rule in ruleset.by_name.values()),
    ]


def _state_layout(ruleset: CompiledRuleset) -> tuple[Any, ...]:
    """What a device's state holds because of its ruleset."""
    return (
        ruleset.retentions,
        ruleset.last_value_quantities,
        frozenset(ruleset.absence_quantities),
        ruleset.baseline_quantities,
        ruleset.trend_quantities,
    )


def _identity(rule: CompiledRule) -> tuple[Any, ...]:
    """Type and subject of a rule: with another type it is another rule, whatever its name."""
    question = next(name for name in RULE_TYPES if getattr(rule.rule, name) is not None)
    return question, rule.rule.of if question == "gather" else "", rule.rule.record


def _conditions_of(rule: CompiledRule) -> dict[str, Any]:
    return rule.rule.model_dump(exclude=set(_WORDING | _WAITING))


def _changed_gatherers(before: Sequence[Rulebook], after: Sequence[Rulebook]) -> frozenset[str]:
    """Rules that are new, or gather otherwise."""
    old = {rule.name: (rule.gather, rule.of, rule.only_if, rule.shadow) for book in before for rule in book.rules}
    new = {rule.name: (rule.gather, rule.of, rule.only_if, rule.shadow) for book in after for rule in book.rules}
    return frozenset(name for name, written in new.items() if old.get(name) != written)


def _migrate_rule_state(
    old: CompiledRule, new: CompiledRule, rule_state: RuleState, report_every_ms: int, now: Instant
) -> RuleState:
    """The state of a rule as the changed rule continues with it."""
    before, after = old.timing(report_every_ms), new.timing(report_every_ms)
    same = _conditions_of(old) == _conditions_of(new)
    if same and before == after:
        return rule_state
    if rule_state.phase is Phase.PENDING:
        return replace(rule_state, wake_at=_hold_deadline(before, after, rule_state, same, now))
    if rule_state.phase is Phase.CLEARING and not same and not after.momentary:
        # The old rule was clear. The next reading decides about the new one; until then the danger is active.
        return replace(
            rule_state, phase=Phase.FIRING, wake_at=None if after.stale_after_ms is None else now + after.stale_after_ms
        )
    if rule_state.phase is Phase.CLEARING and rule_state.wake_at is not None:
        return replace(rule_state, wake_at=max(now, rule_state.wake_at - before.release_ms + after.release_ms))
    return rule_state


def _hold_deadline(
    before: RuleTiming, after: RuleTiming, rule_state: RuleState, same: bool, now: Instant
) -> Instant | None:
    """When a hold elapses by timer. After a changed condition it starts anew: a reading may contradict it."""
    if not after.hold_fires_on_timer:
        return None
    if not same or rule_state.wake_at is None:
        return now + after.hold_ms
    return max(now, rule_state.wake_at - before.hold_ms + after.hold_ms)
