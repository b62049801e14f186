"""Schemas of ladders: who is notified, in which order, and under which conditions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alerts.escalation.policy import Occasion, Responsibility
from console.schemas.references import Schema
from console.timestamps import Timestamp
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


class PreviewedPerson(Schema, frozen=True, kw_only=True):
    """A person who would be told, and the channels that lead to him; none: no address is known."""

    id: str
    name: str
    channels: list[str]


class PreviewedCall(Schema, frozen=True, kw_only=True):
    """People who would be told together. `gap`: the rung has nobody on duty then; it is passed over."""

    role: str
    responsibility: Responsibility
    phone: bool
    """A phone call to those whom an earlier rung called and who have not answered."""
    occasion: Occasion
    after_ms: int
    rung: int | None
    people: list[PreviewedPerson]
    gap: bool


class LadderPreview(Schema, frozen=True, kw_only=True):
    """The calls of an alert that would be opened at `at`, if nobody answered."""

    rule: str
    title: str
    severity: Severity
    ledger: Ledger
    place: str
    address: str
    at: Timestamp
    vulnerable: str
    take_within_ms: int
    arrive_within_ms: int
    calls: list[PreviewedCall]
