"""Trials: strips of readings and the findings they must give, written beside a rulebook (`gas_test.yaml` beside
`gas.yaml`). It plays them on a fresh engine with a virtual clock; it reads no files.

    trials:
    - name: 十秒一报，浓度持续超标三十秒才报
      rule: gas-low                 # only findings of this rule are compared
      every: 10s                    # the strips have one value each 10 s, the first at 0 s
      readings:
        lel_pct: 2 12x2 3x10        # 2, then 12 and twice more 12, then 3 and ten times more 3
      expect: ["40s begin high", "130s end"]

A strip (the notation of Prometheus' rule tests, the first value at 0 s):

    5          one value                      true false     a yes, a no
    5x3        5 and three times more 5       truex3         true and three times more
    1+2x3      1 3 5 7 (1, then 3 steps of +2)      9-2x3    9 7 5 3
    _          nothing said at this step      _x3            nothing for three steps

Several strips run side by side; what falls on the same step is one reading. Beside `readings` a trial may say:

    kind: water_meter               the device's kind, when the rule watches several
    person: {lives_alone: true}     what is known of the person who carries the device or lives where it hangs
    place: {lat: 31.23, lon: 121.5} what is written of the place where it hangs, or where the person lives
    device: {report_every: 30m}     what is written of the device
    delay: 26h                      every reading arrives so much later than it was measured
    late: {3: 2h}                   the fourth reading (the first is 0) arrives so much later still
    batch: 6                        six at a time arrive together, with the last of them
    together: true                  all arrive in one batch, after the last was measured
    outage: [1h, 3h]                from 1 h to 3 h nobody could be heard
    reset: [30m]                    after 30 m a person resets the rule (latch: true) wherever it stands
    until: 2d                       time goes on so long after the last reading, or reset (default 1h)
    start: 2026-10-01T08:00+08:00   when the first step is, for rules that ask for holidays, workdays, the hour

Several devices, in one building and as many households as are named, have strips each (in place of `readings`):

    devices:
      gas-1: {kind: gas_alarm, household: "101", readings: {alarm: _ true}}
      gas-2: {kind: gas_alarm, household: "102", attributes: {use: catering}, readings: {alarm: _x3 true}}

An expectation says when it is told (arrival time, counted from the first step), what, and at which severity:

    50s begin critical    40s grade high    70s stale    130s end    20s withdraw

`begin` and `grade` name the severity. An empty list means: nothing is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, ClassVar, Final

from msgspec import Struct
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from domain import HOUR, Attribute, Cell, Device, Finding, Instant, Person, Place, Reading
from domain.duration import Duration
from domain.kind import Kind, Name
from domain.people import Community, community
from rules.engine import Engine
from rules.hosts.replay import Reset, reset
from rules.rulebook import ANY_KIND, Rule, Rulebook, RuleName
from rules.strips import expectation, expected, in_a_zone, in_seconds, strip, time_passes

START: Final[Instant] = 1_767_225_600_000
"""2026-01-01T00:00:00Z, when a trial begins that names no `start`: a fixed instant gives the same ids every time."""
DEVICE: Final = "trial-device"


def _strip_written(written: str) -> str:
    strip(written)
    return written


def _expectation_written(written: str) -> str:
    expected(written)
    return written


class Taking(BaseModel):
    """One of several devices that take part in a trial."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Name
    household: str = "home"
    attributes: dict[str, Attribute] = {}
    readings: dict[Name, Annotated[str, AfterValidator(_strip_written)]]


