"""Schemas of rulebook files: as they are in force, their versions, and how often their rules report findings."""

from __future__ import annotations

from typing import Literal

from console.schemas.references import Schema
from console.schemas.rules import ReloadResult, RulebookFault
from console.timestamps import Timestamp

Origin = Literal["built_in", "site", "replaced"]


class Rulebook(Schema, frozen=True, kw_only=True):
    """A rulebook in force. `origin`: delivered with the product, the site's own, or the site's in place of a delivered
    one. `etag` is what `If-Match` of a change must name."""

    name: str
    origin: Origin
    etag: str
    rules: list[str]
    has_trials: bool


class RulebookSource(Schema, frozen=True, kw_only=True):
    """A rulebook with its text and that of its trials."""

    name: str
    origin: Origin
    etag: str
    text: str
    trials: str
    delivered: str | None
    """The text as delivered with the product."""


class RulebookVersion(Schema, frozen=True, kw_only=True):
    """One text that came into force: `published` or `removed` over the console, or `found` as it was before."""

    number: int
    at: Timestamp
    action: Literal["found", "published", "removed"]
    by: str
    by_name: str
    reason: str
    etag: str
    in_force: bool


class RulebookVersionText(RulebookVersion, frozen=True, kw_only=True):
    """A version with its texts."""

    text: str
    trials: str


class PublishResult(Schema, frozen=True, kw_only=True):
    """What a change put in force. `faults`: those of other files, which had them before."""

    etag: str | None
    version: int
    changes: ReloadResult
    faults: list[RulebookFault]


class RuleActivity(Schema, frozen=True, kw_only=True):
    """How often a rule reported: findings that began in the period, the last of them, those active now and latched
    ones; `shadow`: findings by phase that notified nobody."""

    rule: str
    found: int
    last_at: Timestamp | None
    active: int
    latched: int
    shadow: dict[str, int]
