"""Which errors are faults of the disk."""

from __future__ import annotations

import sqlite3

import pytest

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


def test_a_taken_identity_names_both_devices() -> None:
    assert str(IdentityTaken(Identity("zigbee2mqtt", "kitchen"), "g2", "g1")) == (
        "zigbee2mqtt kitchen of device g2 already belongs to device g1"
    )
