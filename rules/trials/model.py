"""The shape of a trial file: series of readings and the findings they must give, written beside a rulebook
(`gas_test.yaml` beside `gas.yaml`).

    trials:
    - name: 十秒一报，浓度持续超标三十秒才报
      rule: gas-low                 # only findings of this rule are compared
      every: 10s                    # the series have one value each 10 s, the first at 0 s
      readings:
        lel_pct: 2 12x2 3x10        # 2, then 12 and twice more 12, then 3 and ten times more 3
      expect: ["40s begin high", "130s end"]

A series (the notation of Prometheus' rule tests, the first value at 0 s):

    5          one value                      true false     a yes, a no
    5x3        5 and three times more 5       truex3         true and three times more
    1+2x3      1 3 5 7 (1, then 3 steps of +2)      9-2x3    9 7 5 3
    _          nothing said at this step      _x3            nothing for three steps

Several series run side by side; what falls on the same step is one reading. Beside `readings` a trial may say:

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

Several devices, in one building and as many households as are named, have series each (in place of `readings`):

    devices:
      gas-1: {kind: gas_alarm, household: "101", readings: {alarm: _ true}}
      gas-2: {kind: gas_alarm, household: "102", attributes: {use: catering}, readings: {alarm: _x3 true}}

An expectation says when it is told (arrival time, counted from the first step), what, and at which severity:

    50s begin critical    40s grade high    70s stale    130s end    20s withdraw

`begin` and `grade` name the severity. An empty list means: nothing is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, ClassVar, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from domain import HOUR, Attribute, Instant
from domain.duration import Duration
from domain.kind import Name
from rules.rulebook.model import RuleName
from rules.trials.series import check_start, check_step, parse_expectation, parse_series

START: Final[Instant] = 1_767_225_600_000
"""2026-01-01T00:00:00Z, when a trial begins that names no `start`: a fixed instant gives the same ids every time."""
DEVICE: Final = "trial-device"


def _check_series(written: str) -> str:
    parse_series(written)
    return written


def _check_expectation(written: str) -> str:
    parse_expectation(written)
    return written


class TrialDevice(BaseModel):
    """One of several devices that take part in a trial."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Name
    household: str = "home"
    attributes: dict[str, Attribute] = {}
    readings: dict[Name, Annotated[str, AfterValidator(_check_series)]]


class Trial(BaseModel):
    """One trial as written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1)]
    rule: RuleName
    kind: Name | None = None
    every: Annotated[Duration, AfterValidator(check_step)]
    readings: dict[Name, Annotated[str, AfterValidator(_check_series)]] = {}
    devices: dict[str, TrialDevice] = {}
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
    start: Annotated[datetime, AfterValidator(check_start)] | None = None
    expect: list[Annotated[str, AfterValidator(_check_expectation)]]

    @model_validator(mode="after")
    def _of_one_or_of_many(self) -> Trial:
        if self.devices and (self.readings or self.device or self.kind):
            raise ValueError("with devices, kind, attributes and readings belong to each of them: move them there")
        return self

    @property
    def start_ms(self) -> Instant:
        """When its first step is."""
        return START if self.start is None else round(self.start.timestamp() * 1000)

    def devices_by_name(self, kind: str) -> dict[str, TrialDevice]:
        """The devices by name; a trial of one device has one of this kind, unless it names another."""
        if self.devices:
            return self.devices
        one = TrialDevice(kind=self.kind or kind, attributes=self.device, readings=self.readings)
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
