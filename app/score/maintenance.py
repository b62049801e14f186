"""Maintenance that the operator registers before a cover is opened: `under_works` of the device, until it is closed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from app.score.virtual_loop import VirtualLoop
from app.server.service import Service
from domain import MINUTE, Instant
from simulators.events import Incident
from simulators.town.sewers.catalogue import KINDS
from simulators.town.town import Period
from store.database import registry

_BEFORE_MS: Final = 15 * MINUTE
_AFTER_MS: Final = 5 * MINUTE
"""The rule's release, and the last report of the cover."""


class Registration(Struct, frozen=True, order=True):
    """From `at` on the device is under works, or no longer."""

    at: Instant
    device: str
    under_works: bool


def registrations(incidents: Sequence[Incident], period: Period) -> list[Registration]:
    """What the operator registers within a period, in order of time."""
    found = [
        registration
        for incident in incidents
        if incident.kind in KINDS and KINDS[incident.kind].is_maintenance
        for device in incident.devices
        for registration in (
            Registration(incident.begin - _BEFORE_MS, device, under_works=True),
            Registration(incident.end + _AFTER_MS, device, under_works=False),
        )
    ]
    return sorted(one for one in found if period.start <= one.at < period.end)


async def register_maintenance(
    service: Service, loop: VirtualLoop, incidents: Sequence[Incident], period: Period
) -> None:
    """Register all maintenance of a period when its time comes."""
    for one in registrations(incidents, period):
        await loop.sleep_until(one.at)
        await service.stores.database.write(_change(one))
        await service.processing.registry_changed()


def _change(registration: Registration) -> Any:
    def work(tx: Any) -> None:
        device = registry.get_device(tx, registration.device)
        if device is not None:
            attributes = {**device.attributes, "under_works": registration.under_works}
            registry.put_devices(tx, [replace(device, attributes=attributes)], registration.at)

    return work
