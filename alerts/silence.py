"""Silences 静默: planned work must not call anybody. Which findings a silence covers, and which silences may be made.

As in Alertmanager a silence suppresses the telling, not the judging: what it covers is kept, counted and shown, and
becomes an alert when the silence ends and the finding still stands. Pure: `now` is an argument.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct

from domain import DAY, HOUR, Device, Finding, Instant, Ledger, Place, Severity
from domain.places import upward

MAX_MS: Final = 7 * DAY
MAX_LIFE_SAFETY_MS: Final = 4 * HOUR
"""A critical danger may be silenced while somebody works on the spot, no longer."""


class Matchers(Struct, frozen=True, omit_defaults=True):
    """What a silence covers: everything that is named here must be equal; `place` means it or what lies under it."""

    rule: str | None = None
    hazard: str | None = None
    kind: str | None = None
    device: str | None = None
    place: str | None = None
    ledger: Ledger | None = None
    severity: Severity | None = None

    @property
    def names_location(self) -> bool:
        """Whether it names where: a device or a place."""
        return self.device is not None or self.place is not None


class Silence(Struct, frozen=True):
    """One planned silence, made by a person for a reason. Active while `since <= now < until`, unless ended before."""

    id: int
    matchers: Matchers
    since: Instant
    until: Instant
    by: str
    by_name: str
    reason: str
    created_at: Instant
    ended_at: Instant | None = None
    ended_by: str | None = None

    @property
    def over_at(self) -> Instant:
        """When it stops covering anything."""
        return self.until if self.ended_at is None else min(self.until, self.ended_at)

    def is_active(self, now: Instant) -> bool:
        return self.since <= now < self.over_at


class HeldState(StrEnum):
    """What became of a finding that a silence covered."""

    HELD = "held"
    """It stands, and nobody was told."""
    ENDED = "ended"
    """It ended before the silence did."""
    RELEASED = "released"
    """It stood when the silence ended, and was told then."""


class HeldFinding(Struct, frozen=True):
    """A finding that was suppressed because of a silence, as it began."""

    finding: Finding
    silence: int
    at: Instant
    state: HeldState = HeldState.HELD
    settled_at: Instant | None = None


class RuleSummary(Struct, frozen=True):
    """A rule as far as a silence asks: what its findings can be."""

    name: str
    hazard: str
    kinds: Collection[str]
    ledger: str
    severity: str


class SilenceFault(StrEnum):
    """Why a silence may not be made."""

    NO_REASON = "no_reason"
    EMPTY = "empty"
    ORDER = "order"
    PAST = "past"
    LONG = "long"
    BARE = "bare"
    """A critical danger, and no device or place is named."""
    WHOLE_SITE = "whole_site"
    LIFE_LONG = "life_long"


FAULT_FIELDS: Final[Mapping[SilenceFault, str]] = {
    SilenceFault.NO_REASON: "reason",
    SilenceFault.EMPTY: "matchers",
    SilenceFault.ORDER: "until",
    SilenceFault.PAST: "until",
    SilenceFault.LONG: "until",
    SilenceFault.BARE: "matchers",
    SilenceFault.WHOLE_SITE: "matchers.place",
    SilenceFault.LIFE_LONG: "until",
}
"""The field at fault."""


def is_life_safety(severity: str, ledger: str) -> bool:
    """A critical danger."""
    return severity == Severity.CRITICAL and ledger == Ledger.DANGER


def find_silence(
    silences: Iterable[Silence],
    finding: Finding,
    devices: Mapping[str, Device],
    places: Mapping[str, Place],
    now: Instant,
) -> Silence | None:
    """The silence that covers this finding now; of several the one that lasts longest, then the oldest."""
    device = devices.get(finding.device or "")
    covering = [
        one
        for one in silences
        if one.is_active(now) and _covers(one.matchers, finding, device, places) and _may_cover(one, finding, places)
    ]
    return min(covering, key=lambda one: (-one.over_at, one.id), default=None)


def silence_faults(
    matchers: Matchers,
    since: Instant,
    until: Instant,
    reason: str,
    rules: Iterable[RuleSummary],
    places: Mapping[str, Place],
    now: Instant,
) -> Iterator[SilenceFault]:
    """Why this silence may not be made; nothing when it may."""
    if not reason.strip():
        yield SilenceFault.NO_REASON
    if matchers == Matchers():
        yield SilenceFault.EMPTY
    if until <= since:
        yield SilenceFault.ORDER
    elif until <= now:
        yield SilenceFault.PAST
    elif until - since > MAX_MS:
        yield SilenceFault.LONG
    if reaches_life_safety(matchers, rules):
        yield from _life_safety_faults(matchers, since, until, places)


def reaches_life_safety(matchers: Matchers, rules: Iterable[RuleSummary]) -> bool:
    """Whether a critical danger may be among what these cover. A rule nobody has now may be one tomorrow."""
    if matchers.severity not in (None, Severity.CRITICAL) or matchers.ledger not in (None, Ledger.DANGER):
        return False
    named = [rule for rule in rules if matchers.rule in (None, rule.name)]
    if matchers.rule is None or not named:
        return True
    return any(is_life_safety(rule.severity, rule.ledger) for rule in named)


def _life_safety_faults(
    matchers: Matchers, since: Instant, until: Instant, places: Mapping[str, Place]
) -> Iterator[SilenceFault]:
    if not matchers.names_location:
        yield SilenceFault.BARE
    elif matchers.device is None and is_whole_site(matchers.place, places):
        yield SilenceFault.WHOLE_SITE
    if MAX_LIFE_SAFETY_MS < until - since <= MAX_MS:
        yield SilenceFault.LIFE_LONG


def is_whole_site(place: str | None, places: Mapping[str, Place]) -> bool:
    """Whether every place that is registered lies under this one."""
    return place is not None and all(place in {up.id for up in upward(places, one)} for one in places)


def _may_cover(silence: Silence, finding: Finding, places: Mapping[str, Place]) -> bool:
    """Never a critical danger by a silence that is bare, site-wide or long, whatever was allowed when it was made."""
    if not is_life_safety(finding.severity, finding.ledger):
        return True
    return not any(_life_safety_faults(silence.matchers, silence.since, silence.until, places)) and (
        silence.until - silence.since <= MAX_LIFE_SAFETY_MS
    )


def _covers(wanted: Matchers, finding: Finding, device: Device | None, places: Mapping[str, Place]) -> bool:
    kind = None if device is None else device.kind
    equal = (
        (wanted.rule, finding.rule),
        (wanted.hazard, finding.hazard),
        (wanted.kind, kind),
        (wanted.device, finding.device),
        (wanted.ledger, finding.ledger),
        (wanted.severity, finding.severity),
    )
    if any(name is not None and name != said for name, said in equal):
        return False
    return wanted.place is None or wanted.place in _place_and_ancestors(finding, places)


def _place_and_ancestors(finding: Finding, places: Mapping[str, Place]) -> set[str]:
    """The place of a finding, and what it lies in; the place's own id even when it is not registered."""
    return set() if finding.place is None else {finding.place, *(up.id for up in upward(places, finding.place))}
