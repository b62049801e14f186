"""The list of modules that declare ledger tables. Importing this one completes the metadata: one line for each."""

from __future__ import annotations

from store.database.alerts import silence_tables as _silences
from store.database.alerts import tables as _alerts
from store.database.metadata import metadata
from store.database.registry import tables as _registry
from store.database.system import tables as _system

TABLE_MODULES = (
    _registry,
    _system,
    _alerts,
    _silences,
)

__all__ = ["TABLE_MODULES", "metadata"]
