"""Flattens the shapes in which a device may report values: objects, lists of variables, alarm objects, channels.

Once for all platforms: `flatten` before the fields of a message are read, `without_channel` on the name of a field.
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
"""Values of `type` that name a data type, not a measurement."""
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
    fields: Mapping[str, object], is_closed: Callable[[str], bool] = lambda _name: False
) -> list[tuple[str, object]]:
    """The fields with all objects and lists flattened, except those for which `is_closed` is true.

    >>> variables = [{"variable": "smoke", "value": True}, {"n": "t", "v": 21, "u": "C"}]
    >>> flatten({"a": variables, "update": {"x": 1}}, lambda name: name == "update")
    [('smoke', True), ('t', 21), ('t.unit', 'C'), ('update', {'x': 1})]
    >>> flatten({"alarm.type": "High gas", "alarm.active": True, "battery": 3})
    [('alarm', 'High gas'), ('battery', 3)]
    """
    flat: list[tuple[str, object]] = []
    for name, value in fields.items():
        if isinstance(value, (dict, list)) and not is_closed(name):
            flat += _flatten_value(name, value, 0)
        else:
            flat.append((name, value))
    return list(_merge_alarm_objects(flat)) if any("." in name for name, _ in flat) else flat


def _flatten_value(name: str, value: object, depth: int) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict) and value and depth < _DEPTH_MAX:
        for key, inner in value.items():
            yield from _flatten_value(f"{name}.{key}", inner, depth + 1)
    elif isinstance(value, list) and value and all(isinstance(record, dict) for record in value) and depth < _DEPTH_MAX:
        for record in value:
            yield from _flatten_record(name, record, depth)
    else:
        yield name, value


def _flatten_record(name: str, record: dict[str, object], depth: int) -> Iterator[tuple[str, object]]:
    """One object of a list: a variable with its name, an alarm, or something without a name."""
    variable = next((record[key] for key in NAME_KEYS if isinstance(record.get(key), str)), None)
    value_key = next((key for key in VALUE_KEYS if key in record), None)
    type_name = record.get("type")
    if value_key is not None and isinstance(type_name, str) and normalized(type_name) not in DATA_TYPES:
        yield from _flatten_value(type_name, record[value_key], depth + 1)
        if isinstance(unit := next((record[key] for key in UNIT_KEYS if key in record), None), str):
            yield f"{type_name}.unit", unit
    if isinstance(variable, str) and value_key is not None:
        yield from _flatten_value(variable, record[value_key], depth + 1)
        unit = next((record[key] for key in UNIT_KEYS if isinstance(record.get(key), str)), None)
        if unit is not None:
            yield f"{variable}.unit", unit
        return
    flat = [field for key, value in record.items() for field in _flatten_value(f"{name}.{key}", value, depth + 1)]
    yield from _merge_alarm_objects(flat)


def _merge_alarm_objects(fields: list[tuple[str, object]]) -> Iterator[tuple[str, object]]:
    """`x.type` and `x.active` become the type under x while it is active; an inactive one clears no other alarm."""
    types = dict(_leaf_values(fields, TYPE_KEYS, str))
    states = dict(_leaf_values(fields, ACTIVE_KEYS, bool))
    alarm_objects = types.keys() & states.keys()
    for name, value in fields:
        parent, _, leaf = name.rpartition(".")
        is_part = parent in alarm_objects and (leaf in TYPE_KEYS or leaf in ACTIVE_KEYS)
        if is_part and value in (types[parent], states[parent]):
            if value is states[parent] and value:
                yield parent, types[parent]
        elif parent and leaf in ACTIVE_KEYS[:4] and type(value) is bool:
            yield parent, value
        else:
            yield name, value


def _leaf_values(
    fields: list[tuple[str, object]], keys: tuple[str, ...], value_type: type
) -> Iterator[tuple[str, object]]:
    for name, value in fields:
        parent, _, leaf = name.rpartition(".")
        if parent and leaf in keys and type(value) is value_type:
            yield parent, value


def words_in(value: object) -> list[str] | None:
    """The words of a text or of a list of texts; None for anything else.

    >>> words_in("leak"), words_in(["SMOKE", "BATTERY"]), words_in([1]), words_in([])
    (['leak'], ['SMOKE', 'BATTERY'], None, None)
    """
    if isinstance(value, str):
        return [value]
    if isinstance(value, list) and value and all(isinstance(word, str) for word in value):
        return value
    return None


def name_contains(name: str, words: frozenset[str]) -> bool:
    """Whether one of these words is anywhere in the normalized name."""
    whole = normalized(name)
    return any(word in whole for word in words)
