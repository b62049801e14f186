"""How bins, lamp posts, cameras, e-bike detectors and gateways report on ordinary days: nothing that alarms.

A bin fills from one collection to the next (at 06 and 18 o'clock) and is never full. A lamp is on while it is dark.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from msgspec import Struct

from domain import HOUR, MINUTE, Device, Instant, Value
from simulators.models.device_behaviour import Behaviour, battery_pct, behaviour_of, gateway_of
from simulators.models.distributions import hashed, key_of
from simulators.town.town import Town

STREET_KINDS: Final = frozenset({"bin", "lamp_post", "falling_object", "ebike_lift", "gateway"})
_LIFE_SAFETY: Final = frozenset({"gas_alarm", "smoke_alarm", "fire_panel", "wristband", "sos_button", "manhole"})
COLLECTION_HOURS: Final = (6, 18)
_USUALLY_FULL_PCT: Final = 60
_BIN_BATTERY_DAYS: Final = 1095
_DARK: Final = (
    *((18, 8), (19, 8), (19, 7), (19, 7), (20, 6), (20, 6)),
    *((20, 6), (20, 6), (19, 7), (18, 7), (18, 7), (18, 8)),
)
"""By month: the local hours in which lamps go on and off in 成都, an hour around sunset and sunrise at 30.6° N."""


class StreetDevice(Struct, frozen=True):
    """A device with what its ordinary values depend on."""

    id: str
    kind: str
    key: int
    behaviour: Behaviour

    def measure(self, turn: int, at: Instant, local: datetime) -> dict[str, Value]:
        """See ReportingDevice."""
        draw = hashed(self.key, turn)
        if self.kind == "bin":
            fill = usual_fill_pct(self.key, at, local)
            return {"fill_pct": fill, "full": False, "battery_pct": battery_pct(self.key, at, _BIN_BATTERY_DAYS)}
        if self.kind == "lamp_post":
            return {"on": is_dark(local), "tilt_deg": upright_deg(self.key)}
        if self.kind == "gateway":
            return {"temp_c": 28 + draw % 15, "rssi_dbm": -95 + draw % 30}
        values: dict[str, Value] = {"seen" if self.kind == "falling_object" else "present": False}
        return {**values, "temp_c": 15 + draw % 20}


def is_dark(local: datetime) -> bool:
    """Whether street lamps are on in this hour of the local day."""
    on, off = _DARK[local.month - 1]
    return local.hour >= on or local.hour < off


def usual_fill_pct(key: int, at: Instant, local: datetime) -> int:
    """How full a bin is: it fills evenly after a collection, some bins faster than others, up to four fifths."""
    morning, evening = COLLECTION_HOURS
    since = (local.hour - (evening if local.hour >= evening or local.hour < morning else morning)) % 24
    minutes = since * 60 + at % HOUR // MINUTE
    most = _USUALLY_FULL_PCT + hashed(key, -20) % 20
    return 4 + most * minutes // (12 * 60)


def upright_deg(key: int) -> float:
    """The inclination of a lamp post that stands as it was built: up to 1.5°."""
    return hashed(key, -21) % 16 / 10


class StreetIndex:
    """These devices of a town, and the gateways whose loss silences no device that life depends on."""

    def __init__(self, town: Town) -> None:
        self._of_kind: dict[str, list[Device]] = {kind: [] for kind in sorted(STREET_KINDS)}
        for device in town.devices:
            if device.kind in STREET_KINDS:
                self._of_kind[device.kind].append(device)
        self.behind: dict[str, list[Device]] = {one.id: [] for one in self.of_kind("gateway")}
        for device in town.devices:
            if (gateway := gateway_of(device)) in self.behind:
                self.behind[str(gateway)].append(device)
        known = [*self._of_kind.values(), *self.behind.values()]
        self.devices: Mapping[str, Device] = {device.id: device for some in known for device in some}
        self.light_gateways = [
            one for one in self.of_kind("gateway") if not any(two.kind in _LIFE_SAFETY for two in self.behind[one.id])
        ]

    def of_kind(self, kind: str) -> list[Device]:
        """The devices of one kind, in the order of the town."""
        return self._of_kind[kind]

    def reporting(self) -> Iterator[StreetDevice]:
        """See PlayIndex."""
        for devices in self._of_kind.values():
            for device in devices:
                yield StreetDevice(device.id, device.kind, key_of(device.id), behaviour_of(device))
