"""What a LoRaWAN payload decoder said, as readings: one uplink may hold many, hours old. It knows no platform.

Two shapes are common among published codecs: a list of records that each bear a time (Milesight `history`), and a
list of single values with a type and a time each (Kamstrup `values`); such lists in a list are one (SenseCAP
`messages`, where a value may be a list of events by their names).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from ingest.formats.timed_fields import flatten, group_by_time

TIME_KEYS: Final = ("timestamp", "Timestamp", "time", "ts", "datetime", "date")
"""Where records keep their time."""

TYPE_KEYS: Final = ("Type", "type", "name", "variable")
VALUE_KEYS: Final = ("Value", "value", "measurementValue")
UNIT_KEYS: Final = ("Unit", "unit")
NO_UNIT: Final = frozenset({"", "NA", "N/A", "Invalid"})
EVENT_NAME: Final = "eventName"

Moments = list[tuple[object, dict[str, object]]]


def split_history(decoded: Mapping[str, object]) -> Moments:
    """The readings of one uplink, oldest first; the last has no time of its own and bears what is true now.

    >>> split_history({"leak": False, "history": [{"pulse": 256, "timestamp": 1665561758}]})
    [(1665561758, {'pulse': 256}), (None, {'leak': False})]
    >>> split_history({"values": [{"Type": "Volume", "Value": 3, "Timestamp": "2024-07-24T19:00:00.000"}]})
    [('2024-07-24T19:00:00.000', {'Volume': 3})]
    """
    timed: list[tuple[object, str, object]] = []
    now: dict[str, object] = {}
    for name, said in decoded.items():
        records = _find_records(said)
        timed += [each for record in records for each in _record_fields(record)]
        if not records:
            now.update(flatten({name: said}))
    now.update((name, value) for at, name, value in timed if at is None)
    past = group_by_time(each for each in timed if each[0] is not None)
    past.sort(key=lambda moment: str(moment[0]))
    return [*past, (None, now)] if now or not past else past


def _find_records(said: object) -> list[dict[str, object]]:
    """The list, if all in it are objects that bear a time, or lists of values that bear a name or a time."""
    nested = isinstance(said, list) and any(isinstance(part, list) for part in said)
    if isinstance(said, list) and said and all(isinstance(part, list) for part in said):
        said = [each for part in said for each in part]
    records = [record for record in said if isinstance(record, dict)] if isinstance(said, list) else []
    whole = isinstance(said, list) and len(records) == len(said)
    return records if whole and all(_time_of(each) or (nested and _named_value(each)) for each in records) else []


def _time_of(record: Mapping[str, object]) -> bool:
    return any(key in record for key in TIME_KEYS)


def _named_value(record: Mapping[str, object]) -> bool:
    return any(key in record for key in TYPE_KEYS) and any(key in record for key in VALUE_KEYS)


def _record_fields(record: dict[str, object]) -> Iterator[tuple[object, str, object]]:
    at = next((record[key] for key in TIME_KEYS if key in record), None)
    named = next((record[key] for key in TYPE_KEYS if key in record), None)
    value = next((key for key in VALUE_KEYS if key in record), None)
    if isinstance(named, str) and value is not None:
        yield from ((at, name, each) for name, each in _name_value(named, record[value]))
        unit = next((record[key] for key in UNIT_KEYS if key in record), None)
        if isinstance(unit, str) and unit not in NO_UNIT and type(record[value]) in (int, float):
            yield at, f"{named}.unit", unit
        return
    for name, each in flatten(record):
        if name not in TIME_KEYS:
            yield at, name, each


def _name_value(name: str, said: object) -> Iterator[tuple[str, object]]:
    """A value by its type; of events each that happened.

    >>> list(_name_value("Battery", 92)), list(_name_value("Event Status", [{"id": 7, "eventName": "SOS event."}]))
    ([('Battery', 92)], [('SOS event.', True)])
    """
    events = [each for each in said if isinstance(each, dict) and EVENT_NAME in each] if isinstance(said, list) else []
    yield from ((str(each[EVENT_NAME]), True) for each in events)
    if not events:
        yield name, said
