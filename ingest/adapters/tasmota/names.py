"""How Tasmota names a device that it hears for others: Zigbee and Bluetooth. It knows no message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

Names = tuple[str, tuple[str, ...]]
"""The identity, and other spellings and names under which the device may be registered."""

_SHORT: Final = re.compile(r"(?:0[xX])?([0-9a-fA-F]{4})")
_NEARBY: Final = re.compile(r".+-(?:[0-9a-f]{6}|[0-9a-f]{12}|[0-9A-F]{12})")
_MAC: Final = re.compile(r"[0-9a-fA-F]{12}")


def zigbee_names(owner: str, key: str, fields: Mapping[str, object]) -> Names:
    """The short address first, then the friendly and the long name, then both below their bridge.

    >>> zigbee_names("bridge", "Kitchen", {"Device": "0x8f20"})
    ('0x8F20', ('0x8f20', '8F20', 'Kitchen', 'bridge/0x8F20', 'bridge/Kitchen'))
    """
    said = [str(fields[name]) for name in ("Device", "Name", "IEEEAddr") if fields.get(name)]
    address = _SHORT.fullmatch(str(fields.get("Device", ""))) or _SHORT.fullmatch(key)
    short = address[1].upper() if address else None
    spellings = [f"0x{short}", f"0x{short.lower()}", short] if short else []
    own = [name for name in (key, *said) if name and name.upper().removeprefix("0X") != short]
    names = list(dict.fromkeys([*spellings, *own, *(f"{owner}/{name}" for name in [*spellings[:1], *own])]))
    return names[0] if names else owner, tuple(names[1:])


def is_bluetooth(name: str, said: Mapping[str, object]) -> bool:
    """Whether an object of a SENSOR message is a device of its own.

    >>> is_bluetooth("ATC-a4c138", {}), is_bluetooth("DS18B20-1", {}), is_bluetooth("IBEACON", {"MAC": "A4C138AABBCC"})
    (True, False, True)
    """
    return _mac(said) is not None or _NEARBY.fullmatch(name) is not None


def bluetooth_names(name: str, said: Mapping[str, object]) -> Names:
    """The address in the spellings people write, and the key that Tasmota made.

    >>> bluetooth_names("ATC-aabbcc", {"mac": "a4c138aabbcc"})
    ('A4:C1:38:AA:BB:CC', ('a4:c1:38:aa:bb:cc', 'A4C138AABBCC', 'a4c138aabbcc', 'ATC-aabbcc'))
    """
    mac = _mac(said)
    if mac is None:
        return name, ()
    spelled = ":".join(mac[place : place + 2] for place in range(0, len(mac), 2))
    return spelled, (spelled.lower(), mac, mac.lower(), name)


def _mac(said: Mapping[str, object]) -> str | None:
    for key in ("mac", "MAC"):
        written = str(said.get(key, "")).replace(":", "")
        if _MAC.fullmatch(written):
            return written.upper()
    return None
