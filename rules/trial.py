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
    device: {report_every: 30m}     what is written of the device
    delay: 26h                      every reading arrives so much later than it was measured
    together: true                  all arrive in one batch, after the last was measured
    outage: [1h, 3h]                from 1 h to 3 h nobody could be heard
    until: 2d                       time goes on so long after the last reading (default 1h)

An expectation says when it is told (arrival time, counted from the first step), what, and at which severity:

    50s begin critical    40s grade high    70s stale    130s end    20s withdraw

`begin` and `grade` name the severity. An empty list means: nothing is told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Final

from msgspec import Struct
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from domain import HOUR, Attribute, Device, Finding, Instant, Person, Phase, Place, Reading, Severity, Value
from domain.duration import Duration, parse_duration
from domain.kind import Kind, Name
from domain.people import Community, community
from rules.engine import Engine
from rules.rulebook import ANY_KIND, Rule, Rulebook, RuleName

START: Final[Instant] = 1_767_225_600_000
"""2026-01-01T00:00:00Z, when every trial begins. Any instant would do; a fixed one gives the same ids every time."""
DEVICE: Final = "trial-device"
LONGEST_STRIP: Final = 10_000

_VERBS: Final = {
    Phase.BEGAN: "begin", Phase.GRADED: "grade", Phase.STALE: "stale", Phase.ENDED: "end", Phase.WITHDRAWN: "withdraw",
}  # fmt: skip
_STEP: Final = re.compile(
    r"(?:(?P<gap>_)|(?P<truth>true|false)|(?P<number>-?\d+(?:\.\d+)?)(?P<slope>[+-]\d+(?:\.\d+)?)?)(?:x(?P<more>\d+))?"
)
_EXPECTED: Final = re.compile(r"(\S+) (begin|grade|stale|end|withdraw)(?: (critical|high|medium|low))?")


def strip(written: str) -> list[Value | None]:
    """The values of a strip; None where nothing is said.

    >>> strip("2 12x2 _x2 1+2x3 true")
    [2, 12, 12, 12, None, None, 1, 3, 5, 7, True]
    """
    values: list[Value | None] = []
    for part in written.split():
        values += _part(part)
        if len(values) > LONGEST_STRIP:
            raise ValueError(f"a strip has at most {LONGEST_STRIP} values: write a larger `every`")
    return values


def _part(part: str) -> list[Value | None]:
    match = _STEP.fullmatch(part)
    if match is None:
        raise ValueError(f"{part!r} is no part of a strip: write 5, 5x3, 1+2x3, true, truex3, _ or _x3")
    more = min(int(match["more"] or 0), LONGEST_STRIP)
    if match["gap"]:
        return [None] * max(more, 1)
    if match["truth"]:
        return [match["truth"] == "true"] * (more + 1)
    first, slope = _number(match["number"]), _number(match["slope"] or "0")
    # Rounded, so that 312.4+0.001x3 gives the values a person means.
    return [round(first + slope * step, 9) for step in range(more + 1)]


def _number(written: str) -> int | float:
    return float(written) if "." in written else int(written)


def expected(written: str) -> tuple[Instant, str]:
    """When and what of an expectation.

    >>> expected("2m10s begin critical")
    (130000, 'begin critical')
    """
    match = _EXPECTED.fullmatch(written)
    graded = match is not None and match[2] in ("begin", "grade")
    if match is None or graded != (match[3] is not None):
        raise ValueError(f"{written!r} is no expectation: write '50s begin critical', '40s grade high' or '130s end'")
    return parse_duration(match[1]), " ".join(part for part in (match[2], match[3]) if part)


def _strip_written(written: str) -> str:
    strip(written)
    return written


def _expectation_written(written: str) -> str:
    expected(written)
    return written


