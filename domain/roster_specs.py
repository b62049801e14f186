"""Specs of rotations: `rosters.yaml` and the API validate by the same one."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from domain import MINUTE, DayType, Instant
from domain.duration import parse_duration
from domain.rosters import DAY_MINUTES, SHIFT_MINUTES_MAX, Handover, Rotation, RotationLayer, Shift
from domain.specs import Clock, Id, Name, Spec, minute_of

_EVERY: Final = re.compile(r"([1-9]\d{0,2})([dw])", re.ASCII)
TEAMS_MAX, SHIFTS_MAX, LAYERS_MAX = 100, 24, 10
Weekday = Annotated[int, Field(ge=1, le=7)]
Weekdays = Annotated[list[Weekday], Field(max_length=7)]
DayTypes = Annotated[list[Annotated[DayType, Field(strict=False)]], Field(max_length=4)]
Members = Annotated[list[Id], Field(min_length=1, max_length=TEAMS_MAX)]


def _check_every(text: str) -> str:
    if not _EVERY.fullmatch(text):
        raise ValueError(f"{text!r} is no interval of handovers: write 1d, 7d, 1w or 2w")
    return text


def _check_date(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a date: write 2026-11-30") from None
    return text


class ShiftSpec(Spec):
    """A shift: `from` and `to` (at or before `from`: on the next day), or `length` for one of any other length."""

    name: Annotated[str, Field(max_length=40)] = ""
    from_: Annotated[Clock, Field(alias="from")]
    to: Clock | None = None
    length: str | None = None
    weekdays: Weekdays = Field(default_factory=list)
    days: DayTypes = Field(default_factory=list)

    @field_validator("length")
    @classmethod
    def _length_is_a_duration(cls, text: str | None) -> str | None:
        if text is not None and not MINUTE <= parse_duration(text) <= SHIFT_MINUTES_MAX * MINUTE:
            raise ValueError(f"{text!r} is no length of a shift: write 8h, 90m or 2d, up to 7d")
        return text

    @model_validator(mode="after")
    def _either_end_or_length(self) -> Self:
        if (self.to is None) == (self.length is None):
            raise ValueError("needs `to` or `length`, not both: write to: '16:00'")
        return self

    def value(self) -> Shift:
        begin = minute_of(self.from_) % DAY_MINUTES
        if self.length is not None:
            minutes = parse_duration(self.length) // MINUTE
        else:
            minutes = (minute_of(self.to or self.from_) - begin) % DAY_MINUTES or DAY_MINUTES
        return Shift(self.name, begin, minutes, tuple(sorted(set(self.weekdays))), tuple(dict.fromkeys(self.days)))


class HandoverSpec(Spec):
    """Every so many days (`1d`) or weeks (`1w`), at a local time and, for weeks, on a weekday."""

    every: Annotated[str, AfterValidator(_check_every)]
    at: Clock = "00:00"
    weekday: Weekday | None = None

    @model_validator(mode="after")
    def _weekday_goes_with_weeks(self) -> Self:
        if self.weekday is not None and not self.every.endswith("w"):
            raise ValueError("a weekday goes with weeks only: write every: 1w, or remove weekday")
        return self

    def value(self, start: date) -> Handover:
        number, unit = int(self.every[:-1]), self.every[-1]
        return Handover(start, minute_of(self.at) % DAY_MINUTES, number * (7 if unit == "w" else 1), self.weekday)


class LayerSpec(Spec):
    """Teams that take turns. A team is one id, or a list of ids of people who are on duty together."""

    rank: Annotated[int, Field(ge=0, le=99)] = 0
    members: Annotated[list[Id | Members], Field(min_length=1, max_length=TEAMS_MAX)]
    start: Annotated[str, AfterValidator(_check_date)]
    handover: HandoverSpec
    shifts: Annotated[list[ShiftSpec], Field(max_length=SHIFTS_MAX)] = Field(default_factory=list)

    def value(self) -> RotationLayer:
        teams = tuple((team,) if isinstance(team, str) else tuple(dict.fromkeys(team)) for team in self.members)
        handover = self.handover.value(date.fromisoformat(self.start))
        whole_day = (Shift("", handover.minute, DAY_MINUTES),)
        return RotationLayer(self.rank, teams, tuple(shift.value() for shift in self.shifts) or whole_day, handover)


class RotationSpec(Spec):
    """A rotation of one role for some cells; `since` and `until` are RFC 3339 times that the reader parses."""

    id: Id
    name: Name
    cells: Annotated[list[Id], Field(min_length=1, max_length=1000)]
    role: Name
    layers: Annotated[list[LayerSpec], Field(min_length=1, max_length=LAYERS_MAX)]
    hazards: Annotated[list[Name], Field(max_length=32)] = Field(default_factory=list)
    since: str | None = None
    until: str | None = None

    def value(self, since: Instant | None, until: Instant | None) -> Rotation:
        return Rotation(
            id=self.id,
            name=self.name,
            cells=tuple(dict.fromkeys(self.cells)),
            role=self.role,
            layers=tuple(layer.value() for layer in self.layers),
            hazards=tuple(dict.fromkeys(self.hazards)),
            since=since,
            until=until,
        )


def rotation_view(rotation: Rotation) -> dict[str, Any]:
    """A rotation in the form of its spec; `since` and `until` are instants."""
    return {
        "id": rotation.id,
        "name": rotation.name,
        "cells": list(rotation.cells),
        "role": rotation.role,
        "layers": [_layer_view(layer) for layer in rotation.layers],
        "hazards": list(rotation.hazards),
        "since": rotation.since,
        "until": rotation.until,
    }


def _layer_view(layer: RotationLayer) -> dict[str, Any]:
    handover = layer.handover
    weeks, odd_days = divmod(handover.every_days, 7)
    every = f"{handover.every_days}d" if odd_days else f"{weeks}w"
    return {
        "rank": layer.rank,
        "members": [team[0] if len(team) == 1 else list(team) for team in layer.teams],
        "start": handover.start.isoformat(),
        "handover": {"every": every, "at": format_clock(handover.minute), "weekday": handover.weekday},
        "shifts": [_shift_view(shift) for shift in layer.shifts],
    }


def _shift_view(shift: Shift) -> dict[str, Any]:
    end = shift.from_minute + shift.minutes
    length = None if shift.minutes <= DAY_MINUTES else f"{shift.minutes}m"
    return {
        "name": shift.name,
        "from": format_clock(shift.from_minute),
        "to": format_clock(end % DAY_MINUTES or DAY_MINUTES) if length is None else None,
        "length": length,
        "weekdays": list(shift.weekdays),
        "days": list(shift.days),
    }


def format_clock(minute: int) -> str:
    """
    >>> format_clock(450)
    '07:30'
    """
    return f"{minute // 60:02}:{minute % 60:02}"
