"""What a condition may look at while one reading is judged: its values, what was said shortly before, the past of its
counters, and what people wrote about the device, its person and its place. It judges nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import tzinfo
from functools import cached_property
from typing import Final, TypeGuard
from zoneinfo import ZoneInfo

from domain import Attribute, Device, Instant, Person, Quality, Reading, Subject, Value
from domain.geo import Point
from domain.levels import DOORS, LevelRole
from domain.people import Community
from domain.places import upward
from rules.plan import STALE_AFTER
from rules.seat import Seat
from rules.sun import sky
from rules.tree import Window
from rules.trend import days_left, followed
from rules.window import History, history_of
from rules.workdays import moment, offset_ms, zone_named

GROUP: Final = "/"
"""Stands in the id under which a group is kept (`building/b3`), and in no device's id: it parts MQTT topics."""
DEFAULT_ZONE: Final = ZoneInfo("Asia/Shanghai")
CLOCK_OFFSET: Final = "clock_offset_s"
"""By how many seconds a device's clock is ahead, where it is not sane."""
_UNTIMELY: Final = frozenset({Quality.CLOCK, Quality.RETAINED})
LOCATED: Final = ("lat", "lon", "datum")
"""What a place has beside its attributes: `place.lat` is where the door is, known of it or of its building."""
_EXACT: Final = DOORS | {LevelRole.SPOT}
"""Places whose coordinates are near enough to be those of what is in them."""


class Neighbourhood:
    """The community, as rules ask about it."""

    def __init__(
        self, community: Community, zone: tzinfo = DEFAULT_ZONE, stands: Callable[[Seat, str], bool] | None = None
    ) -> None:
        self.community, self.zone = community, zone
        self.stands = stands or (lambda _seat, _rule: False)
        self._one_zone = not any("timezone" in place.attributes for place in community.places.values())

    def people_of(self, device: Device) -> tuple[Person, ...]:
        """The person who carries the device, else those who live where it hangs."""
        if device.attributes.get("person") is not None:
            bearer = self.community.bearer_of(device)
            return () if bearer is None else (bearer,)
        return self.community.behind_door(device.place)

    def attribute(self, device: Device, owner: str, name: str) -> Attribute | None:
        """What people wrote; of several residents the first for whom it is so, else the first for whom it is known."""
        if owner == "device":
            return device.attributes.get(name)
        if owner == "place":
            return self._of_place(self._place(device), name)
        known = [person.attributes[name] for person in self.people_of(device) if name in person.attributes]
        return next((value for value in known if value), known[0] if known else None)

    def _place(self, device: Device) -> str | None:
        """Where it belongs: what a person carries, to the home of the person."""
        bearer = self.community.bearer_of(device)
        return bearer.home if bearer is not None and bearer.home is not None else device.place

    def _of_place(self, place: str | None, name: str) -> Attribute | None:
        known = self.community.places.get(place or "")
        if known is None or name in known.attributes:
            return None if known is None else known.attributes[name]
        if name not in LOCATED:
            return None
        # The middle of a compound or of a road is no door.
        near = (node for node in upward(self.community.places, place) if self.community.role_of(node) in _EXACT)
        door = next((node for node in near if node.lat is not None and node.lon is not None), None)
        return None if door is None else getattr(door, name)

    def point_of(self, device: Device) -> Point | None:
        """Where the sun is looked at: the device, its place or one around it, else any place of the site that has
        coordinates: across a town the sun differs by seconds."""
        own = tuple(device.attributes.get(name) for name in ("lat", "lon"))
        place = self._place(device)
        written = tuple(self._of_place(place, name) for name in ("lat", "lon"))
        around = ((node.lat, node.lon) for node in upward(self.community.places, place))
        points = (own, written, *around, self._site_point)
        return next(((lat, lon) for lat, lon in points if is_degrees(lat) and is_degrees(lon)), None)

    @cached_property
    def _site_point(self) -> tuple[float | None, float | None]:
        nodes = self.community.places.values()
        return next(((node.lat, node.lon) for node in nodes if node.lat is not None), (None, None))

    def zone_of(self, device: Device) -> tzinfo:
        """By whose clock it lives: its own, its place's, one around it, the site's; what is no zone is passed over."""
        if self._one_zone and "timezone" not in device.attributes:
            return self.zone
        around = (node.attributes.get("timezone") for node in upward(self.community.places, self._place(device)))
        written = (device.attributes.get("timezone"), *around)
        return next((zone for name in written if name and (zone := zone_named(str(name))) is not None), self.zone)

    def subject(self, device: Device, of: str) -> tuple[Subject, str | None]:
        """Whom a finding is about, and where to go: to a person's home; to a device, or to its bearer's home."""
        kind, group, name = device.id.partition(GROUP)
        if group:
            return Subject(kind, name), device.place
        named = device.attributes.get("person")
        if of != "person" or named is None:
            return Subject("device", device.id), self.community.place_of(device)
        return Subject("person", str(named)), self._place(device)

    def group_of(self, device: Device, of: str) -> Device | None:
        """The household, building, cell or line a device (or a smaller group) belongs to, as the device it is kept as.

        A device without a place joins nothing. What a person carries belongs to the home of the person.
        """
        place = self._place(device)
        if of == "line":
            line = device.attributes.get("line")
            return None if line is None else Device(f"{of}{GROUP}{line}", of, place=place)
        if of == "cell":
            cell = self.community.cell_of(place)
            return None if cell is None else Device(f"{of}{GROUP}{cell}", of, place=place)
        found = self.community.building_of(place) if of == "building" else self.community.household_of(place)
        return None if found is None else Device(f"{of}{GROUP}{found.id}", of, place=found.id)

    def where(self, place: str | None, device: str) -> str:
        """Where something was found, as a worker reads it: the address, else the device."""
        return self.community.address(place) or device


