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


class StoreError(Exception):
    """Any failure of a store."""


class CannotWrite(StoreError):
    """The disk is full, failing or read-only, or another program has locked the file. Nothing of the batch was stored:
    make room, or try again later."""


class IdentityTaken(StoreError):
    """An identity that another device already has."""

    def __init__(self, identity: Identity, wanted_by: str, holder: str) -> None:
        self.identity, self.requested_by, self.owner = identity, wanted_by, holder
        super().__init__(f"{identity.platform} {identity.id} of device {wanted_by} already belongs to device {holder}")


def is_disk_error(error: BaseException | None) -> bool:
    """True when SQLite reports a fault of the disk, or a lock of another program, and not of the statement.

    What waits for a lock in vain may be tried again; a finding whose statement is at fault would be given up.
    """
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & _PRIMARY_CODE in _DISK_ERRORS
