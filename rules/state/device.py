"""DeviceState: everything the engine stores about one device, live and as a snapshot."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from domain import Device, Instant, Value
from domain.duration import parse_duration
from rules.compiled.applicability import ApplicableRules, AttributeLookup
from rules.compiled.rule import CompiledRule
from rules.compiled.ruleset import CompiledRuleset
from rules.lifecycle.state_machine import ACTIVE_PHASES, RuleState, RuleTiming
from rules.state.device_snapshot import DeviceSnapshot, restored_histories
from rules.state.gateway import GatewayState
from rules.state.inputs import PendingReevaluation, RuleInputs
from rules.state.self_tests import SelfTestRun
from rules.state.timers import ABSENCE, CONTEXT, TEST, Timer, timer_key
from rules.windows.baseline import HourlyBaseline
from rules.windows.history import SampleHistory
from rules.windows.trend import Trend

T = TypeVar("T")
NO_RULE_STATES: Final[dict[str, RuleState]] = {}
"""Shared by every quiet device, never changed: 300,000 devices, one empty dict."""


class RareState(Struct):
    """What few devices have: it costs the others nothing."""

    retained_reported: tuple[str, ...] = ()
    """Rules to which a retained message was danger: it comes at every reconnect."""
    offline_since: Instant | None = None
    """Since when its platform reports it as offline."""
    pending: PendingReevaluation | None = None
    """What is judged again without a reading."""
    test: SelfTestRun | None = None
    """The running test."""


NO_RARE_STATE: Final = RareState()
"""Of every other device; never changed."""


class DeviceState:
    """Everything the engine stores about one device.

    `known_since`, `last_arrival`, `last_arrival_of` and `absence_timer` are arrival times; `max_event_time` is event
    time.
    """

    __slots__ = (
        "absence_timer",
        "applicable_rules",
        "baselines",
        "device",
        "histories",
        "known_since",
        "last_arrival",
        "last_arrival_of",
        "last_values",
        "max_event_time",
        "own_gateway",
        "parent_gateway",
        "rare",
        "recent_starts",
        "registered",
        "report_interval_ms",
        "rule_states",
        "ruleset",
        "trends",
    )  # fmt: skip

    def __init__(self, device: Device, ruleset: CompiledRuleset, enrolled: Instant, registered: bool) -> None:
        self.device, self.ruleset, self.known_since, self.registered = device, ruleset, enrolled, registered
        self.report_interval_ms = report_interval_ms(device, ruleset)
        self.last_arrival: Instant = 0  # never
        self.max_event_time: Instant = 0
        self.absence_timer: Instant | None = None
        self.parent_gateway: GatewayState[DeviceState] | None = None
        """The gateway it hangs on."""
        self.own_gateway: GatewayState[DeviceState] | None = None
        """The gateway it is."""
        self.rule_states = NO_RULE_STATES
        """NO_WATCHES itself while every rule is quiet, nothing is held back and it is not under test: then a quiet
        reading is passed over."""
        self.last_values: dict[str, tuple[Instant, Value]] | None = None
        self.histories: dict[str, SampleHistory] | None = None
        self.last_arrival_of: dict[str, Instant] | None = None
        self.rare = NO_RARE_STATE
        self.applicable_rules: ApplicableRules | None = None
        """The rules that can fire for it; None until first used."""
        self.recent_starts: dict[str, tuple[Instant, ...]] | None = None
        self.baselines: dict[str, HourlyBaseline] | None = None
        self.trends: dict[str, Trend] | None = None

    @property
    def retained_reported(self) -> tuple[str, ...]:
        return self.rare.retained_reported

    @property
    def offline_since(self) -> Instant | None:
        return self.rare.offline_since

    @property
    def pending(self) -> PendingReevaluation | None:
        return self.rare.pending

    @property
    def test(self) -> SelfTestRun | None:
        return self.rare.test

    def record_retained(self, rule: str) -> None:
        """A retained message was danger to this rule."""
        self._set_rare(replace(self.rare, retained_reported=(*self.retained_reported, rule)))

    def keep_test(self, test: SelfTestRun | None) -> None:
        """What is known of its test; None: it is not under test."""
        self._set_rare(replace(self.rare, test=test))
        self.share_empty_states()

    def _set_rare(self, rare: RareState) -> None:
        self.rare = NO_RARE_STATE if rare == NO_RARE_STATE else rare

    def update_device(self, device: Device) -> None:
        """Takes over a changed registry entry; reported values are kept."""
        self.device, self.registered, self.applicable_rules = device, True, None
        self.report_interval_ms = report_interval_ms(device, self.ruleset)

    def applicable(self, community: AttributeLookup) -> ApplicableRules:
        """Those of its rules that may begin, by what is written of it now."""
        applicable, index = self.applicable_rules, self.ruleset.applicability
        if applicable is None or applicable.lookup is not community or applicable.index is not index:
            applicable = self.applicable_rules = index.rules_for(self.device, community)
        return applicable

    def is_active(self, rule: str) -> bool:
        """True while something found by this rule has begun and has not ended."""
        rule_state = self.rule_states.get(rule)
        return rule_state is not None and rule_state.phase in ACTIVE_PHASES

    def set_rule_state(self, rule: str, rule_state: RuleState | None) -> None:
        """Stores the state of a rule, or removes it (None: quiet)."""
        if rule_state is not None:
            self.rule_states = {**self.rule_states, rule: rule_state}
        else:
            self.rule_states = {name: kept for name, kept in self.rule_states.items() if name != rule}
            self.share_empty_states()

    def share_empty_states(self) -> None:
        """Lets quiet readings be passed over, unless one may undo what is held back."""
        if not self.rule_states:
            self.rule_states = NO_RULE_STATES if self.pending is None and self.test is None else {}

    def keep_inputs(self, rule: str, inputs: RuleInputs | None) -> None:
        """What a rule was judged by last, or (None) that nothing but a reading can change its answer."""
        if inputs is not None:
            if self.pending is None:
                self._set_rare(replace(self.rare, pending=PendingReevaluation({})))
            assert self.pending is not None
            self.pending.inputs[rule] = inputs
        elif self.pending is not None:
            self.pending.inputs.pop(rule, None)
            if not self.pending.inputs:
                self._set_rare(replace(self.rare, pending=None))
        self.share_empty_states()

    def is_held_back(self, rule: str) -> bool:
        """Whether inputs of a rule are stored: an inactive one is dangerous, but held back by its schedule or another
        finding.
        """
        return self.pending is not None and rule in self.pending.inputs

    @property
    def holds_back_absence(self) -> bool:
        """An absence or expiry is due and held back by a schedule or another finding."""
        asked = [rule.name for rule, _ in (*self.ruleset.absence_rules, *self.ruleset.expiry_rules)]
        return any(name not in self.rule_states and self.is_held_back(name) for name in asked)

    def is_unlatched(self, rule: str) -> bool:
        """A person reset it while it was still dangerous."""
        inputs = None if self.pending is None else self.pending.inputs.get(rule)
        return inputs is not None and inputs.unlatched

    def timing(self, rule: CompiledRule) -> RuleTiming:
        """How long a rule waits, of this device."""
        return rule.timing(self.report_interval_ms, rule.rule.latch and self.is_unlatched(rule.name))

    def migrate_inputs(self) -> None:
        """Keeps the stored inputs that the rules of its ruleset still need."""
        context = self.pending
        self._set_rare(replace(self.rare, pending=None))
        for name, inputs in ({} if context is None else context.inputs).items():
            rule = self.ruleset.by_name.get(name)
            if rule is not None and (rule.is_reevaluated or rule.keeps_inputs):
                measured = {
                    quantity: one for quantity, one in inputs.measured.items() if quantity in rule.lasting_quantities
                }
                self.keep_inputs(name, RuleInputs(measured, inputs.at, inputs.edge, inputs.unlatched))
        if context is not None and self.pending is not None:
            self.pending.at, self.pending.due = context.at, context.due
        self.share_empty_states()

    def next_rank(self, above: int) -> int | None:
        """The lowest rank of its rules, above one, that are judged again without a reading."""
        inputs = {} if self.pending is None else self.pending.inputs
        ranks = (rule.rank for rule in self.ruleset.reevaluated_rules if rule.rank > above and rule.name in inputs)
        return min(ranks, default=None)

    def record_start(self, rule: str, at: Instant, most: int) -> tuple[Instant, ...]:
        """A danger came, or came back: when it did so lately."""
        known = (self.recent_starts or {}).get(rule, ())
        lately = tuple(sorted({*known, at}))[-most:]
        self.recent_starts = {**(self.recent_starts or {}), rule: lately}
        return lately

    def baseline(self, quantity: str, counter: bool) -> HourlyBaseline:
        """What was learned of this quantity."""
        self.baselines = self.baselines if self.baselines is not None else {}
        if quantity not in self.baselines:
            self.baselines[quantity] = HourlyBaseline(counter)
        return self.baselines[quantity]

    def record_arrival(self, values: Mapping[str, Value], at: Instant, now: Instant) -> None:
        """A sign of life. Lanes may overtake each other: neither time goes back."""
        if now > self.last_arrival:
            self.last_arrival = now
        if at > self.max_event_time:
            self.max_event_time = at
        if self.ruleset.absence_quantities:
            self.last_arrival_of = self.last_arrival_of if self.last_arrival_of is not None else {}
            for name in self.ruleset.absence_quantities:
                if name in values:
                    self.last_arrival_of[name] = now

    def mark_offline(self, now: Instant) -> None:
        """Its platform reports it as offline."""
        self._set_rare(replace(self.rare, offline_since=now))

    @property
    def is_offline(self) -> bool:
        """True until something arrives from it."""
        return self.offline_since is not None and self.offline_since >= self.last_arrival

    def last_seen(self, quantity: str | None) -> Instant:
        """Arrival time of the last reading of the device or of one quantity; `known_since` if there was none."""
        if quantity is None:
            return self.last_arrival or self.known_since
        return (
            self.known_since if self.last_arrival_of is None else self.last_arrival_of.get(quantity, self.known_since)
        )

    def timers(self) -> Iterator[Timer]:
        """Every wake-up that is still meant."""
        for rule, rule_state in self.rule_states.items():
            if rule_state.wake_at is not None:
                yield rule_state.wake_at, timer_key(self.ruleset.by_name[rule].rank, rule), self.device.id
        if self.absence_timer is not None:
            yield self.absence_timer, ABSENCE, self.device.id
        if self.pending is not None and self.pending.due is not None:
            yield self.pending.due, CONTEXT, self.device.id
        if self.test is not None and self.test.due is not None:
            yield self.test.due, TEST, self.device.id

    def snapshot(self) -> DeviceSnapshot:
        """The state as a value."""
        past = {name: history.samples for name, history in self.histories.items()} if self.histories else None
        learned = {name: usual.snapshot() for name, usual in self.baselines.items()} if self.baselines else None
        return DeviceSnapshot(
            device=self.device.id,
            kind=self.ruleset.kind,
            known_since=self.known_since,
            last_arrival=self.last_arrival,
            max_event_time=self.max_event_time,
            rule_states=self.rule_states,
            last_values=self.last_values,
            histories=past,
            last_arrival_of=self.last_arrival_of,
            retained_reported=self.retained_reported,
            recent_starts=self.recent_starts,
            baselines=learned,
            offline_since=self.offline_since,
            trends=self.trends,
            pending=self.pending,
            test=self.test,
        )

    def restore(self, snapshot: DeviceSnapshot) -> None:
        """Takes over a snapshot; what the ruleset no longer needs is dropped."""
        ruleset = self.ruleset
        self.known_since, self.last_arrival = snapshot.known_since, snapshot.last_arrival
        self.max_event_time, self.recent_starts = snapshot.max_event_time, snapshot.recent_starts
        self.rule_states = {name: kept for name, kept in snapshot.rule_states.items() if name in ruleset.by_name}
        self._set_rare(RareState(snapshot.retained_reported, snapshot.offline_since, snapshot.pending, snapshot.test))
        self.migrate_inputs()
        self.last_values = _only(snapshot.last_values, ruleset.last_value_quantities)
        self.last_arrival_of = _only(snapshot.last_arrival_of, ruleset.absence_quantities)
        self.trends = _only(snapshot.trends, ruleset.trend_quantities)
        self.histories = restored_histories(snapshot, ruleset)
        learned = _only(snapshot.baselines, ruleset.baseline_quantities) or {}
        counters = ruleset.baseline_quantities
        self.baselines = {name: HourlyBaseline(counters[name], known) for name, known in learned.items()} or None


def _only(stored: Mapping[str, T] | None, wanted: Collection[str]) -> dict[str, T] | None:
    """The entries that are still needed; None for none."""
    return {name: value for name, value in (stored or {}).items() if name in wanted} or None


def report_interval_ms(device: Device, ruleset: CompiledRuleset) -> int:
    """The device's own reporting plan (attribute `report_every`, written `30m`), else its kind's."""
    written = device.attributes.get("report_every")
    try:
        return parse_duration(written) if written is not None else ruleset.report_interval_ms
    except ValueError:
        return ruleset.report_interval_ms  # an unreadable plan must not stop the device from being evaluated
