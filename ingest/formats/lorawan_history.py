"""Splits the fields of one decoded LoRaWAN uplink into readings: one uplink may hold many, hours old.

Two shapes are common among published codecs: a list of records with a time each (Milesight `history`), and a list of
single values with a type and a time each (Kamstrup `values`). A list of such lists counts as one list (SenseCAP
`messages`, where a value may be a list of events by name).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from ingest.formats.timed_fields import TimedField, TimedFields, flatten, group_by_time

TIME_KEYS: Final = ("timestamp", "Timestamp", "time", "ts", "datetime", "date")
"""Keys of a record's time."""

TYPE_KEYS: Final = ("Type", "type", "name", "variable")
VALUE_KEYS: Final = ("Value", "value", "measurementValue")
UNIT_KEYS: Final = ("Unit", "unit")
NO_UNIT: Final = frozenset({"", "NA", "N/A", "Invalid"})
EVENT_NAME: Final = "eventName"


def split_history(decoded: Mapping[str, object]) -> list[TimedFields]:
    """The readings of one uplink, oldest first. The last one has the time None and holds the current values.

    >>> split_history({"leak": False, "history": [{"pulse": 256, "timestamp": 1665561758}]})
    [(1665561758, {'pulse': 256}), (None, {'leak': False})]
    >>> split_history({"values": [{"Type": "Volume", "Value": 3, "Timestamp": "2024-07-24T19:00:00.000"}]})
    [('2024-07-24T19:00:00.000', {'Volume': 3})]
    """
    timed: list[TimedField] = []
    current: dict[str, object] = {}
    for name, value in decoded.items():
        records = _find_records(value)
        timed += [field for record in records for field in _record_fields(record)]
        if not records:
            current.update(flatten({name: value}))
    current.update((name, value) for at, name, value in timed if at is None)
    past = group_by_time(field for field in timed if field[0] is not None)
    past.sort(key=lambda reading: str(reading[0]))
    return [*past, (None, current)] if current or not past else past


def _find_records(value: object) -> list[dict[str, object]]:
    """The records of a list if all its items are objects with a time, or (nested) with a time or a type and a value."""
    nested = isinstance(value, list) and any(isinstance(part, list) for part in value)
    if isinstance(value, list) and value and all(isinstance(part, list) for part in value):
        value = [item for part in value for item in part]
    records = [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
    all_objects = isinstance(value, list) and len(records) == len(value)
    if all_objects and all(_has_time(record) or (nested and _is_typed_value(record)) for record in records):
        return records
    return []


def _has_time(record: Mapping[str, object]) -> bool:
    return any(key in record for key in TIME_KEYS)


def _is_typed_value(record: Mapping[str, object]) -> bool:
    return any(key in record for key in TYPE_KEYS) and any(key in record for key in VALUE_KEYS)


def _record_fields(record: dict[str, object]) -> Iterator[TimedField]:
    at = next((record[key] for key in TIME_KEYS if key in record), None)
    value_type = next((record[key] for key in TYPE_KEYS if key in record), None)
    value_key = next((key for key in VALUE_KEYS if key in record), None)
    if isinstance(value_type, str) and value_key is not None:
        yield from ((at, name, value) for name, value in _typed_value(value_type, record[value_key]))
        unit = next((record[key] for key in UNIT_KEYS if key in record), None)
        if isinstance(unit, str) and unit not in NO_UNIT and type(record[value_key]) in (int, float):
            yield at, f"{value_type}.unit", unit
        return
    for name, value in flatten(record):
        if name not in TIME_KEYS:
            yield at, name, value


def _typed_value(value_type: str, value: object) -> Iterator[tuple[str, object]]:
    """A value under its type; a list of events as one true field an event.

    >>> list(_typed_value("Battery", 92))
    [('Battery', 92)]
    >>> list(_typed_value("Event Status", [{"id": 7, "eventName": "SOS event."}]))
    [('SOS event.', True)]
    """
    items = value if isinstance(value, list) else []
    events = [item for item in items if isinstance(item, dict) and EVENT_NAME in item]
    yield from ((str(event[EVENT_NAME]), True) for event in events)
    if not events:
        yield value_type, value