class Trial(BaseModel):
    """One incident in the words of the safety office."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1)]
    rule: RuleName
    kind: Name | None = None
    every: Annotated[Duration, AfterValidator(time_passes)]
    readings: dict[Name, Annotated[str, AfterValidator(_strip_written)]] = {}
    devices: dict[str, Taking] = {}
    person: dict[str, Attribute] = {}
    place: dict[str, Attribute] = {}
    device: dict[str, Attribute] = {}
    delay: Duration = 0
    late: dict[int, Duration] = {}
    batch: Annotated[int, Field(ge=1)] = 1
    together: bool = False
    outage: tuple[Duration, Duration] | None = None
    reset: list[Duration] = []
    until: Duration = HOUR
    start: Annotated[datetime, AfterValidator(in_a_zone)] | None = None
    expect: list[Annotated[str, AfterValidator(_expectation_written)]]

    @model_validator(mode="after")
    def _of_one_or_of_many(self) -> Trial:
        if self.devices and (self.readings or self.device or self.kind):
            raise ValueError("with devices, kind, attributes and readings belong to each of them: move them there")
        return self

    @property
    def begins(self) -> Instant:
        """When its first step is."""
        return START if self.start is None else round(self.start.timestamp() * 1000)

    def taking_part(self, kind: str) -> dict[str, Taking]:
        """The devices by name; a trial of one device has one of this kind, unless it names another."""
        if self.devices:
            return self.devices
        one = Taking(kind=self.kind or kind, attributes=self.device, readings=self.readings)
        return {DEVICE: one}


class TrialBook(BaseModel):
    """The trials of one rulebook."""

    instead: ClassVar[Mapping[str, str]] = {
        "interval": "every",
        "input_series": "readings",
        "alert_rule_test": "expect",
    }
    """What to write instead of fields of other tools."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    trials: list[Trial]


class TrialResult(Struct, frozen=True):
    """What came of one trial: both lists in the words of expectations."""

    name: str
    rule: str
    expected: tuple[str, ...]
    got: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return self.expected == self.got


class Stage(Struct, frozen=True):
    """A trial ready to be played on any host: who takes part, and what is heard when."""

    devices: tuple[Device, ...]
    community: Community
    outage: tuple[Instant, Instant] | None
    batches: tuple[tuple[Instant, tuple[Reading, ...]], ...]
    end: Instant
    start: Instant = START
    resets: tuple[Reset, ...] = ()


def stage(trial: Trial, rule: Rule) -> Stage:
    """The devices, the people, and the readings by arrival."""
    taking = trial.taking_part(next(iter(rule.kinds), ""))
    readings = list(_readings(trial, taking))
    resets = tuple(Reset(trial.begins + after, trial.rule) for after in sorted(trial.reset))
    last = max((reading.received for reading in readings), default=trial.begins)
    last = max([last, *(reset.now for reset in resets)])
    outage = None if trial.outage is None else (trial.begins + trial.outage[0], trial.begins + trial.outage[1])
    return Stage(
        tuple(
            Device(
                name,
                one.kind,
                place=_home(one),
                attributes={"person": f"resident of {one.household}", **one.attributes},
            )
            for name, one in taking.items()
        ),
        _town(trial, taking),
        outage,
        tuple(_by_arrival(readings)),
        last + trial.until,
        trial.begins,
        resets,
    )


def _home(taking: Taking) -> str:
    return f"trial-{taking.household}"


def _town(trial: Trial, taking: Mapping[str, Taking]) -> Community:
    households = dict.fromkeys(one.household for one in taking.values())
    building = Place("trial-building", "试验楼", "building", cell="trial-cell")
    homes = [
        Place(f"trial-{name}", name, "household", parent=building.id, attributes=dict(trial.place))
        for name in households
    ]
    people = [
        Person(f"resident of {name}", "试验住户", home=f"trial-{name}", attributes=dict(trial.person))
        for name in households
    ]
    return community(places=[building, *homes], people=people, cells=[Cell("trial-cell", "试验网格", "cell")])


def _readings(trial: Trial, taking: Mapping[str, Taking]) -> Iterator[Reading]:
    strips = {
        device: {name: strip(written) for name, written in one.readings.items()} for device, one in taking.items()
    }
    steps = max((len(values) for held in strips.values() for values in held.values()), default=0)
    for index in range(steps):
        at = trial.begins + index * trial.every
        received = trial.begins + _sent_with(trial, index, steps) * trial.every + trial.delay + trial.late.get(index, 0)
        for device, held in strips.items():
            said = {name: values[index] for name, values in held.items() if index < len(values)}
            values = {name: value for name, value in said.items() if value is not None}
            if values:
                yield Reading(device, taking[device].kind, at, received, values)


