"""Schemas of ladders: who is notified, in which order, and under which conditions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alerts.escalation.policy import Occasion, Responsibility
from console.schemas.references import Schema
from domain import Ledger, Severity


class LadderConditions(Schema, frozen=True, kw_only=True):
    """All of the lists that are not empty must hold; `person` are attributes of a person concerned."""

    hazards: list[str]
    rules: list[str]
    places: list[str]
    hours: list[str]
    person: Mapping[str, Any]
    vulnerability: int


class LadderRecipient(Schema, frozen=True, kw_only=True):
    """A recipient, if nobody answers: `after_ms` from the opening, or on another occasion. `rung` null: beside them."""

    role: str
    responsibility: Responsibility
    occasion: Occasion
    after_ms: int
    rung: int | None
    channels: list[str]
    fallback: list[str]
    within_m: int | None
    at_most: int | None
    people_needed: int
    when: LadderConditions | None


class Ladder(Schema, frozen=True, kw_only=True):
    """One ladder with its deadlines in milliseconds; the most specific one whose conditions hold applies."""

    ledger: Ledger
    severities: list[Severity]
    rules: list[str]
    when: LadderConditions
    people_needed: int
    take_within_ms: int
    arrive_within_ms: int
    resolve_within_ms: int
    repeat_ms: int
    recipients: list[LadderRecipient]
