"""Alembic's folder: every change of the ledger's tables, numbered and never edited."""
