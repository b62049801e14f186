"""Rows for the tables of the DuckDB history as Arrow columns: one copy from Python's objects to the database.

The columns are laid out as in Arrow's format (https://arrow.apache.org/docs/format/Columnar.html), which DuckDB reads
in place; nanoarrow describes them to it.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Final

import msgspec
import nanoarrow as na

from domain import Reading

_READING: Final = na.c_schema(
    na.struct(
        {
            "device": na.int32(),
            "kind": na.int32(),
            "at_ms": na.int64(),
            "received": na.int64(),
            "vals": na.string(),
            "doubts": na.string(),
        },
        nullable=False,
    )
)
_NAME: Final = na.c_schema(na.struct({"n": na.int32(), "name": na.string()}, nullable=False))
_INT32, _INT64, _STRING = na.c_schema(na.int32()), na.c_schema(na.int64()), na.c_schema(na.string())
_encoder = msgspec.json.Encoder()


def of_readings(readings: Sequence[Reading], ids: dict[str, int]) -> Any:
    """Rows of `hot`: values as one JSON text, doubts as JSON or NULL. New device and kind names get the next id."""
    doubts = [_encoder.encode(reading.doubts) if reading.doubts else b"" for reading in readings]
    return _rows(
        _READING,
        len(readings),
        _numbers(_INT32, "i", _ids([reading.device for reading in readings], ids)),
        _numbers(_INT32, "i", _ids([reading.kind for reading in readings], ids)),
        _numbers(_INT64, "q", [reading.at for reading in readings]),
        _numbers(_INT64, "q", [reading.received for reading in readings]),
        # All in one call, and split at line ends, which JSON text cannot contain: faster than a call for each.
        _texts(_encoder.encode_lines([reading.values for reading in readings]).splitlines()),
        _texts(doubts, present=_bitmap(doubts) if any(doubts) else bytes(len(doubts) // 8 + 1)),
    )


def of_names(first: int, names: Sequence[str]) -> Any:
    """Rows of `names`: ids from `first` on."""
    ids = _numbers(_INT32, "i", range(first, first + len(names)))
    return _rows(_NAME, len(names), ids, _texts([name.encode() for name in names]))


def insert(connection: Any, table: str, rows: Any) -> None:
    """Appends the rows to a table that has the same columns. Raises duckdb.Error."""
    connection.register("batch", rows)
    connection.execute(f"INSERT INTO {table} SELECT * FROM batch")  # noqa: S608
    connection.unregister("batch")


def _ids(names: list[str], ids: dict[str, int]) -> list[int]:
    try:
        return [ids[name] for name in names]
    except KeyError:
        return [ids.setdefault(name, len(ids)) for name in names]


def _rows(schema: Any, length: int, *columns: Any) -> Any:
    return na.Array(na.c_array_from_buffers(schema, length, [None], children=columns))


def _numbers(schema: Any, typecode: str, values: Sequence[int]) -> Any:
    return na.c_array_from_buffers(schema, len(values), [None, array(typecode, values)])


def _texts(texts: Sequence[bytes], present: bytes | None = None) -> Any:
    """UTF-8 texts, in at most 2 GiB together; `present` has a bit for each that is not NULL, None: all of them."""
    offsets = array("i", accumulate(map(len, texts), initial=0))
    return na.c_array_from_buffers(_STRING, len(texts), [present, offsets, b"".join(texts)])


def _bitmap(texts: Sequence[bytes]) -> bytes:
    """A bit for each text, the lowest first: whether it is not empty."""
    bits = "".join("1" if text else "0" for text in reversed(texts))
    return int(bits, 2).to_bytes(len(texts) // 8 + 1, "little")
