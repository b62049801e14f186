"""What Home Assistant's discovery defines: for each entity its topics, its two states, its unit and its template.

Defaults are those of Home Assistant's MQTT integrations (https://www.home-assistant.io/integrations/mqtt/). It knows no
quantity of ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from ingest.definitions import ANY_PAYLOAD, ATTRIBUTES, AVAILABILITY, EntityDefinition
from ingest.mappings.field_names import GENERIC_LEAVES, normalized
from ingest.templates.evaluation import parse_cached
from ingest.templates.parser import LENGTH_MAX

Said = Mapping[str, object]

TWO_STATES: Final = {
    "binary_sensor": (("payload_on",), "ON", ("payload_off",), "OFF"),
    "switch": (("state_on", "payload_on"), "ON", ("state_off", "payload_off"), "OFF"),
    "siren": (("state_on", "payload_on"), "ON", ("state_off", "payload_off"), "OFF"),
    "light": (("payload_on",), "ON", ("payload_off",), "OFF"),
    "fan": (("payload_on",), "ON", ("payload_off",), "OFF"),
    "cover": (("state_open",), "open", ("state_closed",), "closed"),
    "valve": (("state_open",), "open", ("state_closed",), "closed"),
    "lock": (("state_unlocked",), "UNLOCKED", ("state_locked",), "LOCKED"),
}
"""By component where the word for on (or open) stands and what it is otherwise, then that for off."""

VALUES: Final = frozenset({"sensor", "event"})
BARE_STATE: Final = frozenset({"binary_sensor", "sensor"})
"""Components whose state may be what the whole device is for."""

TEMPLATES: Final = ("value_template", "state_value_template")
BUTTONS: Final = ("button_", "remote_")

WRITTEN_MAX: Final = 200
"""Characters of a payload that is compared."""

ONLINE: Final = "online"


def definitions(
    entities: Iterator[dict[str, object]], whole: Said, names: tuple[str, ...]
) -> Iterator[EntityDefinition]:
    """What each entity defines. `names` are those of its device; each bears its `object` and its `platform`."""
    shared: set[tuple[str, ...]] = set()
    for entity in entities:
        component = _text(entity.get("platform"))
        if component == "device_automation":
            yield from _trigger(entity, whole, names)
        elif (topic := topic_of("state_topic", entity, whole)) is not None:
            yield _state(component, topic, entity, names)
        for each in _beside(entity, whole, names):
            key = (each.topic, each.component, each.on, each.off, each.template)
            if key not in shared:
                shared.add(key)
                yield each


def topic_of(key: str, entity: Said, whole: Said) -> str | None:
    """A topic, with `~` at its beginning or end replaced."""
    return _based(_text(entity.get(key)) or _text(whole.get(key)), entity, whole)


def _based(topic: str, entity: Said, whole: Said) -> str | None:
    base = _text(entity.get("~")) or _text(whole.get("~"))
    if topic.startswith("~") and base:
        topic = base + topic[1:]
    elif topic.endswith("~") and base:
        topic = topic[:-1] + base
    return topic or None


def _state(component: str, topic: str, entity: Said, names: tuple[str, ...]) -> EntityDefinition:
    template = next((_text(entity[key]) for key in TEMPLATES if _text(entity.get(key))), "")
    if component == "light" and entity.get("schema") == "json":
        template = template or "{{ value_json.state }}"
    on, off = _two_states(component, entity)
    known = component in TWO_STATES or component in VALUES
    return EntityDefinition(
        topic,
        component if known else "",
        names,
        _text(entity.get("device_class")),
        _field(component, template, _text(entity.get("object"))) if known else "",
        template,
        on,
        off,
        _text(entity.get("unit_of_measurement")),
        entity_name=_text(entity.get("object")),
    )


def _two_states(component: str, entity: Said) -> tuple[str, str]:
    if component not in TWO_STATES:
        return "", ""
    on_keys, on, off_keys, off = TWO_STATES[component]
    said_on = next((entity[key] for key in on_keys if _written(entity.get(key))), on)
    said_off = next((entity[key] for key in off_keys if _written(entity.get(key))), off)
    return _written(said_on), _written(said_off)


def _field(component: str, template: str, named: str) -> str:
    """Where the value stands in the message; else what the entity is called; else the bare state of the device."""
    if component == "event":
        return "event_type"
    tree = parse_cached(template) if template else ""
    paths = tree.paths if not isinstance(tree, str) else ()
    path = ".".join(map(str, paths[0])) if paths else ""
    if path and normalized(path) not in GENERIC_LEAVES:
        return path
    return named or ("state" if component in BARE_STATE else component)


def _trigger(entity: Said, whole: Said, names: tuple[str, ...]) -> Iterator[EntityDefinition]:
    """A device trigger: this payload on this topic is a press. Without a payload any is."""
    topic = _based(_text(entity.get("topic")), entity, whole)
    kind = _text(entity.get("type"))
    if topic is None or not kind:
        return
    word = kind
    for start in BUTTONS:
        word = word.removeprefix(start)
    payload = _written(entity.get("payload")).strip().casefold() or ANY_PAYLOAD
    yield EntityDefinition(
        topic, "trigger", names, "", "action", _text(entity.get("value_template")), words={payload: word}
    )


def _beside(entity: Said, whole: Said, names: tuple[str, ...]) -> Iterator[EntityDefinition]:
    """Where it is told whether the device lives, and what is known beside its state."""
    listed = entity.get("availability") or whole.get("availability")
    for each in listed if isinstance(listed, list) else [listed]:
        if isinstance(each, dict) and (topic := _based(_text(each.get("topic")), entity, whole)):
            yield _availability(topic, each, names, _text(each.get("value_template")))
    if (topic := topic_of("availability_topic", entity, whole)) is not None:
        merged = {**whole, **entity}
        yield _availability(topic, merged, names, _text(merged.get("availability_template")))
    attributes = topic_of("json_attributes_topic", entity, whole)
    if attributes is not None and attributes != topic_of("state_topic", entity, whole):
        yield EntityDefinition(attributes, ATTRIBUTES, names)


def _availability(topic: str, said: Said, names: tuple[str, ...], template: str) -> EntityDefinition:
    on = _written(said.get("payload_available")) or ONLINE
    off = _written(said.get("payload_not_available")) or "offline"
    return EntityDefinition(topic, AVAILABILITY, names, template=template, on=on, off=off)


def _written(said: object) -> str:
    """A payload as discovery may write it: text, a number, true."""
    return str(said)[:WRITTEN_MAX] if isinstance(said, (str, int, float)) else ""


def _text(said: object) -> str:
    """A text; of a longer one as much as nothing we read needs more of."""
    return said[: LENGTH_MAX + 1] if isinstance(said, str) else ""
