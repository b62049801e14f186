"""`fengshao devices import`: registers devices through the running service, or in the database of DIR without one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection

from app.cli.database import with_database
from app.clock import Clock
from app.config.catalog import load_kinds
from app.config.faults import ConfigError, ConfigFault
from app.config.registry_files import read_devices
from app.datadir.control_socket import ServiceNotRunning, request
from console.views.records import device_view
from domain import Device, Instant
from store.database import registry
from store.database.registry import edits
from store.database.registry.changes import RegistryChanges

DEVICES_PER_REQUEST = 500
"""Below the API's limit of a body."""


def import_devices(file: Path, data: Path, site: Path | None) -> str:
    """Register every device of the file; returns numbers of new, changed and unchanged ones. Raises ConfigError.

    Beside a running service the kinds are the service's, and the devices are in use when this returns.
    """
    try:
        kinds = {kind["kind"]: kind for kind in request(data, "GET", "/api/v1/kinds")["items"]}
        devices = read_devices(file, kinds)
        counts = _import_via_service(devices, data)
    except ServiceNotRunning:
        devices = read_devices(file, load_kinds(site))
        counts = _import_into_database(devices, data, file)
    return f"{len(devices)} devices: {counts[0]} new, {counts[1]} changed, {counts[2]} unchanged"


def _import_via_service(devices: Sequence[Device], data: Path) -> tuple[int, int, int]:
    totals = [0, 0, 0]
    for start in range(0, len(devices), DEVICES_PER_REQUEST):
        batch = devices[start : start + DEVICES_PER_REQUEST]
        answer = request(data, "PUT", "/api/v1/devices", [device_view(device) for device in batch])
        for index, name in enumerate(("created", "updated", "unchanged")):
            totals[index] += len(answer.get(name, ()))
    return totals[0], totals[1], totals[2]


def _import_into_database(devices: Sequence[Device], data: Path, file: Path) -> tuple[int, int, int]:
    changes = with_database(data, lambda tx: _store_devices(tx, devices, file, Clock()()))
    return len(changes.created), len(changes.updated), len(changes.unchanged)


def _store_devices(tx: Connection, devices: Sequence[Device], file: Path, now: Instant) -> RegistryChanges:
    places = registry.community(tx).places
    unknown = [device for device in devices if device.place is not None and device.place not in places]
    if unknown:
        message = "{!r} of {} does not exist: add the place first"
        raise ConfigError(
            [ConfigFault(str(file), 1, 1, "place", message.format(device.place, device.id)) for device in unknown]
        )
    changes = registry.put_devices(tx, devices, now)
    edits.record_edits(tx, "devices", (*changes.created, *changes.updated), now)
    return changes
