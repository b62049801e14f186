"""All modules that declare tables. Importing this module completes the metadata."""

from __future__ import annotations

from store.database.alerts import milestone_tables as _milestones
from store.database.alerts import silence_tables as _silences
from store.database.alerts import tables as _alerts
from store.database.exchange import tables as _exchange
from store.database.metadata import metadata
from store.database.refusals import history_tables as _history_refusals
from store.database.refusals import tables as _refusals
from store.database.registry import tables as _registry
from store.database.reports import tables as _reports
from store.database.system import tables as _system

TABLE_MODULES = (
    _registry,
    _system,
    _refusals,
    _history_refusals,
    _alerts,
    _silences,
    _reports,
    _milestones,
    _exchange,
)

__all__ = ["TABLE_MODULES", "metadata"]