class Trial(BaseModel):
    """One incident in the words of the safety office."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1)]
    rule: RuleName
    kind: Name | None = None
    every: Duration
    readings: dict[Name, Annotated[str, AfterValidator(_strip_written)]] = {}
    person: dict[str, Attribute] = {}
    device: dict[str, Attribute] = {}
    delay: Duration = 0
    together: bool = False
    outage: tuple[Duration, Duration] | None = None
    until: Duration = HOUR
    expect: list[Annotated[str, AfterValidator(_expectation_written)]]

    @model_validator(mode="after")
    def _time_passes(self) -> Trial:
        if self.every <= 0:
            raise ValueError("every must be longer than nothing: write every: 10s")
        return self


class TrialBook(BaseModel):
    """The trials of one rulebook."""

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

    device: Device
    community: Community
    outage: tuple[Instant, Instant] | None
    batches: tuple[tuple[Instant, tuple[Reading, ...]], ...]
    end: Instant


def stage(trial: Trial, rule: Rule) -> Stage:
    """The device, its person, and the readings by arrival."""
    kind = trial.kind or next(iter(rule.kinds))
    home = Place("trial-home", "试验户", "household")
    person = Person("trial-person", "试验住户", home=home.id, attributes=dict(trial.person))
    attributes: dict[str, Attribute] = {"person": person.id, **trial.device}
    readings = list(_readings(trial, kind))
    last = max((reading.received for reading in readings), default=START)
    outage = None if trial.outage is None else (START + trial.outage[0], START + trial.outage[1])
    return Stage(
        Device(DEVICE, kind, place=home.id, attributes=attributes),
        community(places=[home], people=[person]),
        outage,
        tuple(_by_arrival(readings)),
        last + trial.until,
    )


def _readings(trial: Trial, kind: str) -> Iterator[Reading]:
    strips = {name: strip(written) for name, written in trial.readings.items()}
    steps = max((len(values) for values in strips.values()), default=0)
    for index in range(steps):
        said = {name: values[index] for name, values in strips.items() if index < len(values)}
        values = {name: value for name, value in said.items() if value is not None}
        at = START + index * trial.every
        received = (START + (steps - 1) * trial.every if trial.together else at) + trial.delay
        if values:
            yield Reading(DEVICE, kind, at, received, values)


def _by_arrival(readings: Sequence[Reading]) -> Iterator[tuple[Instant, tuple[Reading, ...]]]:
    for received in sorted({reading.received for reading in readings}):
        yield received, tuple(reading for reading in readings if reading.received == received)


def told(findings: Sequence[Finding], rule: str) -> tuple[str, ...]:
    """The findings of a rule in the words of expectations."""
    return tuple(
        _words(finding.now - START, finding.phase, finding.severity) for finding in findings if finding.rule == rule
    )


def _words(after: Instant, phase: Phase, severity: Severity) -> str:
    graded = phase in (Phase.BEGAN, Phase.GRADED)
    return f"{after / 1000:g}s {_VERBS[phase]}" + (f" {severity.value}" if graded else "")


def _normal(written: str) -> str:
    after, what = expected(written)
    return f"{after / 1000:g}s {what}"


def played(engine: Engine, scene: Stage) -> list[Finding]:
    """Plays a stage on an engine: the smallest host there is."""
    findings = engine.enrol([scene.device], START)
    for now, act in sorted([*_heard(scene), *_deaf(scene)], key=lambda moment: moment[0]):
        findings += act(engine, now)
    return findings + engine.tick(scene.end)


_Act = Callable[[Engine, Instant], list[Finding]]


def _heard(scene: Stage) -> Iterator[tuple[Instant, _Act]]:
    for received, readings in scene.batches:
        yield received, lambda engine, now, readings=readings: engine.feed(readings, now)  # type: ignore[misc]


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


def run_trials(book: Rulebook, trials: TrialBook, kinds: Mapping[str, Kind]) -> list[TrialResult]:
    """Plays every trial on an engine of its own. A trial of a rule that is not in the book fails with nothing told."""
    return [_run(book, trial, kinds) for trial in trials.trials]


def _run(book: Rulebook, trial: Trial, kinds: Mapping[str, Kind]) -> TrialResult:
    rule = next((rule for rule in book.rules if rule.name == trial.rule), None)
    wanted = tuple(_normal(written) for written in trial.expect)
    if rule is None:
        return TrialResult(trial.name, trial.rule, wanted, (f"no rule {trial.rule} in this book",))
    scene = stage(trial, rule if ANY_KIND not in rule.kinds else rule.model_copy(update={"kind": sorted(kinds)}))
    engine = Engine([book], kinds, scene.community)
    return TrialResult(trial.name, trial.rule, wanted, told(played(engine, scene), trial.rule))
