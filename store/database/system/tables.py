"""Tables of journal positions, checkpoints, settings, scheduled jobs, the audit trail, users, sessions, access tokens
and rulebooks."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, Text

from store.database.metadata import InstantColumn, Serial, metadata

cursors = Table(
    "cursors",
    metadata,
    Column("reader", String, primary_key=True),
    Column("lane", String, primary_key=True),
    Column("pos", BigInteger, nullable=False),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("name", String, primary_key=True),
    Column("cursor", JSON, nullable=False),
    Column("saved_at", InstantColumn, nullable=False),
    Column("state", LargeBinary, nullable=False),
)

settings = Table(
    "settings",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", JSON, nullable=False),
    Column("updated_at", InstantColumn, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("name", String, primary_key=True),
    Column("schedule", String, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("last_run_at", InstantColumn),
    Column("last_outcome", String),
)

audit = Table(
    "audit",
    metadata,
    Column("n", Serial, primary_key=True, autoincrement=True),
    Column("at", InstantColumn, nullable=False, index=True),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("detail", JSON, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String, primary_key=True),
    Column("hash", String, nullable=False, unique=True),
    Column("role", String, nullable=False),
    Column("person", String),
    Column("place", String),
    Column("created_at", InstantColumn, nullable=False),
    Column("revoked_at", InstantColumn),
    Column("platform", String),
    Column("people", JSON),
    Column("name", String),
    Column("scope", String),
    Column("expires_at", InstantColumn),
)

users = Table(
    "users",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("role", String, nullable=False),
    Column("place", String),
    Column("person", String),
    Column("password", String),
    Column("must_change", Boolean, nullable=False),
    Column("subject", String, unique=True),
    Column("pin", String),
    Column("created_at", InstantColumn, nullable=False),
    Column("password_at", InstantColumn),
    Column("disabled_at", InstantColumn),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String, primary_key=True),
    Column("token", String, nullable=False),
    Column("user", String, index=True),
    Column("person", String),
    Column("opened_at", InstantColumn, nullable=False),
    Column("seen_at", InstantColumn, nullable=False),
    Column("expires_at", InstantColumn, nullable=False, index=True),
    Column("ended_at", InstantColumn),
    Column("address", String, nullable=False),
    Column("agent", String, nullable=False),
)

versions = Table(
    "versions",
    metadata,
    Column("n", Serial, primary_key=True, autoincrement=True),
    Column("kind", String, nullable=False),
    Column("version", String, nullable=False),
    Column("at", InstantColumn, nullable=False),
)
Index(None, versions.c.kind, versions.c.at)

rulebook_versions = Table(
    "rulebook_versions",
    metadata,
    Column("n", Serial, primary_key=True, autoincrement=True),
    Column("book", String, nullable=False, index=True),
    Column("at", InstantColumn, nullable=False),
    Column("action", String, nullable=False),
    Column("by", String, nullable=False),
    Column("by_name", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("etag", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("trials", Text, nullable=False),
    sqlite_autoincrement=True,
)

commit_marks = Table(
    "commit_marks",
    metadata,
    Column("writer", String, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("at", InstantColumn, nullable=False),
)
"""The number of the last committed transaction of each process that writes to a PostgreSQL server."""

service_leases = Table(
    "service_leases",
    metadata,
    Column("name", String, primary_key=True),
    Column("token", BigInteger, nullable=False),
    Column("holder", String, nullable=False),
    Column("address", String, nullable=False),
    Column("acquired_at", InstantColumn, nullable=False),
    Column("renewed_at", InstantColumn, nullable=False),
    Column("expires_at", InstantColumn, nullable=False),
)
"""The machine that is active, by the server's clock. The token grows with each takeover."""

journal_copies = Table(
    "journal_copies",
    metadata,
    Column("pos", BigInteger, primary_key=True, autoincrement=False),
    Column("lane", String, nullable=False),
    Column("received", InstantColumn, nullable=False),
    Column("n", Integer, nullable=False),
    Column("frames", LargeBinary, nullable=False),
)
"""Journal entries of the active machine after its last checkpoint."""

photo_contents = Table(
    "photo_contents",
    metadata,
    Column("digest", String, primary_key=True),
    Column("at", InstantColumn, nullable=False),
    Column("content", LargeBinary, nullable=False),
)
"""The files of photos where several machines share a ledger."""

site_files = Table(
    "site_files",
    metadata,
    Column("path", String, primary_key=True),
    Column("digest", String, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("at", InstantColumn, nullable=False),
    Column("by", String, nullable=False),
)
"""The files of the site as they are in force on the active machine; without digest: one that was removed there."""

machines = Table(
    "machines",
    metadata,
    Column("name", String, primary_key=True),
    Column("address", String, primary_key=True),
    Column("role", String, nullable=False),
    Column("version", String, nullable=False),
    Column("since", InstantColumn, nullable=False),
    Column("seen_at", InstantColumn, nullable=False),
)
"""Every machine that gave a sign of life on this ledger, by the server's clock."""
