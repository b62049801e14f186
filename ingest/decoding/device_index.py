"""Who is who: a platform's name for a device leads to our device. It knows no message."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from domain import Device
from domain.identities import canonical

NATIVE: Final = "native"


class DeviceIndex:
    """The registered devices by platform and identity. A device's own id is always its native identity."""

    def __init__(self, devices: Iterable[Device] = ()) -> None:
        self._by_platform: dict[str, dict[str, Device]] = {NATIVE: {}}
        self._devices: dict[str, Device] = {}
        for device in devices:
            self._add(device)

    def update(self, removed: Iterable[str], changed: Iterable[Device]) -> None:
        """Some devices are gone, some are new or otherwise; the others are not looked at."""
        changed = list(changed)
        for known in [*removed, *(device.id for device in changed)]:
            self._remove(known)
        for device in changed:
            self._add(device)

    def _add(self, device: Device) -> None:
        self._devices[device.id] = device
        for identity in device.identities:
            named = self._by_platform.setdefault(identity.platform, {})
            named[canonical(identity.platform, identity.id)] = device
        self._by_platform[NATIVE][device.id] = device

    def _remove(self, device_id: str) -> None:
        device = self._devices.pop(device_id, None)
        if device is None:
            return
        for platform, name in [(NATIVE, device.id), *((each.platform, each.id) for each in device.identities)]:
            named = self._by_platform[platform]
            name = canonical(platform, name)
            if named.get(name) is device:
                del named[name]

    def find(self, platform: str, identity: str, also: tuple[str, ...] = ()) -> Device | None:
        """The device that this platform calls so."""
        named = self._by_platform.get(platform)
        if named is None:
            return None
        device = named.get(identity) or named.get(canonical(platform, identity))
        if device is not None or not also:
            return device
        return next((named[name] for other in also if (name := canonical(platform, other)) in named), None)

    def __len__(self) -> int:
        return len(self._devices)
