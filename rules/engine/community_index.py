"""Who lives where, as rules ask about it: residents, place, zone and group of a device."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from functools import cached_property
from typing import Final, TypeGuard
from zoneinfo import ZoneInfo

from domain import Attribute, Device, Person, Subject
from domain.geo import Point
from domain.levels import DOORS, LevelRole
from domain.people import Community
from domain.places import upward
from rules.language.local_calendar import zone_named
from rules.state.device import Seat

GROUP: Final = "/"
"""Stands in the id under which a group is kept (`building/b3`), and in no device's id: it parts MQTT topics."""
DEFAULT_ZONE: Final = ZoneInfo("Asia/Shanghai")
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


def is_degrees(written: object) -> TypeGuard[float]:
    """A table of attributes holds what people typed."""
    return isinstance(written, (int, float)) and not isinstance(written, bool)
