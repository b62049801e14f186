"""Rotations, overrides of a roster and swaps of shifts. docs/rosters.md defines the terms."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Final

from msgspec import Struct

from domain import DAY, DayType, Instant

DAY_MINUTES: Final = 1440
SHIFT_MINUTES_MAX: Final = 7 * DAY_MINUTES


class Shift(Struct, frozen=True):
    """Working hours that recur: they begin at a local minute of the day and last `minutes`, also over midnight.

    `weekdays` (ISO numbers) and `days` restrict the days on which it begins; without them it begins every day.
    """

    name: str
    from_minute: int
    minutes: int
    weekdays: tuple[int, ...] = ()
    days: tuple[DayType, ...] = ()


class Handover(Struct, frozen=True):
    """When one turn ends and the next begins: first at `start`, then every `every_days` days, at a local minute.

    With `weekday` every later handover is on that weekday; the first turn is shorter when `start` is on another.
    """

    start: date
    minute: int
    every_days: int
    weekday: int | None = None


class RotationLayer(Struct, frozen=True):
    """Teams that take turns, with their shifts. `rank` 0 is called first, 1 are its deputies.

    In turn k the shift number j is worked by team (k - j) modulo the number of teams: the next team takes over the
    first shift, the others move to the following shift, and those after the last one rest.
    """

    rank: int
    teams: tuple[tuple[str, ...], ...]
    shifts: tuple[Shift, ...]
    handover: Handover


class Rotation(Struct, frozen=True):
    """A rotation of one role for some cells. `hazards`: for alerts of these hazards only (see `Duty`)."""

    id: str
    name: str
    cells: tuple[str, ...]
    role: str
    layers: tuple[RotationLayer, ...]
    hazards: tuple[str, ...] = ()
    since: Instant | None = None
    until: Instant | None = None


class OverrideKind(StrEnum):
    """Why somebody does not work as the roster says."""

    LEAVE = "leave"
    """Off duty in every cell and role; the substitute, if any, works instead."""
    COVER = "cover"
    """Another person works instead."""
    SWAP = "swap"
    """Half of a swap to which both persons agreed."""


class Override(Struct, frozen=True):
    """A change of the roster for some hours: `substitute` works instead of `person`.

    `cell` and `role` limit a cover or swap to turns there. It takes effect while it is stored: removing it restores
    what the roster says. `leave` is the type of a leave (年假, 病假 ...), `made_by` the token that stored it.
    """

    id: str
    kind: OverrideKind
    person: str
    since: Instant
    until: Instant
    substitute: str | None = None
    cell: str | None = None
    role: str | None = None
    leave: str = ""
    reason: str = ""
    made_by: str = ""
    made_at: Instant = 0
    swap: str | None = None


class SwapState(StrEnum):
    """States of a proposed swap."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Swap(Struct, frozen=True):
    """One person asks another to work his turns from `since` to `until`; with `back_since` and `back_until` he works
    the other's turns then. Without the other's consent nothing changes.
    """

    id: str
    asker: str
    other: str
    since: Instant
    until: Instant
    expires_at: Instant
    back_since: Instant | None = None
    back_until: Instant | None = None
    cell: str | None = None
    role: str | None = None
    reason: str = ""
    state: SwapState = SwapState.PROPOSED
    proposed_at: Instant = 0
    proposed_by: str = ""
    answered_at: Instant | None = None
    answered_by: str = ""
    answer_reason: str = ""

    def state_at(self, now: Instant) -> SwapState:
        """The state, expired when nobody answered in time."""
        is_expired = self.state is SwapState.PROPOSED and now >= self.expires_at
        return SwapState.EXPIRED if is_expired else self.state

    def overrides(self, made_at: Instant, made_by: str) -> tuple[Override, ...]:
        """The overrides by which an accepted swap takes effect."""
        halves = [(self.asker, self.other, self.since, self.until)]
        if self.back_since is not None and self.back_until is not None:
            halves.append((self.other, self.asker, self.back_since, self.back_until))
        return tuple(
            Override(
                id=f"{self.id}-{number}",
                kind=OverrideKind.SWAP,
                person=person,
                since=since,
                until=until,
                substitute=substitute,
                cell=self.cell,
                role=self.role,
                reason=self.reason,
                made_by=made_by,
                made_at=made_at,
                swap=self.id,
            )
            for number, (person, substitute, since, until) in enumerate(halves, 1)
        )


HORIZON_MS: Final = 14 * DAY
"""How far ahead a roster is checked for gaps."""
