"""What gas alarms, smoke alarms and fire panels report on ordinary days: nothing that alarms.

While people cook, a gas alarm sees up to 1.6 %LEL and 9 ppm of carbon monoxide (5 to 15 ppm near properly adjusted gas
stoves, US EPA), otherwise at most 0.6 %LEL and 3 ppm.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from msgspec import Struct

from domain import Device, Instant, Value
from simulators.models.device_behaviour import Behaviour, battery_pct, behaviour_of
from simulators.models.distributions import hashed, key_of
from simulators.town.rooms.sensors import has_valve, measures_co, measures_heat

COOKING_HOURS: Final = frozenset({6, 7, 11, 12, 17, 18, 19})


class RoomDevice(Struct, frozen=True):
    """A device with what its ordinary values depend on, worked out once."""

    id: str
    kind: str
    key: int
    behaviour: Behaviour
    valve: bool = False
    co: bool = False
    heat: bool = False

    def measure(self, turn: int, at: Instant, local: datetime) -> dict[str, Value]:
        """The values of one report. `turn` numbers the reports of the device; `local` is the local time."""
        return ordinary_values(self, turn, at, local.hour)


def room_device(device: Device) -> RoomDevice:
    gas, smoke = device.kind == "gas_alarm", device.kind == "smoke_alarm"
    return RoomDevice(
        device.id,
        device.kind,
        key_of(device.id),
        behaviour_of(device),
        valve=gas and has_valve(device),
        co=gas and measures_co(device),
        heat=smoke and measures_heat(device),
    )


def ordinary_values(device: RoomDevice, turn: int, at: Instant, local_hour: int) -> dict[str, Value]:
    """The values of one report. `turn` numbers the reports of the device."""
    if device.kind == "gas_alarm":
        values = _gas_values(device, hashed(device.key, turn), local_hour)
    else:
        values = {"alarm": False, "fault": False}
        if device.heat:
            values["temp_c"] = 18 + hashed(device.key, turn) % 9
    if device.behaviour.battery_days:
        values["battery_pct"] = battery_pct(device.key, at, device.behaviour.battery_days)
    return values


def _gas_values(device: RoomDevice, draw: int, local_hour: int) -> dict[str, Value]:
    cooking = local_hour in COOKING_HOURS and draw & 3 == 0
    values: dict[str, Value] = {
        "alarm": False,
        "lel_pct": (8 + draw % 9) / 10 if cooking else draw % 7 / 10,
        "fault": False,
    }
    if device.co:
        values["co_ppm"] = 2 + draw % 8 if cooking else draw % 4
    if device.valve:
        values["valve_closed"] = False
    return values
