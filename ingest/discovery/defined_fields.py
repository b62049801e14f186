"""Reads the value of one entity in a message, by the entity's definition.

Payloads for on and off are compared as they are written first, then without regard to case and to how a number or a
bool is written. A value that is neither is left to the vocabulary, except where the definition inverts the usual words:
there it is refused by name, because a guess would be the opposite.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from ingest.definitions import ANY_PAYLOAD, EntityDefinition
from ingest.formats.json_payload import read_json
from ingest.formats.numbers import parse_number
from ingest.results import EntityValue, Rejection
from ingest.templates.evaluation import TemplateError, parse_cached, render
from ingest.templates.functions import ABSENT

PAYLOAD_MAX: Final = 65_536
"""Templates read no message with more characters."""

UNKNOWN_STATES: Final = frozenset({"", "none", "null", "unknown", "unavailable", "nan"})
"""Home Assistant's words for an unknown state."""

ON_WORDS: Final = frozenset(
    {"on", "true", "1", "yes", "open", "opened", "alarm", "detected", "active", "wet", "triggered"}
)
OFF_WORDS: Final = frozenset(
    {"off", "false", "0", "no", "closed", "close", "normal", "clear", "inactive", "dry", "ok", "idle"}
)
"""Words that mean on and off without a definition."""

LITERAL_ON_WORDS: Final = frozenset({"on", "true", "1", "yes"})
"""Words for on that do not state its meaning."""


Paths = tuple[tuple[object, ...], ...] | None
"""Paths in `value_json`; None when they are not known."""


def text_and_json(payload: bytes) -> tuple[str, object]:
    """A payload as templates read it: its text, and its JSON or ABSENT."""
    parsed = read_json(payload)
    return payload.decode("utf-8", "replace"), ABSENT if isinstance(parsed, Rejection) else parsed


def read_entity(definition: EntityDefinition, text: str, value_json: object) -> tuple[EntityValue | None, Paths]:
    """The entity's value, None when the message holds none; and the paths in the message from which it was read."""
    names = _names(definition)
    value, paths, problem = _value(definition, text, value_json)
    if problem:
        danger = _is_inverted(definition)
        return EntityValue(names, two_state=bool(definition.on), problem=problem, danger=danger), None
    if definition.words:
        word = definition.words.get(_normalized(value)) or definition.words.get(ANY_PAYLOAD)
        return (EntityValue(names, word), paths) if word is not None else (None, ())
    if definition.component == "event":
        event = _event_type(value)
        return (EntityValue(names, event), paths or (("event_type",),)) if event is not None else (None, ())
    if value is ABSENT or _is_unknown(definition, value):
        return None, () if value is ABSENT else paths
    if definition.on:
        return _binary_value(definition, names, value), paths
    if isinstance(value, (dict, list)):
        return None, ()
    number = parse_number(value) if isinstance(value, str) else value
    return EntityValue(names, number, definition.unit), paths


def _names(definition: EntityDefinition) -> tuple[str, ...]:
    """`binary_sensor.battery` means another thing than `sensor.battery`; a device class excludes a bare `state`."""
    device_class = definition.device_class
    by_class = (f"{definition.component}.{device_class}", device_class) if device_class else ()
    by_field = (definition.field,) if definition.field and not (device_class and definition.field == "state") else ()
    is_named = definition.entity_name and not device_class and definition.component != "event"
    by_name = (definition.entity_name,) if is_named else ()
    return tuple(dict.fromkeys((*by_class, *by_field, *by_name)))


