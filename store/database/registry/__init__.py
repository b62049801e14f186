"""The registry: who and what is where. Every function takes a transaction and speaks in values of `domain`."""

from __future__ import annotations

from store.database.registry.changes import Changed, registry_version
from store.database.registry.community import community, put_cells, put_duties, put_levels, put_people, put_places
from store.database.registry.devices import delete_device, device, devices, devices_page, find_identity, put_devices

__all__ = [
    "Changed",
    "community",
    "delete_device",
    "device",
    "devices",
    "devices_page",
    "find_identity",
    "put_cells",
    "put_devices",
    "put_duties",
    "put_levels",
    "put_people",
    "put_places",
    "registry_version",
]
