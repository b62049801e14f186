"""Could a danger reach nobody? Every cell, every ladder, every minute of the next days, by the roster that is written.

Time is a row of instants at which anything may change, and who is on duty is a whole number with one bit for each of
them, so that a district with 1,308 lines of roster and 169,720 places takes part of a second. It reads no files.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from zoneinfo import ZoneInfo

from msgspec import Struct

from alerts.escalation.policy import EscalationPolicy, Ladder
from alerts.escalation.roster import is_on_shift, responsible_cells
from alerts.messages.deliveries import LOGBOOK, address_of
from domain import Duty, Instant, Ledger, Person, Role, Severity
from domain.people import Community

DAYS = 14
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
HOURS_SHOWN = 3


class CoverageGap(Struct, frozen=True):
    """Nobody can be reached for this cell (None: a place without one) by these ladders at these hours."""

    cell: str | None
    ladders: tuple[str, ...]
    roles: tuple[Role, ...]
    hours: str


def is_reachable(person: Person, channels: Collection[str], enabled: Collection[str]) -> bool:
    """Whether one of these channels is set up and leads to this person. With a logbook alone everybody reads it."""
    return set(enabled) <= {LOGBOOK} or any(channel in enabled and address_of(person, channel) for channel in channels)


def ladder_title(ladder: Ladder) -> str:
    """A ladder as its file names it."""
    levels = ", ".join(level.value for level in ladder.severities)
    return f"{ladder.ledger.value} {levels}" + (f" ({', '.join(ladder.rules)})" if ladder.rules else "")


class EscalationCoverage:
    """Who can be reached for a cell, over the next days. `enabled` are the channels that the site has set up."""

    def __init__(self, community: Community, enabled: Collection[str], now: Instant, tz: ZoneInfo) -> None:
        self._community, self._enabled, self._tz = community, frozenset(enabled) | {LOGBOOK}, tz
        self._instants = _instants(community.duties, now, tz)
        self._end = _local_day(now, tz, DAYS)
        self._bits_of_hours: dict[Duty, int] = {}
        self._absent_bits: dict[str, int] = {}
        for duty in community.duties:
            if duty.absent:
                self._absent_bits[duty.person] = self._absent_bits.get(duty.person, 0) | self._shift_bits(duty)
        self._lines: dict[tuple[str, Role], list[tuple[Person, int]]] = {}
        for duty in community.duties:
            person = community.people.get(duty.person)
            if person is not None and not duty.absent:
                held = self._shift_bits(duty) & ~self._absent_bits.get(person.id, 0)
                self._lines.setdefault((duty.cell, duty.role), []).append((person, held))

    def gaps(self, book: EscalationPolicy, cells: Collection[str | None]) -> Iterator[CoverageGap]:
        """Where a danger would reach nobody. Ladders that miss the same hours are told together."""
        dangers = [ladder for ladder in book.ladders if ladder.ledger is Ledger.DANGER]
        for cell in cells:
            missed: dict[int, list[Ladder]] = {}
            for ladder in dangers:
                missed.setdefault(self._unreachable_at(cell, ladder), []).append(ladder)
            for hours, ladders in missed.items():
                if hours:
                    roles = tuple(dict.fromkeys(rung.role for ladder in ladders for rung in ladder.rungs))
                    yield CoverageGap(cell, tuple(map(ladder_title, ladders)), roles, self._hours_text(hours))

    def _unreachable_at(self, cell: str | None, ladder: Ladder) -> int:
        """The instants at which no rung of a ladder has anybody who can be told."""
        left = (1 << len(self._instants)) - 1
        small = set(ladder.severities) == {Severity.LOW}
        for rung in ladder.rungs:
            channels = [one for one in (*rung.channels, *rung.fallback) if one != LOGBOOK or small]
            left &= ~self._reachable_at(cell, rung.role, channels)
        return left

    def _reachable_at(self, cell: str | None, role: Role, channels: Sequence[str]) -> int:
        """As the roster asks: the lowest cell at which anybody is on duty, whether he can be told or not."""
        reached, free = 0, (1 << len(self._instants)) - 1
        for node in responsible_cells(self._community, cell):
            lines = self._lines.get((node, role), ())
            told = (held for person, held in lines if is_reachable(person, channels, self._enabled))
            reached |= free & reduce(or_, told, 0)
            free &= ~reduce(or_, (held for _, held in lines), 0)
        return reached

    def _shift_bits(self, duty: Duty) -> int:
        """The instants at which a line holds. Lines of the same hours are reckoned once."""
        hours = Duty("", "", Role.WORKER, "", 0, duty.weekdays, duty.from_minute, duty.to_minute)
        if hours not in self._bits_of_hours:
            bits = (is_on_shift(hours, at, self._tz) << index for index, at in enumerate(self._instants))
            self._bits_of_hours[hours] = reduce(or_, bits, 0)
        first = 0 if duty.since is None else bisect_left(self._instants, duty.since)
        beyond = len(self._instants) if duty.until is None else bisect_left(self._instants, duty.until)
        return self._bits_of_hours[hours] & ((1 << beyond) - 1) & ~((1 << first) - 1)

    # -- in words ---------------------------------------------------------------------------------------------------

    def _hours_text(self, hours: int) -> str:
        if hours == (1 << len(self._instants)) - 1:
            return "at any hour"
        spans = list(self._spans(hours))
        by_hours: dict[str, list[datetime]] = {}
        for begin, end in spans:
            same = begin.date() == end.date() or end - begin < timedelta(days=1)
            text = f"{begin:%H:%M}-{end:%H:%M}" if same else f"{begin:%H:%M} to {WEEKDAYS[end.weekday()]} {end:%H:%M}"
            by_hours.setdefault(text, []).append(begin)
        told = [f"{_days(begins)} {text}" for text, begins in by_hours.items()]
        more = f" and at {len(told) - HOURS_SHOWN} more times" if len(told) > HOURS_SHOWN else ""
        return "; ".join(told[:HOURS_SHOWN]) + more

    def _spans(self, hours: int) -> Iterator[tuple[datetime, datetime]]:
        """Runs of instants as local times, each to the next instant that is not among them."""
        begin: Instant | None = None
        for index, at in enumerate([*self._instants, self._end]):
            missed = index < len(self._instants) and hours >> index & 1
            if missed and begin is None:
                begin = at
            elif not missed and begin is not None:
                yield datetime.fromtimestamp(begin / 1000, self._tz), datetime.fromtimestamp(at / 1000, self._tz)
                begin = None


def _days(begins: Sequence[datetime]) -> str:
    """The days on which something begins: every day, some weekdays, or one date."""
    weekdays = sorted({begin.weekday() for begin in begins})
    if len(begins) == 1:
        return f"{begins[0]:%Y-%m-%d} ({WEEKDAYS[weekdays[0]]})"
    return "every day" if len(weekdays) == 7 else " ".join(WEEKDAYS[day] for day in weekdays)


def _instants(duties: Sequence[Duty], now: Instant, tz: ZoneInfo) -> list[Instant]:
    """Now, and every instant of the next days at which a line of the roster may begin or cease to hold."""
    minutes = {0} | {minute % 1440 for duty in duties for minute in (duty.from_minute, duty.to_minute)}
    days = (_local_day(now, tz, day) for day in range(DAYS))
    found = {_local_minute(day, minute, tz) for day in days for minute in minutes}
    found |= {at for duty in duties for at in (duty.since, duty.until) if at is not None}
    return sorted({at for at in found if now < at < _local_day(now, tz, DAYS)} | {now})


def _local_day(now: Instant, tz: ZoneInfo, day: int) -> Instant:
    local = datetime.fromtimestamp(now / 1000, tz).replace(hour=0, minute=0, second=0, microsecond=0)
    return round((local + timedelta(days=day)).timestamp() * 1000)


def _local_minute(day: Instant, minute: int, tz: ZoneInfo) -> Instant:
    local = datetime.fromtimestamp(day / 1000, tz).replace(hour=minute // 60, minute=minute % 60)
    return round(local.timestamp() * 1000)
