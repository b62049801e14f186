"""Which quantities the format of a device's platform carries: an incident that no message can show is none for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from domain import Device, Value
from simulators.events import Measurement
from simulators.wire.encoders import MessageEncoder

_AT: Final = 1_795_795_200_000
_PAIRS: Final[Mapping[str, tuple[Value, Value]]] = {
    "key": (2, 3),
    "co_ppm": (10, 200),
    "heart_rate_bpm": (60, 150),
    "spo2_pct": (88, 97),
    "body_temp_c": (36.4, 39.6),
    "battery_pct": (15, 80),
    "temp_c": (20, 60),
    "lat": (30.56, 30.57),
    "volume_m3": (100.0, 120.0),
    "flow_m3h": (0.0, 1.5),
    "tilt_deg": (0.5, 45.0),
    "water_level_mm": (20, 1700),
    "ch4_pct": (0.1, 2.0),
    "h2s_ppm": (1.0, 30.0),
}
"""Two values of each number; a bool is true or false."""
_AROUND: Final[Mapping[str, Mapping[str, Value]]] = {
    "test": {"alarm": True, "fault": False},
    "lat": {"lon": 104.06, "worn": True},
    "sos": {},
    "key": {},
    "fall": {"worn": True},
}
"""What is reported beside a quantity, where it is not that all is well."""
_ALL_WELL: Final[Mapping[str, Mapping[str, Value]]] = {
    "gas_alarm": {"alarm": False, "lel_pct": 0.4},
    "smoke_alarm": {"alarm": False},
    "fire_panel": {"alarm": False},
    "wristband": {"worn": True},
    "water_meter": {"volume_m3": 100.0},
    "manhole": {"opened": False, "tilt_deg": 0.5, "water_level_mm": 20, "flooded": False},
}
_KNOWN: dict[tuple[str, str | None, str, str], bool] = {}


def carries(device: Device, quantity: str) -> bool:
    """Whether two values of the quantity give two different messages of the device."""
    platform = device.identities[0].platform if device.identities else "native"
    key = (device.kind, device.model, platform, quantity)
    if key not in _KNOWN:
        first, second = (_encoded(device, quantity, value) for value in _PAIRS.get(quantity, (True, False)))
        _KNOWN[key] = first != second
    return _KNOWN[key]


def _encoded(device: Device, quantity: str, value: Value) -> object:
    well = _ALL_WELL.get(device.kind, {})
    around = {**well, **_AROUND[quantity]} if quantity == "test" else _AROUND.get(quantity, well)
    return MessageEncoder([device], _AT).encode(Measurement(device.id, {**around, quantity: value}), _AT)
