"""Entity definitions of Home Assistant's discovery: topics, on and off payloads, unit and template of each entity.

Defaults are those of Home Assistant's MQTT integrations (https://www.home-assistant.io/integrations/mqtt/).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from ingest.definitions import ANY_PAYLOAD, ATTRIBUTES, AVAILABILITY, EntityDefinition
from ingest.mappings.field_names import GENERIC_LEAVES, normalized
from ingest.templates.evaluation import parse_cached
from ingest.templates.parser import LENGTH_MAX

JsonObject = Mapping[str, object]

STATE_PAYLOADS: Final = {
    "binary_sensor": (("payload_on",), "ON", ("payload_off",), "OFF"),
    "switch": (("state_on", "payload_on"), "ON", ("state_off", "payload_off"), "OFF"),
    "siren": (("state_on", "payload_on"), "ON", ("state_off", "payload_off"), "OFF"),
    "light": (("payload_on",), "ON", ("payload_off",), "OFF"),
    "fan": (("payload_on",), "ON", ("payload_off",), "OFF"),
    "cover": (("state_open",), "open", ("state_closed",), "closed"),
    "valve": (("state_open",), "open", ("state_closed",), "closed"),
    "lock": (("state_unlocked",), "UNLOCKED", ("state_locked",), "LOCKED"),
}
"""By component: keys of the payload for on (or open) and its default, then those for off."""

VALUE_COMPONENTS: Final = frozenset({"sensor", "event"})
DETECTOR_COMPONENTS: Final = frozenset({"binary_sensor", "sensor"})
"""Components whose state may be the main function of the device."""

TEMPLATE_KEYS: Final = ("value_template", "state_value_template")
BUTTON_PREFIXES: Final = ("button_", "remote_")

PAYLOAD_CHARS_MAX: Final = 200
"""Characters of a payload that are compared."""

DEFAULT_ONLINE: Final = "online"


def entity_definitions(
    entities: Iterator[dict[str, object]], config: JsonObject, device_names: tuple[str, ...]
) -> Iterator[EntityDefinition]:
    """The definitions of each entity, which has `object` and `platform`. `device_names` are those of its device."""
    seen: set[tuple[str, ...]] = set()
    for entity in entities:
        component = _text(entity.get("platform"))
        if component == "device_automation":
            yield from _trigger(entity, config, device_names)
        elif (topic := topic_of("state_topic", entity, config)) is not None:
            yield _state(component, topic, entity, device_names)
        for definition in _availability_and_attributes(entity, config, device_names):
            key = (definition.topic, definition.component, definition.on, definition.off, definition.template)
            if key not in seen:
                seen.add(key)
                yield definition


def topic_of(key: str, entity: JsonObject, config: JsonObject) -> str | None:
    """The topic under `key`, with `~` at its beginning or end replaced by the base topic."""
    return _expand_base(_text(entity.get(key)) or _text(config.get(key)), entity, config)


def _expand_base(topic: str, entity: JsonObject, config: JsonObject) -> str | None:
    base = _text(entity.get("~")) or _text(config.get("~"))
    if topic.startswith("~") and base:
        topic = base + topic[1:]
    elif topic.endswith("~") and base:
        topic = topic[:-1] + base
    return topic or None


def _state(component: str, topic: str, entity: JsonObject, device_names: tuple[str, ...]) -> EntityDefinition:
    template = next((_text(entity[key]) for key in TEMPLATE_KEYS if _text(entity.get(key))), "")
    if component == "light" and entity.get("schema") == "json":
        template = template or "{{ value_json.state }}"
    on, off = _state_payloads(component, entity)
    is_supported = component in STATE_PAYLOADS or component in VALUE_COMPONENTS
    return EntityDefinition(
        topic,
        component if is_supported else "",
        device_names,
        _text(entity.get("device_class")),
        _field(component, template, _text(entity.get("object"))) if is_supported else "",
        template,
        on,
        off,
        _text(entity.get("unit_of_measurement")),
        entity_name=_text(entity.get("object")),
    )


def _state_payloads(component: str, entity: JsonObject) -> tuple[str, str]:
    if component not in STATE_PAYLOADS:
        return "", ""
    on_keys, default_on, off_keys, default_off = STATE_PAYLOADS[component]
    on = next((entity[key] for key in on_keys if _payload_text(entity.get(key))), default_on)
    off = next((entity[key] for key in off_keys if _payload_text(entity.get(key))), default_off)
    return _payload_text(on), _payload_text(off)


def _field(component: str, template: str, object_name: str) -> str:
    """Path of the value in the message; else the name of the entity; else `state` or the component."""
    if component == "event":
        return "event_type"
    tree = parse_cached(template) if template else ""
    paths = tree.paths if not isinstance(tree, str) else ()
    path = ".".join(map(str, paths[0])) if paths else ""
    if path and normalized(path) not in GENERIC_LEAVES:
        return path
    return object_name or ("state" if component in DETECTOR_COMPONENTS else component)


def _trigger(entity: JsonObject, config: JsonObject, device_names: tuple[str, ...]) -> Iterator[EntityDefinition]:
    """A device trigger: this payload on this topic is a press; without a payload, any message is."""
    topic = _expand_base(_text(entity.get("topic")), entity, config)
    kind = _text(entity.get("type"))
    if topic is None or not kind:
        return
    action = kind
    for prefix in BUTTON_PREFIXES:
        action = action.removeprefix(prefix)
    payload = _payload_text(entity.get("payload")).strip().casefold() or ANY_PAYLOAD
    yield EntityDefinition(
        topic, "trigger", device_names, "", "action", _text(entity.get("value_template")), words={payload: action}
    )


def _availability_and_attributes(
    entity: JsonObject, config: JsonObject, device_names: tuple[str, ...]
) -> Iterator[EntityDefinition]:
    """Availability and attribute topics of an entity."""
    availability = entity.get("availability") or config.get("availability")
    for entry in availability if isinstance(availability, list) else [availability]:
        if isinstance(entry, dict) and (topic := _expand_base(_text(entry.get("topic")), entity, config)):
            yield _availability(topic, entry, device_names, _text(entry.get("value_template")))
    if (topic := topic_of("availability_topic", entity, config)) is not None:
        settings = {**config, **entity}
        yield _availability(topic, settings, device_names, _text(settings.get("availability_template")))
    attributes = topic_of("json_attributes_topic", entity, config)
    if attributes is not None and attributes != topic_of("state_topic", entity, config):
        yield EntityDefinition(attributes, ATTRIBUTES, device_names)


def _availability(topic: str, settings: JsonObject, device_names: tuple[str, ...], template: str) -> EntityDefinition:
    on = _payload_text(settings.get("payload_available")) or DEFAULT_ONLINE
    off = _payload_text(settings.get("payload_not_available")) or "offline"
    return EntityDefinition(topic, AVAILABILITY, device_names, template=template, on=on, off=off)


def _payload_text(value: object) -> str:
    """A payload as text; discovery messages also give numbers and bools."""
    return str(value)[:PAYLOAD_CHARS_MAX] if isinstance(value, (str, int, float)) else ""


def _text(value: object) -> str:
    """A text, cut at one character more than the longest template that is accepted."""
    return value[: LENGTH_MAX + 1] if isinstance(value, str) else ""
