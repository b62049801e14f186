"""What lies between a physical quantity and the message about it: reporting plan, resolution, battery, network.

Reporting plans are those of the kinds (`report_every`), of the device where it has its own. Batteries fall evenly and
are replaced by maintenance before they alarm; one that is not replaced is an incident. Delays:

- NB-IoT: 0.84 s at good coverage (Ugwuanyi et al., Electronics 2021 10(18):2224), highly variable (Martinez et al.,
  Exploring the performance boundaries of NB-IoT), 10 s as the aim for exception reports at the edge of coverage (3GPP
  TR 45.820, unverified). The shares of the three classes are ours (unverified).
- DB35/T 2106-2022: periodic reports are spread by 10 to 60 s (domain facts B.6).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Final

from msgspec import Struct

from domain import DAY, HOUR, MINUTE, SECOND, Device, Instant
from domain.duration import parse_duration
from simulators.models.distributions import hashed, share

EPOCH: Final = 1_767_225_600_000
"""2026-01-01T00:00Z: batteries are counted from here."""
HEARTBEAT_JITTER_MS: Final = 60 * SECOND
_GOLDEN: Final = 0x9E3779B97F4A7C15
_JITTERS: Final = 59_999
"""A prime below the jitter, so that neighbouring numbers are spread without more mixing."""


class Network(StrEnum):
    """How a device reaches its platform."""

    NB_IOT = "nb_iot"
    LORAWAN = "lorawan"
    ZIGBEE = "zigbee"
    CELLULAR = "cellular"
    WIRED = "wired"


class Behaviour(Struct, frozen=True):
    """How a device reports. `report_ms` divides an hour or is a multiple of one; `battery_days` is 0 on mains."""

    report_ms: int
    network: Network
    battery_days: int

    @property
    def on_mains(self) -> bool:
        return self.battery_days == 0


_OF_KIND: Final[Mapping[str, Behaviour]] = {
    "gas_alarm": Behaviour(HOUR, Network.WIRED, 0),
    "smoke_alarm": Behaviour(DAY, Network.NB_IOT, 1825),
    "fire_panel": Behaviour(HOUR, Network.WIRED, 0),
    "wristband": Behaviour(10 * MINUTE, Network.CELLULAR, 5),
    "door": Behaviour(DAY, Network.ZIGBEE, 730),
    "motion": Behaviour(DAY, Network.ZIGBEE, 540),
    "sos_button": Behaviour(DAY, Network.NB_IOT, 1095),
    "bin": Behaviour(6 * HOUR, Network.NB_IOT, 1095),
    "lamp_post": Behaviour(HOUR, Network.CELLULAR, 0),
    "falling_object": Behaviour(DAY, Network.WIRED, 0),
    "ebike_lift": Behaviour(DAY, Network.WIRED, 0),
    "gateway": Behaviour(DAY, Network.WIRED, 0),
}
"""Plans of domain/kinds. Lives of batteries are ours (unverified)."""
_OTHER: Final = Behaviour(DAY, Network.NB_IOT, 1825)
_NETWORK_OF_PLATFORM: Final[Mapping[str, Network]] = {
    "chirpstack": Network.LORAWAN,
    "tts": Network.LORAWAN,
    "zigbee2mqtt": Network.ZIGBEE,
    "homeassistant": Network.ZIGBEE,
    "tasmota": Network.ZIGBEE,
    "ctwing": Network.NB_IOT,
    "iotda": Network.NB_IOT,
    "setracker": Network.CELLULAR,
    "shelly": Network.WIRED,
}
_REPLACED_AT_PCT: Final = 35.0


def behaviour_of(device: Device) -> Behaviour:
    """The behaviour of a device: its attributes `report_every`, `network`, `power` (mains, battery), else its kind's.

    >>> behaviour_of(Device("s1", "smoke_alarm", attributes={"report_every": "12h"})).report_ms // HOUR
    12
    """
    of_kind = _OF_KIND.get(device.kind, _OTHER)
    attributes = device.attributes
    written = attributes.get("report_every")
    report_ms = of_kind.report_ms if written is None else _written_ms(str(written))
    power = attributes.get("power", "mains" if of_kind.on_mains else "battery")
    days = 0 if power == "mains" else of_kind.battery_days or _OTHER.battery_days
    return Behaviour(report_ms, _network_of(device, of_kind.network), days)


@lru_cache(maxsize=64)
def _written_ms(written: str) -> int:
    """Plans are few and devices many."""
    return aligned_ms(parse_duration(written))


def _network_of(device: Device, otherwise: Network) -> Network:
    written = device.attributes.get("network")
    if written is not None:
        return Network(str(written))
    known = (_NETWORK_OF_PLATFORM.get(identity.platform) for identity in device.identities)
    return next((network for network in known if network is not None), otherwise)


def aligned_ms(interval_ms: int) -> int:
    """The longest interval, no longer than this one, that divides an hour or is a multiple of an hour.

    >>> aligned_ms(90 * MINUTE) // MINUTE, aligned_ms(25 * MINUTE) // MINUTE, aligned_ms(1)
    (60, 20, 120000)
    """
    if interval_ms >= HOUR:
        return interval_ms // HOUR * HOUR
    minutes = max(interval_ms // MINUTE, 2)
    return next(minute for minute in range(minutes, 1, -1) if 60 % minute == 0) * MINUTE


def heartbeat_phase(key: int, report_ms: int) -> int:
    """When in its interval a device reports. Never so late that the jitter carries it over a whole hour."""
    hours, within = divmod(hashed(key, -1) % report_ms, HOUR)
    return hours * HOUR + within % (min(report_ms, HOUR) - HEARTBEAT_JITTER_MS)


def heartbeat_jitter(key: int, turn: int) -> int:
    """Up to a minute, another one at every report."""
    return (key ^ turn * _GOLDEN) % _JITTERS


def battery_pct(key: int, at: Instant, life_days: int) -> int:
    """The battery in whole per cent: it falls evenly and is replaced at 35 %. From another state for every device.

    >>> [battery_pct(7, EPOCH + days * DAY, 730) for days in (0, 73, 146)]
    [66, 56, 46]
    """
    used = (at - EPOCH) / DAY / life_days * 100.0
    span = 100.0 - _REPLACED_AT_PCT
    return round(100.0 - (used + share(key, -2) * span) % span)


def delivery_delay_ms(network: Network, key: int, turn: int) -> int:
    """From the instant of measuring until the platform has the message. `turn` is any number of the message."""
    draw = hashed(key, turn)
    part, kind = draw % 1000 / 1000.0, draw // 1000 % 100
    if network is Network.NB_IOT:
        low, high = (600, 2_500) if kind < 85 else (2_500, 10_000) if kind < 98 else (10_000, 40_000)
    elif network is Network.LORAWAN:
        low, high = (80, 2_200)
    elif network is Network.CELLULAR:
        low, high = (250, 2_000) if kind < 95 else (2_000, 12_000)
    else:
        low, high = (20, 400)
    return low + round(part * (high - low))


def gateway_of(device: Device) -> str | None:
    """The gateway that the device hangs on, if it has one."""
    gateway = device.attributes.get("gateway")
    return None if gateway is None else str(gateway)
