"""Gas alarms, smoke alarms and fire panels of a town."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Final

from simulators.town.incident_kinds import PICK_TRIES, IncidentKind
from simulators.town.play_source import PlaySource
from simulators.town.rooms.fire_incidents import FIRE_KINDS
from simulators.town.rooms.gas_incidents import GAS_KINDS
from simulators.town.rooms.index import ROOM_KINDS, RoomIndex
from simulators.town.town import Town

ROOM_INCIDENTS: Final[Mapping[str, IncidentKind[RoomIndex]]] = {kind.kind: kind for kind in (*GAS_KINDS, *FIRE_KINDS)}
"""Every kind of incident of these devices by name."""


class RoomSource(PlaySource[RoomIndex]):
    """The EventSource of gas alarms, smoke alarms and fire panels."""

    def __init__(self) -> None:
        super().__init__(ROOM_KINDS, RoomIndex, list(ROOM_INCIDENTS.values()))


def suitable_devices(town: Town, kind: str, seed: int) -> tuple[str, ...]:
    """Devices on which an incident of a kind can play, by seed; none when the town has none."""
    index, definition = RoomIndex(town), ROOM_INCIDENTS[kind]
    random = Random(f"{seed}/drill/{kind}")
    tried = (definition.pick(index, random) for _ in range(PICK_TRIES))
    return next((tuple(device.id for device in devices) for devices in tried if devices), ())
