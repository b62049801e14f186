"""CommunityIndex: the registry as rules read it: residents, place, attributes, zone, position and group of a device."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from functools import cached_property
from typing import Final, TypeGuard
from zoneinfo import ZoneInfo

from domain import Attribute, Device, Person, Subject
from domain.geo import Point
from domain.levels import INDOOR_LEVELS, LevelRole
from domain.people import Community
from domain.places import self_and_ancestors
from rules.language.local_calendar import find_zone
from rules.state.device import DeviceState
from rules.state.group_key import GroupKey

DEFAULT_ZONE: Final = ZoneInfo("Asia/Shanghai")
LOCATED: Final = ("lat", "lon", "datum")
"""What a place has beside its attributes: `place.lat` is where the door is, known of it or of its building."""
_EXACT: Final = INDOOR_LEVELS | {LevelRole.SPOT}
"""Places whose coordinates are near enough to be those of what is in them."""


class CommunityIndex:
    """The registry, indexed for rules."""

    def __init__(
        self,
        community: Community,
        zone: tzinfo = DEFAULT_ZONE,
        is_active: Callable[[DeviceState, str], bool] | None = None,
    ) -> None:
        """`is_active`: whether a rule has an active finding of a device or its groups; by default none has."""
        self.community, self.zone = community, zone
        self.is_active = is_active or (lambda _state, _rule: False)
        self._one_zone = not any("timezone" in place.attributes for place in community.places.values())

    def residents_of(self, device: Device) -> tuple[Person, ...]:
        """The person who carries the device, else the residents of its place."""
        if device.attributes.get("person") is not None:
            bearer = self.community.bearer_of(device)
            return () if bearer is None else (bearer,)
        return self.community.behind_door(device.place)

    def attribute(self, device: Device, owner: str, name: str) -> Attribute | None:
        """The attribute, or None. Of several residents: the first true value, else the first known one."""
        if owner == "device":
            return device.attributes.get(name)
        if owner == "place":
            return self._of_place(self._place(device), name)
        known = [person.attributes[name] for person in self.residents_of(device) if name in person.attributes]
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
        community = (
            node for node in self_and_ancestors(self.community.places, place) if self.community.role_of(node) in _EXACT
        )
        door = next((node for node in community if node.lat is not None and node.lon is not None), None)
        return None if door is None else getattr(door, name)

    def point_of(self, device: Device) -> Point | None:
        """Where the sun is looked at: the device, its place or one around it, else any place of the site that has
        coordinates: across a town the sun differs by seconds."""
        own = tuple(device.attributes.get(name) for name in ("lat", "lon"))
        place = self._place(device)
        written = tuple(self._of_place(place, name) for name in ("lat", "lon"))
        around = ((node.lat, node.lon) for node in self_and_ancestors(self.community.places, place))
        points = (own, written, *around, self._site_point)
        return next(((lat, lon) for lat, lon in points if is_degrees(lat) and is_degrees(lon)), None)

    @cached_property
    def _site_point(self) -> tuple[float | None, float | None]:
        nodes = self.community.places.values()
        return next(((node.lat, node.lon) for node in nodes if node.lat is not None), (None, None))

    def zone_of(self, device: Device) -> tzinfo:
        """The time zone of the device: its own, its place's, that of a surrounding place, else the site's. Unknown
        zones are skipped.
        """
        if self._one_zone and "timezone" not in device.attributes:
            return self.zone
        around = (
            node.attributes.get("timezone") for node in self_and_ancestors(self.community.places, self._place(device))
        )
        written = (device.attributes.get("timezone"), *around)
        return next((zone for name in written if name and (zone := find_zone(str(name))) is not None), self.zone)

    def subject(self, device: Device, of: str) -> tuple[Subject, str | None]:
        """The subject of a finding and the place to go to: a person's home, or the place of the device."""
        group = GroupKey.parse(device.id)
        if group is not None:
            return Subject(group.type, group.name), device.place
        named = device.attributes.get("person")
        if of != "person" or named is None:
            return Subject("device", device.id), self.community.place_of(device)
        return Subject("person", str(named)), self._place(device)

    def group_of(self, device: Device, of: str) -> Device | None:
        """The household, building, cell or line of a device or a smaller group, as the device of its stored state.

        A device without a place belongs to none. What a person carries belongs to the home of the person.
        """
        place = self._place(device)
        if of == "line":
            line = device.attributes.get("line")
            return None if line is None else GroupKey(of, str(line)).as_device(place)
        if of == "cell":
            cell = self.community.cell_of(place)
            return None if cell is None else GroupKey(of, cell).as_device(place)
        found = self.community.building_of(place) if of == "building" else self.community.household_of(place)
        return None if found is None else GroupKey(of, found.id).as_device(found.id)

    def address_or_id(self, place: str | None, device: str) -> str:
        """Where something was found, as a worker reads it: the address, else the device."""
        return self.community.address(place) or device


def is_degrees(written: object) -> TypeGuard[float]:
    """True for a number; attributes may hold any typed text."""
    return isinstance(written, (int, float)) and not isinstance(written, bool)
