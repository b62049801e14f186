"""Schema of a scripted incident (simulators/scenarios/*.yaml)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from domain.duration import Duration

_Positive = Annotated[float, Field(gt=0)]
_NotNegative = Annotated[float, Field(ge=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Step(_Strict):
    """From `at` on (real time of the incident), gas leaks and the room is ventilated at these rates."""

    at: Duration
    what: str
    release_m3h: _NotNegative = 0.0
    air_changes_h: _NotNegative = 0.5
    valve_closed: bool = False


class GasDevice(_Strict):
    """The gas detector in the terms of its data sheet."""

    set_pct: _Positive = 8.0
    clear_pct: _Positive = 5.0
    delay: Duration = 15_000
    report_every: Duration = 20_000


class Scenario(_Strict):
    """One incident. `first_after` and `every` are demo time; within it, `time_lapse` real seconds take one second."""

    name: str
    title: str
    hazard: Literal["gas"]
    first_after: Duration
    every: Duration
    time_lapse: _Positive = 1.0
    lasts: Duration
    room_m3: _Positive
    background_pct: _NotNegative = 1.0
    device: GasDevice = GasDevice()
    steps: Annotated[list[Step], Field(min_length=1)]

    @model_validator(mode="after")
    def _in_order(self) -> Scenario:
        times = [step.at for step in self.steps]
        if times != sorted(times) or times[0] != 0:
            raise ValueError("steps are written in order of time and the first begins at 0s")
        if self.lasts / self.time_lapse >= self.every:
            raise ValueError("the incident lasts longer than `every`: write a larger every or time_lapse")
        return self
