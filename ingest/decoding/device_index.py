"""Registered devices by platform and identity."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from domain import Device
from domain.identities import canonical

NATIVE: Final = "native"


class DeviceIndex:
    """Finds a device by a platform's identity. A device's own id is always its native identity."""

    def __init__(self, devices: Iterable[Device] = ()) -> None:
        self._by_platform: dict[str, dict[str, Device]] = {NATIVE: {}}
        self._devices: dict[str, Device] = {}
        for device in devices:
            self._add(device)

    def update(self, removed: Iterable[str], changed: Iterable[Device]) -> None:
        """Remove devices by id, and add or replace devices. Costs nothing for the others."""
        changed = list(changed)
        for device_id in [*removed, *(device.id for device in changed)]:
            self._remove(device_id)
        for device in changed:
            self._add(device)

    def _add(self, device: Device) -> None:
        self._devices[device.id] = device
        for identity in device.identities:
            devices = self._by_platform.setdefault(identity.platform, {})
            devices[canonical(identity.platform, identity.id)] = device
        self._by_platform[NATIVE][device.id] = device

    def _remove(self, device_id: str) -> None:
        device = self._devices.pop(device_id, None)
        if device is None:
            return
        identities = ((identity.platform, identity.id) for identity in device.identities)
        for platform, identity in [(NATIVE, device.id), *identities]:
            devices = self._by_platform[platform]
            key = canonical(platform, identity)
            if devices.get(key) is device:
                del devices[key]

    def find(self, platform: str, identity: str, aliases: tuple[str, ...] = ()) -> Device | None:
        """The device with this identity on the platform, else with the first alias that is registered."""
        devices = self._by_platform.get(platform)
        if devices is None:
            return None
        device = devices.get(identity) or devices.get(canonical(platform, identity))
        if device is not None or not aliases:
            return device
        return next((devices[key] for alias in aliases if (key := canonical(platform, alias)) in devices), None)

    def __len__(self) -> int:
        return len(self._devices)
