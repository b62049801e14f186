"""Where the gas alarms, smoke alarms and fire panels of a town are, and what kitchen or room each of them watches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from domain import Device
from domain.places import self_and_ancestors
from simulators.models.distributions import key_of, share
from simulators.models.smoke import NOMINAL_OD_M
from simulators.town.rooms.fire_plays import SmokeRoom
from simulators.town.rooms.gas_plays import Kitchen
from simulators.town.rooms.sensors import has_valve, measures_co, measures_heat
from simulators.town.rooms.values import RoomDevice, room_device
from simulators.town.town import Town

ROOM_KINDS: Final = frozenset({"gas_alarm", "smoke_alarm", "fire_panel"})
_CATERING_M3: Final = (30.0, 70.0)
_STAIR_FLOOR_M3: Final = 35.0


class RoomIndex:
    """The devices of a town by what they watch. Everything in the order of the town's devices."""

    def __init__(self, town: Town) -> None:
        self._places = {place.id: place for place in town.places}
        self._volumes = {household.place: household.volume_m3 for household in town.households}
        self.devices: Mapping[str, Device] = {device.id: device for device in town.devices if device.kind in ROOM_KINDS}
        self._buildings = {device.id: self._building(device) for device in self.devices.values()}
        gas = self.of_kind("gas_alarm")
        self.catering = [device for device in gas if device.attributes.get("use") == "catering"]
        self.homes = [device for device in gas if device.attributes.get("use") != "catering"]
        smoke = self.of_kind("smoke_alarm")
        self.corridors = [device for device in smoke if device.place not in self._volumes]
        self.rooms = [device for device in smoke if device.place in self._volumes]
        self.panels = self.of_kind("fire_panel")
        self._by_building: dict[str, list[Device]] = {}
        self._by_unit: dict[str, list[Device]] = {}
        for device in self.devices.values():
            self._by_building.setdefault(self._buildings[device.id], []).append(device)
            self._by_unit.setdefault(self._unit(device), []).append(device)

    def reporting(self) -> list[RoomDevice]:
        """All devices as they report on ordinary days."""
        return [room_device(device) for device in self.devices.values()]

    def of_kind(self, kind: str) -> list[Device]:
        """The devices of one kind."""
        return [device for device in self.devices.values() if device.kind == kind]

    def in_building_of(self, device: Device, kind: str | None = None) -> list[Device]:
        """All devices of this index in the building of a device, itself included, of one kind or of all."""
        inside = self._by_building[self._buildings[device.id]]
        return [one for one in inside if kind is None or one.kind == kind]

    def in_unit_of(self, device: Device, kind: str) -> list[Device]:
        """The devices of one kind in the homes of the stairwell of a device, itself included."""
        return [one for one in self._by_unit[self._unit(device)] if one.kind == kind and one.place in self._volumes]

    def stairwells_with_kitchens(self, at_least: int) -> list[list[Device]]:
        """The gas alarms of homes by stairwell, of those with as many."""
        by_stairwell = [
            [one for one in inside if one.kind == "gas_alarm" and one.place in self._volumes]
            for inside in self._by_unit.values()
        ]
        return [kitchens for kitchens in by_stairwell if len(kitchens) >= at_least]

    def landings_of(self, device: Device) -> list[Device]:
        """The smoke alarms of the landings of the stairwell of a device, from the lowest on."""
        inside = self._by_unit[self._unit(device)]
        return [one for one in inside if one.kind == "smoke_alarm" and one.place not in self._volumes]

    def buildings(self) -> Sequence[str]:
        """The buildings that have devices."""
        return list(self._by_building)

    def in_building(self, building: str) -> Sequence[Device]:
        """The devices of a building."""
        return self._by_building[building]

    def _building(self, device: Device) -> str:
        above = list(self_and_ancestors(self._places, device.place))
        named = next((place.id for place in above if place.level == "building"), None)
        return named or (above[-1].id if above else device.id)

    def _unit(self, device: Device) -> str:
        """The place itself where it is no home, else the place around the home."""
        place = self._places.get(device.place or "")
        if place is None or place.id not in self._volumes:
            return device.place or device.id
        return place.parent or place.id

    def kitchen(self, device: Device) -> Kitchen:
        """The room of a gas alarm with the detector's own set-point, delay and valve."""
        key = key_of(device.id)
        low, high = _CATERING_M3
        catering = device.attributes.get("use") == "catering"
        volume = low + share(key, -10) * (high - low) if catering else self._volumes.get(device.place or "", 12.0)
        return Kitchen(
            device.id,
            volume_m3=volume,
            set_pct=round(6.0 + 6.0 * share(key, -11), 1),
            delay_s=round(15.0 + 35.0 * share(key, -12)),
            has_valve=has_valve(device),
            measures_co=measures_co(device),
        )

    def smoke_room(self, device: Device) -> SmokeRoom:
        """The room or the landing of a smoke alarm with its own threshold and lag."""
        key = key_of(device.id)
        return SmokeRoom(
            device.id,
            volume_m3=self._volumes[device.place] * 3.0 if device.place in self._volumes else _STAIR_FLOOR_M3,
            threshold_m=NOMINAL_OD_M * (0.6 + 0.4 * share(key, -10)),
            lag_s=10.0 + 35.0 * share(key, -11),
            measures_heat=measures_heat(device),
        )
