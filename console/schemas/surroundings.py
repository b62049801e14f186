"""Schemas of what surrounds an alert: doors of the same stairwell, plans, and the case in outside systems."""

from __future__ import annotations

from enum import StrEnum

from alerts.exchange.messages import Direction
from console.schemas.alerts import CareNote as CareNote
from console.schemas.references import Schema, Value
from console.timestamps import Timestamp
from domain.device_summary import DeviceCondition


class Position(StrEnum):
    """Where a door is, seen from the door of an alert."""

    ABOVE = "above"
    BELOW = "below"
    BESIDE = "beside"


class DeviceValue(Schema, frozen=True, kw_only=True):
    """The newest value of a quantity."""

    quantity: str
    value: Value
    unit: str | None
    at: Timestamp


class DoorDevice(Schema, frozen=True, kw_only=True):
    """A device behind a door, and what it says now; `values` are of detectors next to the alert's door only."""

    id: str
    kind: str
    conditions: list[DeviceCondition]
    last_message_at: Timestamp | None
    values: list[DeviceValue]


class Household(Schema, frozen=True, kw_only=True):
    """A household of the unit: ids of its open alerts, how many of its people need help, and what helpers must know.

    `storey` and `door`: null where neither the tree of places nor the name of the door tells. `position`: where it is,
    seen from the alert's door, when it is next to it.
    """

    place: str
    name: str
    here: bool
    storey: int | None
    door: str | None
    position: Position | None
    devices: list[DoorDevice]
    alerts: list[str]
    in_need: int
    care: list[CareNote]


class PlanMark(Schema, frozen=True, kw_only=True):
    """A device on a plan, in per cent of its width from the left and of its height from the top. `here`: that of the
    alert."""

    device: str
    kind: str
    x: float
    y: float
    here: bool
    conditions: list[DeviceCondition]


class Plan(Schema, frozen=True, kw_only=True):
    """The drawing of a place around the alert; `path` is where it is read."""

    place: str
    name: str
    path: str
    marks: list[PlanMark]


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
    """`unit` is the address that the doors share; null where the alert's place is not in a building. `storeys`: how
    many the building has, where it says so. `plans`: those of the places around the alert, nearest first."""

    unit: str | None
    storeys: int | None
    plans: list[Plan]
    households: list[Household]
    handed_over: list[HandedOver]
