"""Schemas of `/drills`: exercises and who answered when."""

from __future__ import annotations

from console.schemas.references import Schema
from console.timestamps import Timestamp


class Scenario(Schema, frozen=True, kw_only=True):
    """A danger that can be played."""

    name: str
    hazard: str
    title: str
    severity: str


class DrillResponse(Schema, frozen=True, kw_only=True):
    """One person who was called. `answer` is the first action; times in ms since the person was called."""

    person: str
    name: str
    role: str
    channels: list[str]
    called_at: Timestamp
    delivered_ms: int | None
    answer: str | None
    answer_ms: int | None


class Drill(Schema, frozen=True, kw_only=True):
    """An exercise; `ended_at` is null while it runs. Times in ms since it was started."""

    id: str
    title: str
    hazard: str
    place: str | None
    address: str
    state: str
    started_at: Timestamp
    ended_at: Timestamp | None
    acknowledged_ms: int | None
    arrived_ms: int | None
    resolved_ms: int | None
    responses: list[DrillResponse]
