"""Names of Zigbee and Bluetooth devices that Tasmota receives."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

DeviceNames = tuple[str, tuple[str, ...]]
"""The identity, and other spellings and names under which the device may be registered."""

_SHORT_ADDRESS: Final = re.compile(r"(?:0[xX])?([0-9a-fA-F]{4})")
_BLUETOOTH_KEY: Final = re.compile(r".+-(?:[0-9a-f]{6}|[0-9a-f]{12}|[0-9A-F]{12})")
_MAC: Final = re.compile(r"[0-9a-fA-F]{12}")


def zigbee_names(bridge: str, key: str, fields: Mapping[str, object]) -> DeviceNames:
    """The short address first, then the friendly and the long name, then both with their bridge as a prefix.

    >>> zigbee_names("bridge", "Kitchen", {"Device": "0x8f20"})
    ('0x8F20', ('0x8f20', '8F20', 'Kitchen', 'bridge/0x8F20', 'bridge/Kitchen'))
    """
    field_names = [str(fields[name]) for name in ("Device", "Name", "IEEEAddr") if fields.get(name)]
    address = _SHORT_ADDRESS.fullmatch(str(fields.get("Device", ""))) or _SHORT_ADDRESS.fullmatch(key)
    short = address[1].upper() if address else None
    spellings = [f"0x{short}", f"0x{short.lower()}", short] if short else []
    other_names = [name for name in (key, *field_names) if name and name.upper().removeprefix("0X") != short]
    names = list(
        dict.fromkeys([*spellings, *other_names, *(f"{bridge}/{name}" for name in [*spellings[:1], *other_names])])
    )
    return names[0] if names else bridge, tuple(names[1:])


def is_bluetooth(name: str, fields: Mapping[str, object]) -> bool:
    """Whether an object of a SENSOR message is a device of its own.

    >>> is_bluetooth("ATC-a4c138", {}), is_bluetooth("DS18B20-1", {}), is_bluetooth("IBEACON", {"MAC": "A4C138AABBCC"})
    (True, False, True)
    """
    return _mac(fields) is not None or _BLUETOOTH_KEY.fullmatch(name) is not None


def bluetooth_names(name: str, fields: Mapping[str, object]) -> DeviceNames:
    """The address in its common spellings, and the key that Tasmota generated.

    >>> bluetooth_names("ATC-aabbcc", {"mac": "a4c138aabbcc"})
    ('A4:C1:38:AA:BB:CC', ('a4:c1:38:aa:bb:cc', 'A4C138AABBCC', 'a4c138aabbcc', 'ATC-aabbcc'))
    """
    mac = _mac(fields)
    if mac is None:
        return name, ()
    with_colons = ":".join(mac[index : index + 2] for index in range(0, len(mac), 2))
    return with_colons, (with_colons.lower(), mac, mac.lower(), name)


def _mac(fields: Mapping[str, object]) -> str | None:
    for key in ("mac", "MAC"):
        digits = str(fields.get(key, "")).replace(":", "")
        if _MAC.fullmatch(digits):
            return digits.upper()
    return None
