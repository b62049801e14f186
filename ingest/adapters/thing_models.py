"""Thing models of JetLinks and Alink: what a field's unit is, and what each of its values is called.

JetLinks: `{"properties": [{"id", "valueType": {"type", "unit", "trueText", "elements"}}]}` (jetlinks-core, metadata).
Alink: `{"properties": [{"identifier", "dataType": {"type", "specs"}}]}` (Alibaba Cloud IoT, TSL). Outputs of events are
written the same way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from ingest.definitions import FieldMeaning

Said = Mapping[str, object]

DEPTH_MAX: Final = 4
TEXT_MAX: Final = 60


def field_meanings(model: Said) -> tuple[FieldMeaning, ...]:
    """The fields of a model of which it says something.

    >>> field_meanings({"properties": [{"identifier": "Gas", "dataType": {"type": "bool", "specs": {"1": "报警"}}}]})
    (FieldMeaning(field='Gas', unit='', labels={'1': '报警'}),)
    >>> field_meanings({"properties": [{"id": "t", "valueType": {"type": "float", "unit": "celsiusDegrees"}}]})
    (FieldMeaning(field='t', unit='celsiusDegrees', labels={}),)
    """
    found = [each for one in _objects(model.get("properties")) for each in _field(one, "", 0)]
    for event in _objects(model.get("events")):
        outputs = _objects(event.get("outputData")) or [event]
        for one in outputs:
            found += _field(one, "", 0, named=one is not event)
    return tuple(found)


def _field(said: Said, before: str, depth: int, named: bool = True) -> Iterator[FieldMeaning]:
    """One field, or those inside it. What an event bears is not called by the event's name."""
    name = _text(said.get("id")) or _text(said.get("identifier"))
    about = _object(said.get("valueType")) or _object(said.get("dataType"))
    inner = _objects(about.get("properties")) or _objects(about.get("specs"))
    if inner and depth < DEPTH_MAX:
        for one in inner:
            yield from _field(one, f"{before}{name}." if named else "", depth + 1)
        return
    specs = _object(about.get("specs"))
    unit = _unit(about.get("unit")) or _unit(specs.get("unit"))
    labels = dict(_labels(_text(about.get("type")), about, specs))
    if name and (unit or labels):
        yield FieldMeaning(before + name, unit, labels)


def _unit(said: object) -> str:
    """A unit by its symbol or by what the platform calls it; some write an object with both."""
    if isinstance(said, dict):
        return _text(said.get("symbol")) or _text(said.get("id"))
    return _text(said)


def _labels(kind: str, about: Said, specs: Said) -> Iterator[tuple[str, str]]:
    """What each value is called, by the value as text in lower case."""
    if kind in ("boolean", "bool") and ("trueText" in about or "falseText" in about):
        for sense, other in (("true", "1"), ("false", "0")):
            label, written = _text(about.get(f"{sense}Text")), str(about.get(f"{sense}Value", sense)).strip().lower()
            if label:
                yield written, label
                if written == sense:
                    yield other, label
        return
    for each in _objects(about.get("elements")):
        if label := _text(each.get("text")):
            yield str(each.get("value")).strip().lower(), label
    if kind in ("bool", "enum"):
        yield from ((value.strip().lower(), label) for value, said in specs.items() if (label := _text(said)))


def _object(said: object) -> dict[str, object]:
    return said if isinstance(said, dict) else {}


def _objects(said: object) -> list[dict[str, object]]:
    return [each for each in said if isinstance(each, dict)] if isinstance(said, list) else []


def _text(said: object) -> str:
    return said[:TEXT_MAX] if isinstance(said, str) else ""
