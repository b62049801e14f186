"""A message read by its definitions: which entity says what.

Words for on and off are compared as they are written first, then without regard to case and to how a number or a bool
is written. A value that is neither is left to the vocabulary, but where the definition turns the usual words round:
there it is refused by name, for a guess would be the opposite.
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
"""A larger message is not read by templates."""

UNKNOWN_STATES: Final = frozenset({"", "none", "null", "unknown", "unavailable", "nan"})
"""What Home Assistant calls a state that nobody knows."""

ON_WORDS: Final = frozenset(
    {"on", "true", "1", "yes", "open", "opened", "alarm", "detected", "active", "wet", "triggered"}
)
OFF_WORDS: Final = frozenset(
    {"off", "false", "0", "no", "closed", "close", "normal", "clear", "inactive", "dry", "ok", "idle"}
)
"""Words that everybody understands so without a definition."""

LITERAL_ON_WORDS: Final = frozenset({"on", "true", "1", "yes"})
"""Words for on that say nothing of what it means."""


Paths = tuple[tuple[object, ...], ...] | None
"""Places of `value_json`; None when they are not known."""


def text_and_json(payload: bytes) -> tuple[str, object]:
    """A payload as templates see it: its text, and its JSON or ABSENT."""
    said = read_json(payload)
    return payload.decode("utf-8", "replace"), ABSENT if isinstance(said, Rejection) else said


def read_entity(definition: EntityDefinition, text: str, value_json: object) -> tuple[EntityValue | None, Paths]:
    """What the entity says, None when the message says nothing of it; and where in the message that stands."""
    names = _names(definition)
    value, paths, problem = _value(definition, text, value_json)
    if problem:
        turned = _is_inverted(definition)
        return EntityValue(names, two_state=bool(definition.on), problem=problem, danger=turned), None
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
    """`binary_sensor.battery` says another thing than `sensor.battery`; a class that is said excludes a bare state."""
    own = definition.device_class
    of_class = (f"{definition.component}.{own}", own) if own else ()
    field = (definition.field,) if definition.field and not (own and definition.field == "state") else ()
    called = (definition.entity_name,) if definition.entity_name and not own and definition.component != "event" else ()
    return tuple(dict.fromkeys((*of_class, *field, *called)))


def _value(definition: EntityDefinition, text: str, value_json: object) -> tuple[object, Paths, str]:
    """The value, where it stands, and what is wrong with it."""
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
    except TemplateError as fault:
        return ABSENT, template.paths, f"its value_template does not fit: {fault}"


def _is_unknown(definition: EntityDefinition, value: object) -> bool:
    word = _normalized(value)
    return word in UNKNOWN_STATES and not (
        definition.on and word in (_normalized(definition.on), _normalized(definition.off))
    )


def _binary_value(definition: EntityDefinition, names: tuple[str, ...], value: object) -> EntityValue:
    literal = _normalized(definition.on) in LITERAL_ON_WORDS and _normalized(definition.off) not in ON_WORDS
    for same in (str, _normalized):
        if same(value) == same(definition.on):
            return EntityValue(names, True, two_state=True, literal=literal)
        if same(value) == same(definition.off):
            return EntityValue(names, False, two_state=True, literal=literal)
    shown = f"{str(value)[:40]!r} is neither {definition.on[:20]!r} (on) nor {definition.off[:20]!r} (off)"
    turned = _is_inverted(definition)
    if turned or isinstance(value, (dict, list)):
        return EntityValue(names, two_state=True, problem=shown, danger=turned)
    return EntityValue(names, value, two_state=True)


def _is_inverted(definition: EntityDefinition) -> bool:
    """Whether the definition calls on what others call off."""
    return _normalized(definition.on) in OFF_WORDS or _normalized(definition.off) in ON_WORDS


def usual_meaning(payload: bytes) -> bool | None:
    """What a bare word means where nobody defined it.

    >>> usual_meaning(b"ON"), usual_meaning(b"closed"), usual_meaning(b"3")
    (True, False, None)
    """
    word = _normalized(payload[:80].decode("utf-8", "replace"))
    return True if word in ON_WORDS else False if word in OFF_WORDS else None


def _normalized(value: object) -> str:
    """A value without case and spelling.

    >>> _normalized(True), _normalized("TRUE "), _normalized(2.0), _normalized("2"), _normalized("Off")
    ('true', 'true', '2', '2', 'off')
    """
    if isinstance(value, str):
        value = parse_number(value)
    whole = type(value) is float and value.is_integer()
    return str(int(value) if whole else value).strip().casefold()  # type: ignore[call-overload]


def _event_type(value: object) -> str | None:
    """The type of an event entity's message: `{"event_type": "press"}`, also as text that a template made."""
    said = read_json(value.encode()) if isinstance(value, str) else value
    event = said.get("event_type") if isinstance(said, dict) else None
    return event if isinstance(event, str) and event else None


def without_paths(fields: Mapping[str, object], paths: Iterable[tuple[object, ...]]) -> dict[str, object]:
    """The fields that stand at none of these places; names of places may be joined by points already.

    >>> without_paths({"a": {"x": 1, "y": 2}, "b.c": 3, "d": 4}, [("a", "x"), ("b", "c")])
    {'a': {'y': 2}, 'd': 4}
    """
    left = dict(fields)
    for path in paths:
        joined = ".".join(map(str, path))
        if joined in left:
            del left[joined]
        elif len(path) > 1 and isinstance(inner := left.get(str(path[0])), dict):
            rest = without_paths(inner, [path[1:]])
            left = {**left, str(path[0]): rest} if rest else {k: v for k, v in left.items() if k != path[0]}
    return left