class Scope:
    """One reading, as the conditions see it."""

    __slots__ = ("_at", "_histories", "_past_at", "_seat", "neighbourhood", "values")

    def __init__(
        self,
        seat: Seat,
        neighbourhood: Neighbourhood,
        at: Instant,
        values: Mapping[str, Value],
        past_at: Instant | None = None,
    ) -> None:
        """`past_at`: when the values were measured, if they are judged again later; windows look back from there."""
        self._seat, self.neighbourhood, self._at, self.values = seat, neighbourhood, at, values
        self._past_at = at if past_at is None else past_at
        self._histories: Mapping[str, History] = seat.histories or {}

    def attribute(self, owner: str, name: str) -> Value | None:
        """What people wrote about device, person or place; the time; what else was found."""
        if owner == "time":
            return moment(self._at, self.neighbourhood.zone_of(self._seat.device), name)
        if owner == "sun":
            return sky(self._at, self.neighbourhood.point_of(self._seat.device), name)
        if owner == "finding":
            return self.neighbourhood.stands(self._seat, name.replace("_", "-"))
        return self.neighbourhood.attribute(self._seat.device, owner, name)

    def window(self, window: Window) -> float | None:
        """What the past of a quantity says at the reading's event time."""
        if window.function == "usual":
            learned = (self._seat.usuals or {}).get(window.quantity)
            if learned is None:
                return None
            return learned.ask(self._past_at, offset_ms(self._past_at, self.neighbourhood.zone_of(self._seat.device)))
        if window.function == "days_left":
            return self._days_left(window.quantity)
        past = self._histories.get(history_of(window))
        if past is None or window.quantity not in self.values:
            return None
        return past.ask(window, self._past_at)

    def _days_left(self, quantity: str) -> float | None:
        trend, value = (self._seat.trends or {}).get(quantity), self.values.get(quantity)
        return days_left(trend, self._past_at, value) if trend is not None and isinstance(value, (int, float)) else None


def is_degrees(written: object) -> TypeGuard[float]:
    """A table of attributes holds what people typed."""
    return isinstance(written, (int, float)) and not isinstance(written, bool)


def learn_usual(seat: Seat, neighbourhood: Neighbourhood, at: Instant, values: dict[str, Value]) -> None:
    """Teaches what is usual; the hour that is still going on counts only when it is over. What falls is followed."""
    for name in seat.plan.trends.intersection(values):
        _follow(seat, name, at, values[name])
    if not seat.plan.usual:
        return
    offset = offset_ms(at, neighbourhood.zone_of(seat.device))
    for name, counter in seat.plan.usual.items():
        value = values.get(name)
        if isinstance(value, (int, float)):
            seat.usual(name, counter).learn(at, value, offset)


def _follow(seat: Seat, quantity: str, at: Instant, value: Value) -> None:
    if isinstance(value, (int, float)):
        seat.trends = seat.trends if seat.trends is not None else {}
        seat.trends[quantity] = followed(seat.trends.get(quantity), at, value)


def believable(reading: Reading) -> dict[str, Value]:
    """The values that rules judge: what is implausible is recorded and shown, not judged. A clock that nobody doubts is
    right, so that what was found of it may end."""
    values, doubts = reading.values, reading.doubts
    if doubts:
        values = {name: value for name, value in values.items() if doubts.get(name) is not Quality.IMPLAUSIBLE}
    unsure = not reading.ahead_ms and (CLOCK_OFFSET in values or not _UNTIMELY.isdisjoint(doubts.values()))
    return values if unsure else {**values, CLOCK_OFFSET: round(reading.ahead_ms / 1000)}


def with_memory(seat: Seat, at: Instant, values: dict[str, Value], late: bool) -> Mapping[str, Value]:
    """The values, completed by what the device said shortly before of other quantities of the same rules.

    A late reading is judged by itself: what is remembered was said after it.
    """
    plan = seat.plan
    if not plan.remembered or late:
        return values
    oldest = at - STALE_AFTER.patience_ms(seat.report_every_ms)
    remembered = seat.remembered or {}
    recalled = {name: value for name, (since, value) in remembered.items() if since >= oldest}
    if len(recalled) < len(remembered):
        remembered = {name: remembered[name] for name in recalled}
    for name in plan.remembered & values.keys():
        remembered[name] = (at, values[name])
    seat.remembered = remembered
    recalled.update(values)
    return recalled


def remember_past(seat: Seat, at: Instant, values: dict[str, Value]) -> None:
    """Adds what the reading says to the past that rules ask about; yes is 1, no is 0."""
    for name, kept in seat.plan.windows.items():
        value = values.get(kept.quantity)
        if isinstance(value, (int, float)):
            seat.histories = seat.histories if seat.histories is not None else {}
            past = seat.histories.get(name)
            if past is None:
                past = seat.histories[name] = kept.history()
            past.add(at, +value)
