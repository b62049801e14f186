"""The machines on one ledger, each with its last sign of life by the server's clock: for people, not for takeovers."""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, delete, select

from domain import DAY, Instant
from store.database.sql import upsert
from store.database.system.tables import machines

ACTIVE, STANDBY = "active", "standby"
FORGOTTEN_MS: Final = 30 * DAY
"""A machine that was silent for so long was taken out of service."""


class Machine(Struct, frozen=True):
    """One machine; `since`: when it took the role that it has, or had last."""

    name: str
    address: str
    role: str
    version: str
    since: Instant
    seen_at: Instant


def seen(tx: Connection, machine: Machine, now: Instant) -> None:
    """Store a sign of life in place of the earlier one of a machine of this name and address."""
    key = {"name": machine.name, "address": machine.address}
    upsert(
        tx, machines, key, {"role": machine.role, "version": machine.version, "since": machine.since, "seen_at": now}
    )


def list_machines(tx: Connection) -> list[Machine]:
    """Every machine, the one seen last first."""
    return [Machine(*row) for row in tx.execute(select(machines).order_by(machines.c.seen_at.desc(), machines.c.name))]


def forget_old(tx: Connection, now: Instant) -> None:
    """Delete the machines that were taken out of service."""
    tx.execute(delete(machines).where(machines.c.seen_at < now - FORGOTTEN_MS))
