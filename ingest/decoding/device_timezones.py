"""Time zone of device times without an offset: the device's own, else its platform's, else the site's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from domain import Device

ATTRIBUTE: Final = "timezone"
"""The attribute of a device that holds the name of its zone, such as Asia/Urumqi."""


class DeviceTimezones:
    """Zones by name, each loaded once. An unknown name counts as none."""

    def __init__(self, site: tzinfo, platforms: Mapping[str, tzinfo]) -> None:
        self._site, self._platforms = site, platforms
        self._zones: dict[object, tzinfo | None] = {}

    def zone_of(self, device: Device, platform: str) -> tzinfo:
        """The zone in which this device writes its times on this platform.

        >>> timezones = DeviceTimezones(ZoneInfo("Asia/Shanghai"), {"hj212": ZoneInfo("UTC")})
        >>> west = Device("west", "gas_alarm", attributes={"timezone": "Asia/Urumqi"})
        >>> [timezones.zone_of(device, "hj212").key for device in (west, Device("east", "gas_alarm"))]
        ['Asia/Urumqi', 'UTC']
        """
        name = device.attributes.get(ATTRIBUTE)
        own = self._zone(name) if name is not None else None
        return own or self._platforms.get(platform) or self._site

    def _zone(self, name: object) -> tzinfo | None:
        if name not in self._zones:
            self._zones[name] = _load_zone(str(name))
        return self._zones[name]


def _load_zone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such zone, an invalid key, a folder of zones
        return None
