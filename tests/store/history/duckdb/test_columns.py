"""Any reading comes back from the database as it went in."""

from __future__ import annotations

import duckdb
import msgspec
from hypothesis import given
from hypothesis import strategies as st

from domain import Reading
from store.history.duckdb import columns, tables

TEXTS = st.text(max_size=8)
VALUES = st.dictionaries(
    TEXTS, st.one_of(st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False), TEXTS)
)
READINGS = st.builds(
    Reading,
    device=TEXTS,
    kind=TEXTS,
    at=st.integers(0, 2**45),
    received=st.integers(0, 2**45),
    values=VALUES,
    doubts=st.dictionaries(TEXTS, st.sampled_from(["implausible", "stale"]), max_size=2),
)
_SELECT = "SELECT device, kind, at_ms, received, vals, doubts FROM hot ORDER BY rowid"


@given(st.lists(READINGS, max_size=20))
def test_readings_are_stored_as_they_are(readings: list[Reading]) -> None:
    ids = {"known": 0}
    with duckdb.connect(":memory:") as connection:
        tables.create(connection)
        columns.insert(connection, "hot", columns.of_readings(readings, ids))
        columns.insert(connection, "names", columns.of_names(0, list(ids)))
        rows = connection.execute(_SELECT).fetchall()
        stored_ids = dict(connection.execute("SELECT name, n FROM names").fetchall())
    assert stored_ids == ids
    assert rows == [
        (
            ids[reading.device],
            ids[reading.kind],
            reading.at,
            reading.received,
            msgspec.json.encode(reading.values).decode(),
            msgspec.json.encode(reading.doubts).decode() if reading.doubts else None,
        )
        for reading in readings
    ]