def _value(definition: EntityDefinition, text: str, value_json: object) -> tuple[object, Paths, str]:
    """The value, its paths, and what is wrong with it."""
    if not definition.template:
        return (value_json if isinstance(value_json, (dict, list)) else text.strip()), None, ""
    if len(text) > PAYLOAD_MAX:
        return ABSENT, None, f"{len(text)} characters: a template reads {PAYLOAD_MAX} at most"
    template = parse_cached(definition.template)
    if isinstance(template, str):
        return ABSENT, None, f"its value_template is not understood: {template}"
    if template.paths and value_json is ABSENT:
        return ABSENT, None, "its value_template reads JSON, and the message is none"
    try:
        return render(template, text, value_json), template.paths, ""
    except TemplateError as error:
        return ABSENT, template.paths, f"its value_template does not fit: {error}"


def _is_unknown(definition: EntityDefinition, value: object) -> bool:
    word = _normalized(value)
    is_state = definition.on and word in (_normalized(definition.on), _normalized(definition.off))
    return word in UNKNOWN_STATES and not is_state


def _binary_value(definition: EntityDefinition, names: tuple[str, ...], value: object) -> EntityValue:
    literal = _normalized(definition.on) in LITERAL_ON_WORDS and _normalized(definition.off) not in ON_WORDS
    for spelling in (str, _normalized):
        if spelling(value) == spelling(definition.on):
            return EntityValue(names, True, two_state=True, literal=literal)
        if spelling(value) == spelling(definition.off):
            return EntityValue(names, False, two_state=True, literal=literal)
    is_inverted = _is_inverted(definition)
    if is_inverted or isinstance(value, (dict, list)):
        problem = f"{str(value)[:40]!r} is neither {definition.on[:20]!r} (on) nor {definition.off[:20]!r} (off)"
        return EntityValue(names, two_state=True, problem=problem, danger=is_inverted)
    return EntityValue(names, value, two_state=True)


def _is_inverted(definition: EntityDefinition) -> bool:
    """Whether the definition uses a usual word for off as its on, or the other way round."""
    return _normalized(definition.on) in OFF_WORDS or _normalized(definition.off) in ON_WORDS


def usual_meaning(payload: bytes) -> bool | None:
    """The meaning of a bare word without a definition.

    >>> usual_meaning(b"ON"), usual_meaning(b"closed"), usual_meaning(b"3")
    (True, False, None)
    """
    word = _normalized(payload[:80].decode("utf-8", "replace"))
    return True if word in ON_WORDS else False if word in OFF_WORDS else None


def _normalized(value: object) -> str:
    """A value without regard to case and spelling.

    >>> _normalized(True), _normalized("TRUE "), _normalized(2.0), _normalized("2"), _normalized("Off")
    ('true', 'true', '2', '2', 'off')
    """
    if isinstance(value, str):
        value = parse_number(value)
    is_whole = type(value) is float and value.is_integer()
    return str(int(value) if is_whole else value).strip().casefold()  # type: ignore[call-overload]


def _event_type(value: object) -> str | None:
    """The type in an event entity's message: `{"event_type": "press"}`, also as text that a template made."""
    parsed = read_json(value.encode()) if isinstance(value, str) else value
    event_type = parsed.get("event_type") if isinstance(parsed, dict) else None
    return event_type if isinstance(event_type, str) and event_type else None


def without_paths(fields: Mapping[str, object], paths: Iterable[tuple[object, ...]]) -> dict[str, object]:
    """The fields without the values at these paths; the keys of a path may be joined by points in a field name.

    >>> without_paths({"a": {"x": 1, "y": 2}, "b.c": 3, "d": 4}, [("a", "x"), ("b", "c")])
    {'a': {'y': 2}, 'd': 4}
    >>> without_paths({"a": {"x": 1}, "d": 4}, [("a", "x")])
    {'d': 4}
    """
    remaining = dict(fields)
    for path in paths:
        joined, first = ".".join(map(str, path)), str(path[0]) if path else ""
        if joined in remaining:
            del remaining[joined]
        elif len(path) > 1 and isinstance(inner := remaining.get(first), dict):
            rest = without_paths(inner, [path[1:]])
            if rest:
                remaining[first] = rest
            else:
                del remaining[first]
    return remaining
