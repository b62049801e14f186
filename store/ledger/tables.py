"""The list of modules that declare ledger tables. Importing this one completes the metadata: one line for each."""

from __future__ import annotations

from store.ledger import tables_alerts as _alerts
from store.ledger import tables_registry as _registry
from store.ledger import tables_silences as _silences
from store.ledger import tables_system as _system
from store.ledger.metadata import metadata

TABLE_MODULES = (
    _registry,
    _system,
    _alerts,
    _silences,
)

__all__ = ["TABLE_MODULES", "metadata"]
