"""Shapes in which any platform's device may say a thing: value objects, lists of variables, alarm objects, channels.

All become plain fields here, once for all platforms: `opened` before a message is understood, `unnumbered` when the
name of a field is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Final

from ingest.mappings.field_names import NAME_CACHE_SIZE, normalized

NAME_KEYS: Final = ("variable", "name", "identifier", "property", "measurement", "metric", "n", "key", "code", "id")
VALUE_KEYS: Final = ("value", "val", "v", "data", "measurementValue")
DATA_TYPES: Final = frozenset(
    {"bool", "boolean", "int", "integer", "float", "double", "number", "string", "str", "text", "enum", "value", "long"}
    | {"date", "digital", "analog", "struct", "array", "json", "raw", "bitmap", "fault"}
)
"""What a `type` says that names no measurement."""
UNIT_KEYS: Final = ("unit", "units", "u")
TYPE_KEYS: Final = ("type", "name", "alarmType", "alarm_type", "event", "code", "alarm", "eventName")
ACTIVE_KEYS: Final = ("active", "isActive", "is_active", "triggered", "state", "status", "value", "on")

_CHANNEL: Final = re.compile(r"(?:(?<=[^\W\d_]{4})|[ _.:#-]+)\d{1,2}(?=$|[ _.:#-])")
_VALUE: Final = re.compile(r"\.(?:value|val|v)$", re.IGNORECASE)
_DEPTH_MAX: Final = 4


@lru_cache(maxsize=NAME_CACHE_SIZE)
def without_channel(name: str) -> str:
    """The name without the number of a channel.

    >>> [without_channel(name) for name in ("WaterLeak_1", "Switch2", "leak.1.status", "CO2")]
    ['WaterLeak', 'Switch', 'leak.status', 'CO2']
    """
    return _CHANNEL.sub("", name) or name


@lru_cache(maxsize=NAME_CACHE_SIZE)
def without_value(name: str) -> str:
    """The name of a value object.

    >>> without_value("water_level.value"), without_value("water_level")
    ('water_level', 'water_level')
    """
    return _VALUE.sub("", name)


def flatten(
    fields: Mapping[str, object], closed: Callable[[str], bool] = lambda _name: False
) -> list[tuple[str, object]]:
    """The fields with every shape opened, but for those that are to stay `closed`.

    >>> listed = [{"variable": "smoke", "value": True}, {"n": "t", "v": 21, "u": "C"}]
    >>> flatten({"a": listed, "update": {"x": 1}}, lambda name: name == "update")
    [('smoke', True), ('t', 21), ('t.unit', 'C'), ('update', {'x': 1})]
    >>> flatten({"alarm.type": "High gas", "alarm.active": True, "battery": 3})
    [('alarm', 'High gas'), ('battery', 3)]
    """
    flat: list[tuple[str, object]] = []
    for name, said in fields.items():
        if isinstance(said, (dict, list)) and not closed(name):
            flat += _flatten_value(name, said, 0)
        else:
            flat.append((name, said))
    return list(_merge_alarm_objects(flat)) if any("." in name for name, _ in flat) else flat


def _flatten_value(name: str, said: object, depth: int) -> Iterator[tuple[str, object]]:
    if isinstance(said, dict) and said and depth < _DEPTH_MAX:
        for inner, value in said.items():
            yield from _flatten_value(f"{name}.{inner}", value, depth + 1)
    elif isinstance(said, list) and said and all(isinstance(each, dict) for each in said) and depth < _DEPTH_MAX:
        for each in said:
            yield from _flatten_record(name, each, depth)
    else:
        yield name, said


def _flatten_record(name: str, record: dict[str, object], depth: int) -> Iterator[tuple[str, object]]:
    """One of a list of variables, of alarms, or of something else that bears no name."""
    named = next((record[key] for key in NAME_KEYS if isinstance(record.get(key), str)), None)
    value = next((key for key in VALUE_KEYS if key in record), None)
    typed = record.get("type")
    if value is not None and isinstance(typed, str) and normalized(typed) not in DATA_TYPES:
        yield from _flatten_value(typed, record[value], depth + 1)
        if isinstance(unit := next((record[key] for key in UNIT_KEYS if key in record), None), str):
            yield f"{typed}.unit", unit
    if isinstance(named, str) and value is not None:
        yield from _flatten_value(named, record[value], depth + 1)
        unit = next((record[key] for key in UNIT_KEYS if isinstance(record.get(key), str)), None)
        if unit is not None:
            yield f"{named}.unit", unit
        return
    flat = [each for inner, said in record.items() for each in _flatten_value(f"{name}.{inner}", said, depth + 1)]
    yield from _merge_alarm_objects(flat)


def _merge_alarm_objects(fields: list[tuple[str, object]]) -> Iterator[tuple[str, object]]:
    """`x.type` and `x.active` are one word under x while it is active; that one is over clears none of the others."""
    kinds = dict(_leaf_values(fields, TYPE_KEYS, str))
    states = dict(_leaf_values(fields, ACTIVE_KEYS, bool))
    whole = kinds.keys() & states.keys()
    for name, said in fields:
        owner, _, leaf = name.rpartition(".")
        if owner in whole and (leaf in TYPE_KEYS or leaf in ACTIVE_KEYS) and said in (kinds[owner], states[owner]):
            if said is states[owner] and said:
                yield owner, kinds[owner]
        elif owner and leaf in ACTIVE_KEYS[:4] and type(said) is bool:
            yield owner, said
        else:
            yield name, said


def _leaf_values(fields: list[tuple[str, object]], keys: tuple[str, ...], holds: type) -> Iterator[tuple[str, object]]:
    for name, said in fields:
        owner, _, leaf = name.rpartition(".")
        if owner and leaf in keys and type(said) is holds:
            yield owner, said


def words_in(said: object) -> list[str] | None:
    """The words of a text or of a list of texts; None for anything else.

    >>> words_in("leak"), words_in(["SMOKE", "BATTERY"]), words_in([1]), words_in([])
    (['leak'], ['SMOKE', 'BATTERY'], None, None)
    """
    if isinstance(said, str):
        return [said]
    if isinstance(said, list) and said and all(isinstance(each, str) for each in said):
        return said
    return None


def name_contains(name: str, words: frozenset[str]) -> bool:
    """Whether one of these words stands anywhere in the name."""
    said = normalized(name)
    return any(word in said for word in words)
