"""Which errors are faults of the disk, or of a server."""

from __future__ import annotations

import sqlite3

import psycopg
import pytest
from psycopg import errors

from domain import Identity
from store.errors import IdentityTaken, is_disk_error


@pytest.mark.parametrize(
    ("code", "is_disk"),
    [
        (sqlite3.SQLITE_FULL, True),
        (sqlite3.SQLITE_IOERR_WRITE, True),
        (sqlite3.SQLITE_READONLY, True),
        (sqlite3.SQLITE_BUSY, True),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, True),
        (sqlite3.SQLITE_CONSTRAINT, False),
        (None, False),
    ],
)
def test_a_fault_of_the_disk_is_distinguished_from_one_of_the_statement(code: int | None, is_disk: bool) -> None:
    error = sqlite3.OperationalError("x")
    if code is not None:
        error.sqlite_errorcode = code
    assert is_disk_error(error) is is_disk


@pytest.mark.parametrize(
    ("error", "is_server"),
    [
        (psycopg.OperationalError("the connection is closed"), True),
        (errors.ConnectionFailure(), True),
        (errors.AdminShutdown(), True),
        (errors.DiskFull(), True),
        (errors.TooManyConnections(), True),
        (errors.InvalidPassword(), True),
        (errors.LockNotAvailable(), True),
        (errors.ReadOnlySqlTransaction(), True),
        (errors.IoError(), True),
        (errors.UniqueViolation(), False),
        (errors.UndefinedTable(), False),
        (psycopg.ProgrammingError("no SQLSTATE"), False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_a_fault_of_a_server_is_distinguished_from_one_of_the_statement(error: Exception, is_server: bool) -> None:
    assert is_disk_error(error) is is_server


def test_a_taken_identity_names_both_devices() -> None:
    assert str(IdentityTaken(Identity("zigbee2mqtt", "kitchen"), "g2", "g1")) == (
        "zigbee2mqtt kitchen of device g2 already belongs to device g1"
    )
