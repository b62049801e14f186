"""The registry: devices, places, cells, people and duties. Functions take a transaction and values of `domain`."""

from __future__ import annotations

from store.database.registry.changes import RegistryChanges, registry_version
from store.database.registry.community import (
    community,
    find_record,
    find_records,
    list_records,
    put_cells,
    put_duties,
    put_levels,
    put_people,
    put_places,
    put_rotations,
    remove_records,
)
from store.database.registry.devices import (
    all_devices,
    count_devices,
    delete_device,
    find_device,
    find_devices,
    get_device,
    put_devices,
    registered_at,
    registration_times,
)
from store.database.registry.reading import StoredRegistry, read_registry

__all__ = [
    "RegistryChanges",
    "StoredRegistry",
    "all_devices",
    "community",
    "count_devices",
    "delete_device",
    "find_device",
    "find_devices",
    "find_record",
    "find_records",
    "get_device",
    "list_records",
    "put_cells",
    "put_devices",
    "put_duties",
    "put_levels",
    "put_people",
    "put_places",
    "put_rotations",
    "read_registry",
    "registered_at",
    "registration_times",
    "registry_version",
    "remove_records",
]
