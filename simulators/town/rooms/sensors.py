"""What a gas alarm or a smoke alarm measures, by its id and by what its platform's format carries."""

from __future__ import annotations

from domain import Device
from simulators.models.device_behaviour import behaviour_of
from simulators.models.distributions import key_of, share
from simulators.town.carried import carries


def has_valve(device: Device) -> bool:
    """Whether a shut-off valve that the device reports hangs on the gas alarm: on six of ten that could."""
    return share(key_of(device.id), -13) < 0.6 and carries(device, "valve_closed")


def measures_co(device: Device) -> bool:
    """Whether the gas alarm measures and reports carbon monoxide."""
    return carries(device, "co_ppm")


def measures_heat(device: Device) -> bool:
    """Whether the smoke alarm has a thermistor: one of three that could."""
    return share(key_of(device.id), -12) < 0.33 and carries(device, "temp_c")


def is_on_mains(device: Device) -> bool:
    """Whether a power cut silences the device."""
    return behaviour_of(device).on_mains
