"""Schemas of the health of the service."""

from __future__ import annotations

from typing import Literal

from console.schemas.references import Schema
from console.timestamps import Timestamp
from domain.device_summary import DeviceCondition

CheckName = Literal[
    "broker",
    "subscriptions",
    "journal",
    "intake",
    "readings",
    "backlog",
    "rules",
    "history",
    "outbox",
    "providers",
    "settings",
    "site",
    "preflight",
    "audit",
    "canary",
    "drill",
    "disk",
    "jobs",
    "backup",
]


class SystemCheck(Schema, frozen=True, kw_only=True):
    """One check. `value` in the unit of its figure (seconds, bytes, messages); `detail`: what is at fault, by name."""

    name: CheckName
    state: Literal["good", "watch", "bad"]
    value: float | None
    detail: list[str]


class Provider(Schema, frozen=True, kw_only=True):
    """A provider of a channel. `is_open`: it failed and is not asked for a while."""

    channel: str
    provider: str
    is_open: bool
    accepted: int
    failed: int


class JobState(Schema, frozen=True, kw_only=True):
    """A scheduled job: when it runs (crontab, local time), and how its last run ended."""

    name: str
    schedule: str
    last_run_at: Timestamp | None
    last_outcome: str | None


class Backup(Schema, frozen=True, kw_only=True):
    """A finished backup: when it was begun, its file's name and bytes, and whether it was verified by restoring."""

    at: Timestamp
    file: str
    bytes: int
    verified: bool


class HistoryCopy(Schema, frozen=True, kw_only=True):
    """The history was copied. `journal`: the newest position of the journal at that instant."""

    journal: int


class MachineState(Schema, frozen=True, kw_only=True):
    """One of several machines on a ledger: what it is, or was when it was seen last, and since when."""

    name: str
    address: str
    role: Literal["active", "standby"]
    version: str
    since: Timestamp
    seen_at: Timestamp


class SystemState(Schema, frozen=True, kw_only=True):
    """The health of the service. `rulebooks` and `registry_version`: what it judges by."""

    version: str
    started_at: Timestamp
    registry_version: int
    rulebooks: str
    checks: list[SystemCheck]
    providers: list[Provider]
    jobs: list[JobState]
    last_canary_at: Timestamp | None
    last_drill_at: Timestamp | None
    last_audit_at: Timestamp | None
    disk_free: int
    disk_total: int
    devices: dict[DeviceCondition, int]
    devices_total: int
    machines: list[MachineState]
    """Empty with a ledger in a file."""
