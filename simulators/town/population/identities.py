"""Identities in the form that each platform gives them. Unique in a town: each contains the number of the device."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from domain import Identity


def _luhn(digits: str) -> str:
    """The check digit of an IMEI (3GPP TS 23.003, annex B).

    >>> _luhn("49015420323751")
    '8'
    """
    total = 0
    for place, digit in enumerate(map(int, digits)):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)


def imei(number: int) -> str:
    """An IMEI that begins with 00, which GSMA gives test equipment only.

    >>> imei(42)
    '001001000000429'
    """
    body = f"00100100{number:06d}"[-14:]
    return body + _luhn(body)


_FORMS: Final[Mapping[str, str]] = {
    "chirpstack": "70b3d57ed{number:07x}",
    "tts": "{dashed}-{number:06d}",
    "zigbee2mqtt": "0x00158d00{number:08x}",
    "homeassistant": "{kind}_{number:06d}",
    "tasmota": "{kind}_{number:06d}",
    "shelly": "shelly{shelly}-c45bbe{number:06x}",
    "sparkplug": "fengshu/{edge}/{kind}{number:06d}",
    "alink": "a1Fs{camel:.7}/{kind}{number:06d}",
    "iotda": "64f1c2d0a9b83e0f7c5d1e24_{kind}{number:06d}",
    "ctwing": "{imei}",
    "thingsboard": "{camel}-{number:06d}",
    "jetlinks": "{kind}{number:06d}",
    "wmbusmeters": "{number:08d}",
    "hj212": "510104{number:018d}",
    "setracker": "88{number:08d}",
}
"""Platform -> the form of its identities. Chirpstack: devEui; zigbee2mqtt: IEEE address; alink: productKey/deviceName;
iotda: product_node; ctwing: IMEI; hj212: MN of 24 digits, beginning with the code of the administrative division."""
_SHELLY: Final = {"gas_alarm": "gas", "water_leak": "flood", "smoke_alarm": "smoke"}
_EDGE: Final = "edge1"
"""The Sparkplug edge node of devices without a gateway."""


def identities_of(platform: str, kind: str, number: int, gateway: str | None = None) -> tuple[Identity, ...]:
    """The identities of a device; none on the native platform, where its own id is its identity.

    A gateway is one Sparkplug edge node: when its connection is lost, all devices of that node and no others die.

    >>> [identities_of(platform, "water_leak", 7)[0].id for platform in ("chirpstack", "shelly", "alink")]
    ['70b3d57ed0000007', 'shellyflood-c45bbe000007', 'a1FsWaterLe/water_leak000007']
    >>> identities_of("native", "water_leak", 7)
    ()
    >>> identities_of("sparkplug", "lamp_post", 7, "gw-02")[0].id
    'fengshu/gw-02/lamp_post000007'
    """
    if platform == "native":
        return ()
    camel = "".join(part.capitalize() for part in kind.split("_"))
    identity = _FORMS[platform].format(
        kind=kind,
        number=number,
        dashed=kind.replace("_", "-"),
        camel=camel,
        shelly=_SHELLY.get(kind, camel.lower()),
        edge=gateway or _EDGE,
        imei=imei(number),
    )
    return (Identity(platform, identity),)