def _sent_with(trial: Trial, index: int, steps: int) -> int:
    """The step with which this one is sent."""
    size = steps if trial.together else trial.batch
    return min((index // size + 1) * size, steps) - 1


def _by_arrival(readings: Sequence[Reading]) -> Iterator[tuple[Instant, tuple[Reading, ...]]]:
    for received in sorted({reading.received for reading in readings}):
        yield received, tuple(reading for reading in readings if reading.received == received)


def told(findings: Sequence[Finding], rule: str, start: Instant = START) -> tuple[str, ...]:
    """The findings of a rule in the words of expectations."""
    return tuple(
        expectation(finding.now - start, finding.phase, finding.severity)
        for finding in findings
        if finding.rule == rule
    )


def played(engine: Engine, scene: Stage) -> list[Finding]:
    """Plays a stage on an engine: the smallest host there is."""
    findings = engine.enrol(scene.devices, scene.start)
    for now, act in sorted([*_heard(scene), *_deaf(scene), *_reset(scene)], key=lambda moment: moment[0]):
        findings += act(engine, now)
    return findings + engine.tick(scene.end)


_Act = Callable[[Engine, Instant], list[Finding]]


def _heard(scene: Stage) -> Iterator[tuple[Instant, _Act]]:
    for received, readings in scene.batches:
        yield received, lambda engine, now, readings=readings: engine.feed(readings, now)  # type: ignore[misc]


def _reset(scene: Stage) -> Iterator[tuple[Instant, _Act]]:
    for event in scene.resets:
        yield event.now, lambda engine, _now, event=event: list(reset(engine, event))  # type: ignore[misc]


def _deaf(scene: Stage) -> Iterator[tuple[Instant, _Act]]:
    if scene.outage is None:
        return
    begin, end = scene.outage
    for now, until in ((begin, None), (end, end)):
        yield now, lambda engine, now, until=until: _outage(engine, now, begin, until)  # type: ignore[misc]


def _outage(engine: Engine, now: Instant, begin: Instant, end: Instant | None) -> list[Finding]:
    findings = engine.tick(now)
    engine.outage(begin, end)
    return findings


def run_trials(
    book: Rulebook, trials: TrialBook, kinds: Mapping[str, Kind], others: Sequence[Rulebook] = ()
) -> list[TrialResult]:
    """Plays every trial on an engine of its own. A trial of a rule that is not in the book fails with nothing told.

    `others` hold the rules of other books whose findings this book gathers.
    """
    books = [book, *gathered_from(book, others)]
    return [_run(books, trial, kinds) for trial in trials.trials]


def gathered_from(book: Rulebook, others: Sequence[Rulebook]) -> list[Rulebook]:
    """Those rules of other books that a book's rules speak of."""
    own = {rule.name for rule in book.rules}
    wanted = {name for rule in book.rules for name in rule.speaks_of} - own
    found = [(other, [rule for rule in other.rules if rule.name in wanted]) for other in others]
    return [other.model_copy(update={"rules": rules}) for other, rules in found if rules]


def _run(books: Sequence[Rulebook], trial: Trial, kinds: Mapping[str, Kind]) -> TrialResult:
    rule = next((rule for rule in books[0].rules if rule.name == trial.rule), None)
    wanted = tuple(in_seconds(written) for written in trial.expect)
    if rule is None:
        return TrialResult(trial.name, trial.rule, wanted, (f"no rule {trial.rule} in this book",))
    scene = stage(trial, rule if ANY_KIND not in rule.kinds else rule.model_copy(update={"kind": sorted(kinds)}))
    engine = Engine(books, kinds, scene.community, tells_shadows=True)
    return TrialResult(trial.name, trial.rule, wanted, told(played(engine, scene), trial.rule, scene.start))
