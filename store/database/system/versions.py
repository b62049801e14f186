"""Which version of the registry, the ladders and the budgets was in force at an instant."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, insert, select

from domain import Instant
from store.database.system.tables import versions

REGISTRY: Final = "registry"
LADDERS: Final = "ladders"
BUDGETS: Final = "budgets"


def record_version(tx: Connection, kind: str, version: str, at: Instant) -> None:
    """A version in force from this instant on; the one already in force is not recorded again."""
    if version_at(tx, kind, at) != version:
        tx.execute(insert(versions), {"kind": kind, "version": version, "at": at})


def version_at(tx: Connection, kind: str, at: Instant) -> str | None:
    """The version that was in force at an instant; None before the first that is known."""
    query = select(versions.c.version).where(versions.c.kind == kind, versions.c.at <= at)
    return tx.execute(query.order_by(versions.c.at.desc(), versions.c.n.desc()).limit(1)).scalar()


def versions_at(tx: Connection, at: Instant) -> dict[str, str]:
    """The known version of each kind at an instant."""
    found = {kind: version_at(tx, kind, at) for kind in (REGISTRY, LADDERS, BUDGETS)}
    return {kind: version for kind, version in found.items() if version is not None}
