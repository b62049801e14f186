"""Silences 静默 for planned work: which findings a silence covers, and which silences may be created.

As in Alertmanager a silence suppresses notification, not evaluation: a covered finding is stored, counted and shown,
and becomes an alert if it is still active when the silence ends. Pure: `now` is an argument.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct

from domain import DAY, HOUR, Device, Finding, Instant, Ledger, Place, Severity
from domain.places import self_and_ancestors

MAX_MS: Final = 7 * DAY
MAX_LIFE_SAFETY_MS: Final = 4 * HOUR
"""Maximum for a critical danger: as long as a person works on the spot."""


class Matchers(Struct, frozen=True, omit_defaults=True):
    """Conditions that must all be equal; `place` matches the place and everything below it."""

    rule: str | None = None
    hazard: str | None = None
    kind: str | None = None
    device: str | None = None
    place: str | None = None
    ledger: Ledger | None = None
    severity: Severity | None = None
    except_critical: bool = False
    """Whatever else matches: what is critical is told as ever. Work that takes days needs it (MAX_LIFE_SAFETY_MS)."""

    @property
    def names_location(self) -> bool:
        """Whether a device or a place is named."""
        return self.device is not None or self.place is not None


class Silence(Struct, frozen=True):
    """One silence, created by a person with a reason. Active while `since <= now < until`, unless ended earlier."""

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
    notify_only: bool = False
    """What it covers is recorded and told without asking for an answer; nobody is called."""

    @property
    def over_at(self) -> Instant:
        """When it ends, whether as planned or early."""
        return self.until if self.ended_at is None else min(self.until, self.ended_at)

    def is_active(self, now: Instant) -> bool:
        return self.since <= now < self.over_at


class HeldState(StrEnum):
    """What became of a finding covered by a silence."""

    HELD = "held"
    """Still firing; nobody was notified."""
    ENDED = "ended"
    """It ended before the silence did."""
    RELEASED = "released"
    """Still firing when the silence ended; notified then."""


class HeldFinding(Struct, frozen=True):
    """A finding suppressed by a silence, as it began."""

    finding: Finding
    silence: int
    at: Instant
    state: HeldState = HeldState.HELD
    settled_at: Instant | None = None


class RuleSummary(Struct, frozen=True):
    """The parts of a rule that a silence can match."""

    name: str
    hazard: str
    kinds: Collection[str]
    ledger: str
    severity: str


class SilenceFault(StrEnum):
    """Why a silence may not be created."""

    NO_REASON = "no_reason"
    EMPTY = "empty"
    ORDER = "order"
    PAST = "past"
    LONG = "long"
    BARE = "bare"
    """It can match a critical danger, but names no device or place."""
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
    """True for a critical danger."""
    return severity == Severity.CRITICAL and ledger == Ledger.DANGER


def find_silence(
    silences: Iterable[Silence],
    finding: Finding,
    devices: Mapping[str, Device],
    places: Mapping[str, Place],
    now: Instant,
) -> Silence | None:
    """The silence that covers this finding now; of several, one that holds calls back without informing comes first,
    then the one that ends last, then the oldest."""
    device = devices.get(finding.device or "")
    covering = [
        one
        for one in silences
        if one.is_active(now) and _covers(one.matchers, finding, device, places) and _may_cover(one, finding, places)
    ]
    return min(covering, key=lambda one: (one.notify_only, -one.over_at, one.id), default=None)


def silence_faults(
    matchers: Matchers,
    since: Instant,
    until: Instant,
    reason: str,
    rules: Iterable[RuleSummary],
    places: Mapping[str, Place],
    now: Instant,
) -> Iterator[SilenceFault]:
    """Every reason why this silence may not be created; none when it may."""
    if not reason.strip():
        yield SilenceFault.NO_REASON
    if matchers in (Matchers(), Matchers(except_critical=True)):
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
    """Whether these can match a critical danger. A rule that does not exist now counts as one: it may be added
    later."""
    if matchers.except_critical:
        return False
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
    """Whether every registered place lies below this one."""
    return place is not None and all(place in {up.id for up in self_and_ancestors(places, one)} for one in places)


def _may_cover(silence: Silence, finding: Finding, places: Mapping[str, Place]) -> bool:
    """False for a critical danger under a silence that is bare, site-wide or long, whatever was allowed at creation."""
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
    if any(name is not None and name != actual for name, actual in equal):
        return False
    if wanted.except_critical and finding.severity == Severity.CRITICAL:
        return False
    return wanted.place is None or wanted.place in _place_and_ancestors(finding, places)


def _place_and_ancestors(finding: Finding, places: Mapping[str, Place]) -> set[str]:
    """The place and its ancestors; an unregistered place only as itself."""
    return (
        set()
        if finding.place is None
        else {finding.place, *(up.id for up in self_and_ancestors(places, finding.place))}
    )
