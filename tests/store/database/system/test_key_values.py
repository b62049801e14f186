"""Settings: any JSON value under a name."""

from __future__ import annotations

from sqlalchemy import Connection

from store.database.system import key_values


def test_a_setting_is_any_json_value(tx: Connection) -> None:
    assert key_values.get(tx, "wall", "none") == "none"
    key_values.put(tx, "wall", {"层": [1, 2.5, True, None]}, now=0)
    assert key_values.get(tx, "wall") == {"层": [1, 2.5, True, None]}
    key_values.put(tx, "wall", None, now=1)
    assert key_values.get(tx, "wall", "none") is None
