"""Schemas of devices with their state: the list, one device in detail, and its replacement."""

from __future__ import annotations

from console.schemas.messages import ReadingPoint
from console.schemas.references import NamedReference, Page, Schema
from console.schemas.registry import Device
from console.schemas.service import Silence
from console.timestamps import Timestamp
from domain import Ledger, Severity
from domain.device_summary import DeviceCondition


class Battery(Schema, frozen=True, kw_only=True):
    """The charge at its last measurement. `days_left` and `empty_at`: the forecast by the fall of two to four weeks."""

    pct: float
    at: Timestamp
    days_left: float | None
    empty_at: Timestamp | None


class DeviceItem(Device, frozen=True, kw_only=True):
    """A device in a list: where it is, how it is, when it was heard last."""

    address: str
    conditions: list[DeviceCondition]
    silenced: bool
    last_message_at: Timestamp | None
    battery: Battery | None


class DevicePage(Page[DeviceItem], frozen=True, kw_only=True):
    """Devices, the number of all that match, and how many of the visible ones are in each condition."""

    total: int
    counts: dict[DeviceCondition, int]


class GatewayState(Schema, frozen=True, kw_only=True):
    """The gateway of a device, and since when nothing comes through it."""

    id: str
    silent_since: Timestamp | None


class ActiveFinding(Schema, frozen=True, kw_only=True):
    """A rule with an active finding about the device."""

    rule: str
    title: str
    title_en: str
    severity: Severity
    ledger: Ledger


class Registered(Schema, frozen=True, kw_only=True):
    """When the device was registered and by whom, and when its record was changed last. `by`: null when not known."""

    at: Timestamp
    by: NamedReference | None
    changed_at: Timestamp


class DeviceDetail(DeviceItem, frozen=True, kw_only=True):
    """One device: state, newest value of each quantity, active findings, silences of it or of its place.

    `path`: names of the places around it, outermost first. `bearer`: who carries it, masked for most users.
    """

    path: list[str]
    report_every_ms: int
    latest: list[ReadingPoint]
    gateway: GatewayState | None
    firmware: str | None
    findings: list[ActiveFinding]
    silences: list[Silence]
    bearer: str | None
    registered: Registered | None


class Replacement(Schema, frozen=True, kw_only=True):
    """A device with its new hardware, and the number of refused messages of it that can be processed again."""

    device: Device
    replayable: int
