"""Finds the hours of the next days at which a danger would reach no person, for every cell and ladder.

Time is a list of instants at which the roster may change; a set of instants is an integer with one bit for each. A
district with 1,308 duties and 169,720 places takes part of a second. Pure: no files, no clock.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from alerts.channel_specs import LOGBOOK
from alerts.escalation.policy import EscalationPolicy, Ladder
from alerts.messages.deliveries import address_of
from alerts.roster.on_duty import responsible_cells
from alerts.roster.shifts import Turn, is_on_shift, rotation_turns
from domain import Duty, Instant, Ledger, Person, Severity
from domain.people import Community
from domain.rosters import Rotation

DAYS = 14
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
HOURS_SHOWN = 3


class CoverageGap(Struct, frozen=True):
    """Hours at which these ladders reach no person for a cell (None: for places without a cell)."""

    cell: str | None
    ladders: tuple[str, ...]
    roles: tuple[str, ...]
    hours: str


def is_reachable(person: Person, channels: Collection[str], enabled: Collection[str]) -> bool:
    """Whether one of these channels is enabled and has an address of this person; a logbook alone reaches everybody."""
    return set(enabled) <= {LOGBOOK} or any(channel in enabled and address_of(person, channel) for channel in channels)


def ladder_title(ladder: Ladder) -> str:
    """Ledger, severities and rules of a ladder, as its file names them."""
    levels = ", ".join(level.value for level in ladder.severities)
    return f"{ladder.ledger.value} {levels}" + (f" ({', '.join(ladder.rules)})" if ladder.rules else "")


class EscalationCoverage:
    """The roster of the next days as sets of instants; `enabled` are the channels that the site has configured.

    Lines and rotations for some hazards only are left out: other dangers do not reach their people.
    """

    def __init__(self, community: Community, enabled: Collection[str], now: Instant, tz: ZoneInfo) -> None:
        self._community, self._enabled, self._tz = community, frozenset(enabled) | {LOGBOOK}, tz
        self._end = _local_day(now, tz, DAYS)
        turns = [
            (rotation, list(rotation_turns(rotation, now, self._end, tz)))
            for rotation in community.rotations
            if not rotation.hazards
        ]
        edges = {at for _, held in turns for turn in held for at in (turn.begin, turn.end) if now < at < self._end}
        self._instants = sorted({*_changes(community.duties, now, tz), *edges})
        self._bits_of_hours: dict[Duty, int] = {}
        self._absent_bits: dict[str, int] = {}
        for duty in community.duties:
            if duty.absent:
                self._absent_bits[duty.person] = self._absent_bits.get(duty.person, 0) | self._shift_bits(duty)
        self._shifts: dict[tuple[str, str], list[tuple[Person, int]]] = {}
        for duty in community.duties:
            person = community.people.get(duty.person)
            if person is not None and not duty.absent and not duty.hazards:
                bits = self._shift_bits(duty) & ~self._absent_bits.get(person.id, 0)
                self._shifts.setdefault((duty.cell, duty.role), []).append((person, bits))
        for rotation, held in turns:
            for turn in held:
                self._add_turn(rotation, turn)

    def _add_turn(self, rotation: Rotation, turn: Turn) -> None:
        person = self._community.people.get(turn.person)
        if person is not None:
            bits = self._bits_between(turn.begin, turn.end) & ~self._absent_bits.get(person.id, 0)
            for cell in rotation.cells:
                self._shifts.setdefault((cell, rotation.role), []).append((person, bits))

    def gaps(self, policy: EscalationPolicy, cells: Collection[str | None]) -> Iterator[CoverageGap]:
        """The gaps of each cell, one for all ladders with the same hours."""
        dangers = [ladder for ladder in policy.ladders if ladder.ledger is Ledger.DANGER]
        for cell in cells:
            by_hours: dict[int, list[Ladder]] = {}
            for ladder in dangers:
                by_hours.setdefault(self._unreachable_at(cell, ladder), []).append(ladder)
            for bits, ladders in by_hours.items():
                if bits:
                    recipients = [one for ladder in ladders for rung in ladder.rungs for one in rung.responsible]
                    roles = tuple(dict.fromkeys(one.role for one in recipients))
                    yield CoverageGap(cell, tuple(map(ladder_title, ladders)), roles, self._hours_text(bits))

    def _unreachable_at(self, cell: str | None, ladder: Ladder) -> int:
        """The instants at which no rung of a ladder reaches a person; the logbook counts for low severity only."""
        unreachable = (1 << len(self._instants)) - 1
        is_low = set(ladder.severities) == {Severity.LOW}
        for recipient in (one for rung in ladder.rungs for one in rung.responsible):
            channels = [way for way in (*recipient.channels, *recipient.fallback) if way != LOGBOOK or is_low]
            unreachable &= ~self._reachable_at(cell, recipient.role, channels)
        return unreachable

    def _reachable_at(self, cell: str | None, role: str, channels: Sequence[str]) -> int:
        """The instants at which a person of this role is reachable.

        As in an escalation, the lowest cell with anybody on duty is responsible, whether they are reachable or not.
        """
        reachable, unassigned = 0, (1 << len(self._instants)) - 1
        for responsible in responsible_cells(self._community, cell):
            shifts = self._shifts.get((responsible, role), ())
            with_address = (bits for person, bits in shifts if is_reachable(person, channels, self._enabled))
            reachable |= unassigned & reduce(or_, with_address, 0)
            unassigned &= ~reduce(or_, (bits for _, bits in shifts), 0)
        return reachable

    def _shift_bits(self, duty: Duty) -> int:
        """The instants at which a duty is on shift, cached by its hours and weekdays."""
        hours = replace(duty, id="", cell="", person="", rank=0, since=None, until=None, absent=False, hazards=())
        if hours not in self._bits_of_hours:
            bits = (is_on_shift(hours, at, self._tz) << index for index, at in enumerate(self._instants))
            self._bits_of_hours[hours] = reduce(or_, bits, 0)
        return self._bits_of_hours[hours] & self._bits_between(duty.since, duty.until)

    def _bits_between(self, since: Instant | None, until: Instant | None) -> int:
        first = 0 if since is None else bisect_left(self._instants, since)
        end = len(self._instants) if until is None else bisect_left(self._instants, until)
        return ((1 << end) - 1) & ~((1 << first) - 1)

    # -- text ---------------------------------------------------------------------------------------------------

    def _hours_text(self, bits: int) -> str:
        """`every day 20:00-08:00; ...`, at most HOURS_SHOWN groups."""
        if bits == (1 << len(self._instants)) - 1:
            return "at any hour"
        spans = list(self._spans(bits))
        by_hours: dict[str, list[datetime]] = {}
        for begin, end in spans:
            same = begin.date() == end.date() or end - begin < timedelta(days=1)
            text = f"{begin:%H:%M}-{end:%H:%M}" if same else f"{begin:%H:%M} to {WEEKDAYS[end.weekday()]} {end:%H:%M}"
            by_hours.setdefault(text, []).append(begin)
        texts = [f"{_days(begins)} {text}" for text, begins in by_hours.items()]
        more = f" and at {len(texts) - HOURS_SHOWN} more times" if len(texts) > HOURS_SHOWN else ""
        return "; ".join(texts[:HOURS_SHOWN]) + more

    def _spans(self, bits: int) -> Iterator[tuple[datetime, datetime]]:
        """Begin and end of each run of instants in `bits`, as local times."""
        begin: Instant | None = None
        for index, at in enumerate([*self._instants, self._end]):
            is_set = index < len(self._instants) and bits >> index & 1
            if is_set and begin is None:
                begin = at
            elif not is_set and begin is not None:
                yield datetime.fromtimestamp(begin / 1000, self._tz), datetime.fromtimestamp(at / 1000, self._tz)
                begin = None


def _days(begins: Sequence[datetime]) -> str:
    """`every day`, weekdays, or one date with its weekday."""
    weekdays = sorted({begin.weekday() for begin in begins})
    if len(begins) == 1:
        return f"{begins[0]:%Y-%m-%d} ({WEEKDAYS[weekdays[0]]})"
    return "every day" if len(weekdays) == 7 else " ".join(WEEKDAYS[day] for day in weekdays)


def _changes(duties: Sequence[Duty], now: Instant, tz: ZoneInfo) -> list[Instant]:
    """Now, and every instant of the next days at which a shift may start or end."""
    minutes = {0} | {minute % 1440 for duty in duties for minute in (duty.from_minute, duty.to_minute)}
    days = (_local_day(now, tz, day) for day in range(DAYS))
    changes = {_local_minute(day, minute, tz) for day in days for minute in minutes}
    changes |= {at for duty in duties for at in (duty.since, duty.until) if at is not None}
    return sorted({at for at in changes if now < at < _local_day(now, tz, DAYS)} | {now})


def _local_day(now: Instant, tz: ZoneInfo, day: int) -> Instant:
    local = datetime.fromtimestamp(now / 1000, tz).replace(hour=0, minute=0, second=0, microsecond=0)
    return round((local + timedelta(days=day)).timestamp() * 1000)


def _local_minute(day: Instant, minute: int, tz: ZoneInfo) -> Instant:
    local = datetime.fromtimestamp(day / 1000, tz).replace(hour=minute // 60, minute=minute % 60)
    return round(local.timestamp() * 1000)
