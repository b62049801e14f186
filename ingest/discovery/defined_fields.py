"""A message read by its definitions: which entity says what.

Words for on and off are compared as they are written first, then without regard to case and to how a number or a bool
is written. A value that is neither is left to the vocabulary, but where the definition turns the usual words round:
there it is refused by name, for a guess would be the opposite.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from ingest.definitions import ANY_PAYLOAD, Definition
from ingest.formats.json_payload import read_json
from ingest.formats.numbers import parse_number
from ingest.results import Rejected, Told
from ingest.templates.evaluation import CannotCompute, render, understood
from ingest.templates.functions import ABSENT

PAYLOAD_MAX: Final = 65_536
"""A larger message is not read by templates."""

UNMEASURED: Final = frozenset({"", "none", "null", "unknown", "unavailable", "nan"})
"""What Home Assistant calls a state that nobody knows."""

YES: Final = frozenset({"on", "true", "1", "yes", "open", "opened", "alarm", "detected", "active", "wet", "triggered"})
NO: Final = frozenset(
    {"off", "false", "0", "no", "closed", "close", "normal", "clear", "inactive", "dry", "ok", "idle"}
)
"""Words that everybody understands so without a definition."""

LITERALLY: Final = frozenset({"on", "true", "1", "yes"})
"""Words for on that say nothing of what it means."""


Paths = tuple[tuple[object, ...], ...] | None
"""Places of `value_json`; None when they are not known."""


def text_and_json(payload: bytes) -> tuple[str, object]:
    """A payload as templates see it: its text, and its JSON or ABSENT."""
    said = read_json(payload)
    return payload.decode("utf-8", "replace"), ABSENT if isinstance(said, Rejected) else said


def told(definition: Definition, text: str, value_json: object) -> tuple[Told | None, Paths]:
    """What the entity says, None when the message says nothing of it; and where in the message that stands."""
    names = _names(definition)
    value, paths, problem = _value(definition, text, value_json)
    if problem:
        turned = _turned_round(definition)
        return Told(names, two_state=bool(definition.on), problem=problem, danger=turned), None
    if definition.words:
        word = definition.words.get(_plain(value)) or definition.words.get(ANY_PAYLOAD)
        return (Told(names, word), paths) if word is not None else (None, ())
    if definition.component == "event":
        event = _event(value)
        return (Told(names, event), paths or (("event_type",),)) if event is not None else (None, ())
    if value is ABSENT or _unmeasured(definition, value):
        return None, () if value is ABSENT else paths
    if definition.on:
        return _one_of_two(definition, names, value), paths
    if isinstance(value, (dict, list)):
        return None, ()
    number = parse_number(value) if isinstance(value, str) else value
    return Told(names, number, definition.unit), paths


def _names(definition: Definition) -> tuple[str, ...]:
    """`binary_sensor.battery` says another thing than `sensor.battery`; a class that is said excludes a bare state."""
    own = definition.device_class
    of_class = (f"{definition.component}.{own}", own) if own else ()
    field = (definition.field,) if definition.field and not (own and definition.field == "state") else ()
    called = (definition.called,) if definition.called and not own and definition.component != "event" else ()
    return tuple(dict.fromkeys((*of_class, *field, *called)))


def _value(definition: Definition, text: str, value_json: object) -> tuple[object, Paths, str]:
    """The value, where it stands, and what is wrong with it."""
    if not definition.template:
        return (value_json if isinstance(value_json, (dict, list)) else text.strip()), None, ""
    if len(text) > PAYLOAD_MAX:
        return ABSENT, None, f"{len(text)} characters: a template reads {PAYLOAD_MAX} at most"
    template = understood(definition.template)
    if isinstance(template, str):
        return ABSENT, None, f"its value_template is not understood: {template}"
    if template.paths and value_json is ABSENT:
        return ABSENT, None, "its value_template reads JSON, and the message is none"
    try:
        return render(template, text, value_json), template.paths, ""
    except CannotCompute as fault:
        return ABSENT, template.paths, f"its value_template does not fit: {fault}"


def _unmeasured(definition: Definition, value: object) -> bool:
    word = _plain(value)
    return word in UNMEASURED and not (definition.on and word in (_plain(definition.on), _plain(definition.off)))


def _one_of_two(definition: Definition, names: tuple[str, ...], value: object) -> Told:
    literal = _plain(definition.on) in LITERALLY and _plain(definition.off) not in YES
    for same in (str, _plain):
        if same(value) == same(definition.on):
            return Told(names, True, two_state=True, literal=literal)
        if same(value) == same(definition.off):
            return Told(names, False, two_state=True, literal=literal)
    shown = f"{str(value)[:40]!r} is neither {definition.on[:20]!r} (on) nor {definition.off[:20]!r} (off)"
    turned = _turned_round(definition)
    if turned or isinstance(value, (dict, list)):
        return Told(names, two_state=True, problem=shown, danger=turned)
    return Told(names, value, two_state=True)


def _turned_round(definition: Definition) -> bool:
    """Whether the definition calls on what others call off."""
    return _plain(definition.on) in NO or _plain(definition.off) in YES


def usual(payload: bytes) -> bool | None:
    """What a bare word means where nobody defined it.

    >>> usual(b"ON"), usual(b"closed"), usual(b"3")
    (True, False, None)
    """
    word = _plain(payload[:80].decode("utf-8", "replace"))
    return True if word in YES else False if word in NO else None


def _plain(value: object) -> str:
    """A value without case and spelling.

    >>> _plain(True), _plain("TRUE "), _plain(2.0), _plain("2"), _plain("Off")
    ('true', 'true', '2', '2', 'off')
    """
    if isinstance(value, str):
        value = parse_number(value)
    whole = type(value) is float and value.is_integer()
    return str(int(value) if whole else value).strip().casefold()  # type: ignore[call-overload]


def _event(value: object) -> str | None:
    """The type of an event entity's message: `{"event_type": "press"}`, also as text that a template made."""
    said = read_json(value.encode()) if isinstance(value, str) else value
    event = said.get("event_type") if isinstance(said, dict) else None
    return event if isinstance(event, str) and event else None


def without(fields: Mapping[str, object], paths: Iterable[tuple[object, ...]]) -> dict[str, object]:
    """The fields that stand at none of these places; names of places may be joined by points already.

    >>> without({"a": {"x": 1, "y": 2}, "b.c": 3, "d": 4}, [("a", "x"), ("b", "c")])
    {'a': {'y': 2}, 'd': 4}
    """
    left = dict(fields)
    for path in paths:
        joined = ".".join(map(str, path))
        if joined in left:
            del left[joined]
        elif len(path) > 1 and isinstance(inner := left.get(str(path[0])), dict):
            rest = without(inner, [path[1:]])
            left = {**left, str(path[0]): rest} if rest else {k: v for k, v in left.items() if k != path[0]}
    return left
