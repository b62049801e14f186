"""What the engine remembers of one device, live and as a value that can be written down. It judges nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from domain import Device, Instant, Value
from domain.duration import parse_duration
from rules.compiled.applicability import AttributeLookup, Minded
from rules.compiled.rule import PlannedRule
from rules.compiled.ruleset import Plan
from rules.lifecycle.state_machine import TOLD_OF, Patience, Watch
from rules.state.gateway import Gateway
from rules.state.inputs import Context, Inputs
from rules.state.self_tests import UnderTest
from rules.state.timers import ABSENCE, CONTEXT, TEST, Wake, look
from rules.windows.baseline import Learned, Usual
from rules.windows.history import History, Sample
from rules.windows.trend import Trend

NO_WATCHES: Final[dict[str, Watch]] = {}
"""Shared by every quiet device, never changed: 300,000 devices, one empty dict."""


class Memory(Struct, array_like=True, gc=False):
    """A seat written down. Rules are named, not numbered: a new rulebook finds its state again."""

    device: str
    kind: str
    enrolled: Instant
    heard: Instant
    newest: Instant
    watches: dict[str, Watch]
    remembered: dict[str, tuple[Instant, Value]] | None
    histories: dict[str, list[Sample]] | None
    heard_of: dict[str, Instant] | None
    retained: tuple[str, ...]
    onsets: dict[str, tuple[Instant, ...]] | None = None
    usuals: dict[str, Learned] | None = None
    gone: Instant | None = None
    trends: dict[str, Trend] | None = None
    context: Context | None = None
    test: UnderTest | None = None


class Seldom(Struct):
    """What few devices have: it costs the others nothing."""

    retained: tuple[str, ...] = ()
    """Rules to which a retained message was danger: it comes at every reconnect."""
    gone: Instant | None = None
    """Since when its platform says that it is gone."""
    context: Context | None = None
    """What is judged again without a reading."""
    test: UnderTest | None = None
    """What it says while it is tested."""


COMMON: Final = Seldom()
"""Of every other device; never changed."""


class Seat:
    """One device at the table. Arrival times: `enrolled`, `heard`, `heard_of`, `absence_due`. Event time: `newest`."""

    __slots__ = (
        "absence_due", "carries", "device", "enrolled", "gateway", "heard", "heard_of", "histories", "minded", "newest",
        "onsets", "plan", "registered", "remembered", "report_every_ms", "seldom", "trends", "usuals", "watches",
    )  # fmt: skip

    def __init__(self, device: Device, plan: Plan, enrolled: Instant, registered: bool) -> None:
        self.device, self.plan, self.enrolled, self.registered = device, plan, enrolled, registered
        self.report_every_ms = report_every(device, plan)
        self.heard: Instant = 0  # never
        self.newest: Instant = 0
        self.absence_due: Instant | None = None
        self.gateway: Gateway[Seat] | None = None
        """The gateway it hangs on."""
        self.carries: Gateway[Seat] | None = None
        """The gateway it is."""
        self.watches = NO_WATCHES
        """NO_WATCHES itself while every rule is quiet, nothing is held back and it is not under test: then a quiet
        reading is passed over."""
        self.remembered: dict[str, tuple[Instant, Value]] | None = None
        self.histories: dict[str, History] | None = None
        self.heard_of: dict[str, Instant] | None = None
        self.seldom = COMMON
        self.minded: Minded | None = None
        """Those rules that may begin about it; None while nobody has asked."""
        self.onsets: dict[str, tuple[Instant, ...]] | None = None
        self.usuals: dict[str, Usual] | None = None
        self.trends: dict[str, Trend] | None = None

    @property
    def retained(self) -> tuple[str, ...]:
        return self.seldom.retained

    @property
    def gone(self) -> Instant | None:
        return self.seldom.gone

    @property
    def context(self) -> Context | None:
        return self.seldom.context

    @property
    def test(self) -> UnderTest | None:
        return self.seldom.test

    def retain(self, rule: str) -> None:
        """A retained message was danger to this rule."""
        self._put(retained=(*self.retained, rule))

    def keep_test(self, test: UnderTest | None) -> None:
        """What is known of its test; None: it is not under test."""
        self._put(test=test)
        self.rest()

    def _put(self, *seldom: Any, **changed: Any) -> None:
        new = Seldom(*seldom) if seldom else replace(self.seldom, **changed)
        self.seldom = COMMON if new == COMMON else new

    def describe(self, device: Device) -> None:
        """The registry says something new about it; what it said itself is kept."""
        self.device, self.registered, self.minded = device, True, None
        self.report_every_ms = report_every(device, self.plan)

    def minds(self, near: AttributeLookup) -> Minded:
        """Those of its rules that may begin, by what is written of it now."""
        minded, mindful = self.minded, self.plan.mindful
        if minded is None or minded.near is not near or minded.by is not mindful:
            minded = self.minded = mindful.of(self.device, near)
        return minded

    def stands(self, rule: str) -> bool:
        """True while something found by this rule has begun and has not ended."""
        watch = self.watches.get(rule)
        return watch is not None and watch.phase in TOLD_OF

    def put(self, rule: str, watch: Watch | None) -> None:
        """Keeps a watch, or lets it go."""
        if watch is not None:
            self.watches = {**self.watches, rule: watch}
        else:
            self.watches = {name: kept for name, kept in self.watches.items() if name != rule}
            self.rest()

    def rest(self) -> None:
        """Lets quiet readings be passed over, unless one may undo what is held back."""
        if not self.watches:
            self.watches = NO_WATCHES if self.context is None and self.test is None else {}

    def keep_inputs(self, rule: str, inputs: Inputs | None) -> None:
        """What a rule was judged by last, or (None) that nothing but a reading can change its answer."""
        if inputs is not None:
            if self.context is None:
                self._put(context=Context({}))
            assert self.context is not None
            self.context.inputs[rule] = inputs
        elif self.context is not None:
            self.context.inputs.pop(rule, None)
            if not self.context.inputs:
                self._put(context=None)
        self.rest()

    def holds_back(self, rule: str) -> bool:
        """Whether inputs are kept of a rule: one that does not stand would begin, but for hours or other findings."""
        return self.context is not None and rule in self.context.inputs

    @property
    def holds_back_silence(self) -> bool:
        """It is missed, or its life is over, and only hours or other findings keep that from being told."""
        asked = [planned.name for planned, _ in (*self.plan.absences, *self.plan.expiries)]
        return any(name not in self.watches and self.holds_back(name) for name in asked)

    def is_unlatched(self, rule: str) -> bool:
        """A person reset it while it was still dangerous."""
        inputs = None if self.context is None else self.context.inputs.get(rule)
        return inputs is not None and inputs.unlatched

    def patience(self, planned: PlannedRule) -> Patience:
        """How long a rule waits, of this device."""
        return planned.patience(self.report_every_ms, planned.rule.latch and self.is_unlatched(planned.name))

    def fit_context(self) -> None:
        """Keeps inputs of rules of its plan that still need them, of quantities that they still ask for."""
        context = self.context
        self._put(context=None)
        for name, inputs in ({} if context is None else context.inputs).items():
            planned = self.plan.by_name.get(name)
            if planned is not None and (planned.is_reevaluated or planned.keeps_inputs):
                measured = {quantity: one for quantity, one in inputs.measured.items() if quantity in planned.lasting}
                self.keep_inputs(name, Inputs(measured, inputs.at, inputs.edge, inputs.unlatched))
        if context is not None and self.context is not None:
            self.context.at, self.context.due = context.at, context.due
        self.rest()

    def next_rank(self, above: int) -> int | None:
        """The lowest rank of its rules, above one, that are judged again without a reading."""
        inputs = {} if self.context is None else self.context.inputs
        ranks = (rule.rank for rule in self.plan.reevaluated if rule.rank > above and rule.name in inputs)
        return min(ranks, default=None)

    def onset(self, rule: str, at: Instant, most: int) -> tuple[Instant, ...]:
        """A danger came, or came back: when it did so lately."""
        known = (self.onsets or {}).get(rule, ())
        lately = tuple(sorted({*known, at}))[-most:]
        self.onsets = {**(self.onsets or {}), rule: lately}
        return lately

    def usual(self, quantity: str, counter: bool) -> Usual:
        """What was learned of this quantity."""
        self.usuals = self.usuals if self.usuals is not None else {}
        if quantity not in self.usuals:
            self.usuals[quantity] = Usual(counter)
        return self.usuals[quantity]

    def hear(self, values: Mapping[str, Value], at: Instant, now: Instant) -> None:
        """A sign of life. Lanes may overtake each other: neither time goes back."""
        if now > self.heard:
            self.heard = now
        if at > self.newest:
            self.newest = at
        if self.plan.timed:
            self.heard_of = self.heard_of if self.heard_of is not None else {}
            for name in self.plan.timed:
                if name in values:
                    self.heard_of[name] = now

    def leave(self, now: Instant) -> None:
        """Its platform says that it is gone."""
        self._put(gone=now)

    @property
    def is_gone(self) -> bool:
        """True until it is heard again."""
        return self.gone is not None and self.gone >= self.heard

    def last_heard(self, quantity: str | None) -> Instant:
        """When the device, or this quantity, was last heard of: since it was enrolled, if never."""
        if quantity is None:
            return self.heard or self.enrolled
        return self.enrolled if self.heard_of is None else self.heard_of.get(quantity, self.enrolled)

    def owed(self) -> Iterator[Wake]:
        """Every wake-up that is still meant."""
        for rule, watch in self.watches.items():
            if watch.wake_at is not None:
                yield watch.wake_at, look(self.plan.by_name[rule].rank, rule), self.device.id
        if self.absence_due is not None:
            yield self.absence_due, ABSENCE, self.device.id
        if self.context is not None and self.context.due is not None:
            yield self.context.due, CONTEXT, self.device.id
        if self.test is not None and self.test.due is not None:
            yield self.test.due, TEST, self.device.id

    def written(self) -> Memory:
        """The seat as a value."""
        past = {name: history.samples for name, history in self.histories.items()} if self.histories else None
        learned = {name: usual.written() for name, usual in self.usuals.items()} if self.usuals else None
        return Memory(
            self.device.id, self.plan.kind, self.enrolled, self.heard, self.newest,
            self.watches, self.remembered, past, self.heard_of, self.retained, self.onsets, learned, self.gone,
            self.trends, self.context, self.test,
        )  # fmt: skip

    def recall(self, memory: Memory) -> None:
        """Takes up what was written down; rules and windows that no longer exist are forgotten."""
        plan = self.plan
        self.enrolled, self.heard, self.newest = memory.enrolled, memory.heard, memory.newest
        self.watches = {name: w for name, w in memory.watches.items() if name in plan.by_name}
        self._put(memory.retained, memory.gone, memory.context, memory.test)
        self.fit_context()
        self.remembered = {q: kept for q, kept in (memory.remembered or {}).items() if q in plan.remembered} or None
        self.histories = _histories(memory, plan)
        self.heard_of = {name: at for name, at in (memory.heard_of or {}).items() if name in plan.timed} or None
        self.onsets = memory.onsets
        learned = {q: known for q, known in (memory.usuals or {}).items() if q in plan.usual}
        self.usuals = {q: Usual(plan.usual[q], known) for q, known in learned.items()} or None
        self.trends = {q: trend for q, trend in (memory.trends or {}).items() if q in plan.trends} or None


def _histories(memory: Memory, plan: Plan) -> dict[str, History] | None:
    """The past under the windows of this plan. A window of another reach begins with what was kept of its quantity."""
    held = memory.histories or {}
    found = {name: held.get(name) or held.get(kept.quantity) for name, kept in plan.windows.items()}
    return {name: plan.windows[name].history(past) for name, past in found.items() if past} or None


def report_every(device: Device, plan: Plan) -> int:
    """The device's own reporting plan (attribute `report_every`, written `30m`), else its kind's."""
    written = device.attributes.get("report_every")
    try:
        return parse_duration(written) if written is not None else plan.report_every_ms
    except ValueError:
        return plan.report_every_ms  # a plan nobody can read must not stop the device from being judged
