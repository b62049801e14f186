"""The elders of a town with their devices: who wears which band, which door and motion sensors watch the home."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from domain import Device, Person, Place
from domain.geo import GCJ_02, to_wgs84
from domain.places import self_and_ancestors
from simulators.models.device_behaviour import Behaviour, behaviour_of
from simulators.models.distributions import key_of, share
from simulators.town.carried import carries
from simulators.town.town import Town

ELDER_KINDS: Final = frozenset({"wristband", "door", "motion", "sos_button"})
_BATTERY_DAYS: Final = (2, 5)


class HomeDevice(Struct, frozen=True):
    """A device with what its reports depend on, worked out once."""

    id: str
    kind: str
    key: int
    behaviour: Behaviour
    device: Device


class Home(Struct, frozen=True):
    """One person and the devices about that person. `position` is latitude and longitude in WGS-84.

    `living_alone`: nobody else opens the door or walks past the motion sensor.
    """

    person: str
    place: str
    bands: tuple[HomeDevice, ...]
    doors: tuple[HomeDevice, ...]
    motions: tuple[HomeDevice, ...]
    buttons: tuple[HomeDevice, ...]
    position: tuple[float, float]
    living_alone: bool
    wanders: bool

    @property
    def devices(self) -> tuple[HomeDevice, ...]:
        return (*self.bands, *self.doors, *self.motions, *self.buttons)


def homes_of(town: Town) -> list[Home]:
    """Every person with one of these devices, in the order of their first device.

    A device names its person by the attribute `person`; else it is about the first resident of its place, or the place
    itself.
    """
    places = {place.id: place for place in town.places}
    people = {person.id: person for person in town.people}
    residents = {household.place: household.residents for household in town.households}
    found: dict[str, list[Device]] = {}
    for device in town.devices:
        if device.kind in ELDER_KINDS:
            at_home = residents.get(device.place or "", ())
            default = at_home[0] if at_home else device.place or device.id
            found.setdefault(str(device.attributes.get("person", default)), []).append(device)
    return [_home(person, devices, places, people.get(person), residents) for person, devices in found.items()]


def _home(
    person: str,
    devices: Sequence[Device],
    places: Mapping[str, Place],
    known: Person | None,
    residents: Mapping[str, Sequence[str]],
) -> Home:
    place = next((device.place for device in devices if device.place), None) or (known.home if known else None) or ""
    by_kind: dict[str, list[HomeDevice]] = {kind: [] for kind in ELDER_KINDS}
    for device in devices:
        by_kind[device.kind].append(HomeDevice(device.id, device.kind, key_of(device.id), behaviour_of(device), device))
    return Home(
        person,
        place,
        tuple(by_kind["wristband"]),
        tuple(by_kind["door"]),
        tuple(by_kind["motion"]),
        tuple(by_kind["sos_button"]),
        position=_position(place, places),
        living_alone=len(residents.get(place, ())) <= 1,
        wanders=bool(known is not None and known.attributes.get("wanders")),
    )


def _position(place: str, places: Mapping[str, Place]) -> tuple[float, float]:
    """Of the place or the nearest around it; 0, 0 when none has one."""
    for node in self_and_ancestors(places, place):
        if node.lat is not None and node.lon is not None:
            return to_wgs84((node.lat, node.lon), node.datum or GCJ_02) or (node.lat, node.lon)
    return 0.0, 0.0


def has_body_temperature(device: HomeDevice) -> bool:
    """Whether the band reports body temperature: every second that could does, all others that of the skin."""
    return share(device.key, -10) < 0.5 and carries(device.device, "body_temp_c")


def has_blood_pressure(device: HomeDevice) -> bool:
    """Whether the band measures blood pressure, once an hour: one of three."""
    return share(device.key, -11) < 0.33


def days_between_charges(device: HomeDevice) -> int:
    first, last = _BATTERY_DAYS
    return first + int(share(device.key, -12) * (last - first + 1))
