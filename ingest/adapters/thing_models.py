"""Thing models of JetLinks and Alink: the units of fields and the labels of their values.

JetLinks: `{"properties": [{"id", "valueType": {"type", "unit", "trueText", "elements"}}]}` (jetlinks-core, metadata).
Alink: `{"properties": [{"identifier", "dataType": {"type", "specs"}}]}` (Alibaba Cloud IoT, TSL). Outputs of events
have the same form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from ingest.definitions import FieldMeaning

JsonObject = Mapping[str, object]

DEPTH_MAX: Final = 4
TEXT_MAX: Final = 60


def field_meanings(model: JsonObject) -> tuple[FieldMeaning, ...]:
    """The fields of a model that have a unit or labels.

    >>> field_meanings({"properties": [{"identifier": "Gas", "dataType": {"type": "bool", "specs": {"1": "报警"}}}]})
    (FieldMeaning(field='Gas', unit='', labels={'1': '报警'}),)
    >>> field_meanings({"properties": [{"id": "t", "valueType": {"type": "float", "unit": "celsiusDegrees"}}]})
    (FieldMeaning(field='t', unit='celsiusDegrees', labels={}),)
    """
    properties = _objects(model.get("properties"))
    meanings = [meaning for definition in properties for meaning in _field(definition, "", 0)]
    for event in _objects(model.get("events")):
        outputs = _objects(event.get("outputData")) or [event]
        for output in outputs:
            meanings += _field(output, "", 0, with_name=output is not event)
    return tuple(meanings)


def _field(definition: JsonObject, prefix: str, depth: int, with_name: bool = True) -> Iterator[FieldMeaning]:
    """One field, or its inner fields with `name.` as a prefix, unless it is an event without outputs."""
    name = _text(definition.get("id")) or _text(definition.get("identifier"))
    data_type = _object(definition.get("valueType")) or _object(definition.get("dataType"))
    inner_fields = _objects(data_type.get("properties")) or _objects(data_type.get("specs"))
    if inner_fields and depth < DEPTH_MAX:
        for inner in inner_fields:
            yield from _field(inner, f"{prefix}{name}." if with_name else "", depth + 1)
        return
    specs = _object(data_type.get("specs"))
    unit = _unit(data_type.get("unit")) or _unit(specs.get("unit"))
    labels = dict(_labels(_text(data_type.get("type")), data_type, specs))
    if name and (unit or labels):
        yield FieldMeaning(prefix + name, unit, labels)


def _unit(unit: object) -> str:
    """A unit as text; some platforms write an object with its symbol and its id."""
    if isinstance(unit, dict):
        return _text(unit.get("symbol")) or _text(unit.get("id"))
    return _text(unit)


def _labels(kind: str, data_type: JsonObject, specs: JsonObject) -> Iterator[tuple[str, str]]:
    """The label of each value, by the value as text in lower case."""
    if kind in ("boolean", "bool") and ("trueText" in data_type or "falseText" in data_type):
        for state, number in (("true", "1"), ("false", "0")):
            label = _text(data_type.get(f"{state}Text"))
            value = str(data_type.get(f"{state}Value", state)).strip().lower()
            if label:
                yield value, label
                if value == state:
                    yield number, label
        return
    for element in _objects(data_type.get("elements")):
        if label := _text(element.get("text")):
            yield str(element.get("value")).strip().lower(), label
    if kind in ("bool", "enum"):
        yield from ((value.strip().lower(), label) for value, text in specs.items() if (label := _text(text)))


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> list[dict[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value[:TEXT_MAX] if isinstance(value, str) else ""
