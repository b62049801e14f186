"""A provider callback is processed once."""

from __future__ import annotations

from sqlalchemy import Connection

from store.database.alerts.callbacks import RETENTION_MS, record_once


def test_a_repeated_callback_has_no_effect_until_its_record_expires(tx: Connection) -> None:
    assert record_once(tx, "a", 0)
    assert not record_once(tx, "a", RETENTION_MS)
    assert record_once(tx, "b", RETENTION_MS + 1), "deletes expired records"
    assert record_once(tx, "a", RETENTION_MS + 1)
