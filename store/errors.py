"""Errors of the stores, each named after what a caller can do about it."""

from __future__ import annotations

import sqlite3

from domain import Identity

_DISK_ERRORS = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
    }
)
_PRIMARY_CODE = 0xFF
_SERVER_CLASSES = frozenset({"08", "28", "3D", "53", "57", "58"})
"""Classes of SQLSTATE: connection, authorization, database name, resources (disk full, too many connections), operator
intervention (shutdown, restart), system error. https://www.postgresql.org/docs/15/errcodes-appendix.html"""
_SERVER_STATES = frozenset({"25006", "25P03", "40001", "40P01", "55P03"})
"""A server that only reads, a transaction ended by a timeout, serialization failure, deadlock, another one's lock."""


class StoreError(Exception):
    """Any failure of a store."""


class CannotWrite(StoreError):
    """The disk is full, failing or read-only, another program has locked the file, or the server is out of reach.
    Nothing of the batch was stored: make room, or try again later."""


class NewerSchema(StoreError):
    """The database was migrated by a newer version of the program: the message says what to do."""


class CannotRead(StoreError):
    """A server does not answer a query: nothing is lost, try again later."""


class LedgerUnread(CannotRead):
    """The ledger's server does not answer a query."""


class Superseded(StoreError):
    """Another machine has become active: this one must write nothing more."""


class IdentityTaken(StoreError):
    """An identity that another device already has."""

    def __init__(self, identity: Identity, wanted_by: str, holder: str) -> None:
        self.identity, self.requested_by, self.owner = identity, wanted_by, holder
        super().__init__(f"{identity.platform} {identity.id} of device {wanted_by} already belongs to device {holder}")


def is_disk_error(error: BaseException | None) -> bool:
    """True when SQLite or PostgreSQL reports a fault of the disk or the server, or a lock of another program, and not
    of the statement.

    What waits for a lock in vain may be tried again; a finding whose statement is at fault would be given up.
    """
    if hasattr(error, "sqlstate"):
        return _is_server_error(error)
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & _PRIMARY_CODE in _DISK_ERRORS


def _is_server_error(error: BaseException | None) -> bool:
    """An operational error without a SQLSTATE is a connection that was refused or lost."""
    state: str | None = getattr(error, "sqlstate", None)
    if state is None:
        return any(base.__name__ == "OperationalError" for base in type(error).__mro__)
    return state[:2] in _SERVER_CLASSES or state in _SERVER_STATES
