"""Schemas of what surrounds an alert: doors of the same unit, and the case in outside systems."""

from __future__ import annotations

from alerts.exchange.messages import Direction
from console.schemas.alerts import CareNote as CareNote
from console.schemas.references import Schema
from console.timestamps import Timestamp


class Household(Schema, frozen=True, kw_only=True):
    """A household of the unit: ids of its open alerts, how many of its people need help, and what helpers must know."""

    place: str
    name: str
    here: bool
    alerts: list[str]
    in_need: int
    care: list[CareNote]


class HandedOver(Schema, frozen=True, kw_only=True):
    """The alert as a case of an outside system: its number there, and the last state that either side reported."""

    system: str
    title: str
    title_en: str
    direction: Direction
    number: str
    state: str
    deadline: Timestamp | None
    updated_at: Timestamp


class Surroundings(Schema, frozen=True, kw_only=True):
    """`unit` is the address that the doors share; null where the alert's place is not in a building."""

    unit: str | None
    households: list[Household]
    handed_over: list[HandedOver]
