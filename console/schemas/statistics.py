"""Schemas of `/statistics`: response times, alarm load, bad actors, messages of a period."""

from __future__ import annotations

from msgspec import field

from alerts.analysis.alarm_load import LoadLevel
from alerts.analysis.case_figures import GroupBy
from console.schemas.references import Schema
from console.timestamps import Timestamp


class Durations(Schema, frozen=True, kw_only=True):
    """Response times in ms; null where nothing was measured."""

    count: int
    mean_ms: int | None
    median_ms: int | None
    p90_ms: int | None


class Ratio(Schema, frozen=True, kw_only=True):
    """`count` of `total`; `ratio` between 0 and 1, null of nothing."""

    count: int
    total: int
    ratio: float | None


class CaseFigures(Schema, frozen=True, kw_only=True):
    """Cases opened in the period. `closed` is the closing rate (结案率), `overdue` those that missed a deadline."""

    opened: int
    active: int
    settled: int
    closed: Ratio
    overdue: Ratio
    acknowledge: Durations
    arrive: Durations
    resolve: Durations
    taken_in_time: Ratio
    on_site_in_time: Ratio


class CaseGroup(CaseFigures, frozen=True, kw_only=True):
    """The figures of the cases with this key; null: no value. `title` is the key's name in Chinese."""

    key: str | None
    title: str


class Load(Schema, frozen=True, kw_only=True):
    """Alarm load of one operator position (ISA-18.2, EEMUA 191). Shares are between 0 and 1; peaks are of all
    positions together."""

    alarms: int
    operators: int
    per_ten_minutes: float
    per_day: float
    level: LoadLevel
    peak_minute: int
    peak_ten_minutes: int
    busy_hours: float
    over_ten: float
    flood: float
    floods: int
    stale: int


class BadActor(Schema, frozen=True, kw_only=True):
    """A device or rule with its number of alarms, their share of all, and what they turned out to be."""

    id: str
    title: str
    count: int
    share: float
    real: int
    false: int


class BadActors(Schema, frozen=True, kw_only=True):
    """The ten devices and the ten rules with the most alarms, and alarms that begin three times within a minute."""

    devices: list[BadActor]
    rules: list[BadActor]
    chattering: list[BadActor]
    share_of_top_ten: float | None


class DeliveryCount(Schema, frozen=True, kw_only=True):
    """Number of messages with this channel, provider, state and outcome code."""

    channel: str
    provider: str
    state: str
    code: str
    count: int


class Canary(Schema, frozen=True, kw_only=True):
    """A self-test; `steps_ms`: received, opened, sent, delivered, in ms since publishing, null when not reached."""

    at: Timestamp
    channel: str
    problem: str
    steps_ms: dict[str, int | None]


class DayCount(Schema, frozen=True, kw_only=True):
    """Cases opened on one local day, written as 2026-11-29."""

    day: str
    count: int


class Statistics(Schema, frozen=True, kw_only=True):
    """The figures of a period; `hours` counts cases by weekday (Monday first) and local hour."""

    from_: Timestamp = field(name="from")
    to: Timestamp
    place: str | None
    cases: CaseFigures
    groups: dict[GroupBy, list[CaseGroup]]
    load: Load
    bad_actors: BadActors
    dispositions: dict[str, int]
    undecided: int
    deliveries: list[DeliveryCount]
    hours: list[list[int]]
    days: list[DayCount]
    exercises: CaseFigures
