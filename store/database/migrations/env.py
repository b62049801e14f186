"""Alembic's entrance. It is given an open connection by `Ledger.migrate`, or a dialect's name to print SQL for."""

from __future__ import annotations

from alembic import context

from store.database.tables import metadata

connection = context.config.attributes.get("connection")
dialect = context.config.attributes.get("dialect")

if connection is not None:
    # One transaction around all of it: a kill in the middle leaves the old ledger, not half a new one.
    context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
else:
    context.configure(dialect_name=dialect, target_metadata=metadata, literal_binds=True)

with context.begin_transaction():
    context.run_migrations()
