"""Parses Home Assistant discovery messages: expands abbreviations, finds identities, topics and entities."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from ingest.adapters.homeassistant.entities import entity_definitions, topic_of
from ingest.definitions import EntityDefinition

JsonObject = Mapping[str, object]

ABBREVIATIONS: Final = {
    "atype": "automation_type",
    "avty": "availability",
    "avty_t": "availability_topic",
    "avty_tpl": "availability_template",
    "cmps": "components",
    "cns": "connections",
    "dev": "device",
    "dev_cla": "device_class",
    "ids": "identifiers",
    "json_attr_t": "json_attributes_topic",
    "mdl": "model",
    "mdl_id": "model_id",
    "mf": "manufacturer",
    "migr_discvry": "migrate_discovery",
    "o": "origin",
    "p": "platform",
    "pl": "payload",
    "pl_avail": "payload_available",
    "pl_not_avail": "payload_not_available",
    "pl_off": "payload_off",
    "pl_on": "payload_on",
    "sn": "serial_number",
    "stat_clsd": "state_closed",
    "stat_locked": "state_locked",
    "stat_off": "state_off",
    "stat_on": "state_on",
    "stat_open": "state_open",
    "stat_t": "state_topic",
    "stat_unlocked": "state_unlocked",
    "stat_val_tpl": "state_value_template",
    "stype": "subtype",
    "t": "topic",
    "uniq_id": "unique_id",
    "unit_of_meas": "unit_of_measurement",
    "val_tpl": "value_template",
}
"""The published abbreviations of the keys that are used here."""

DEVICE_TOPIC_LEVELS: Final = {
    "fengshao": ("native", 2),
    "shellies": ("shelly", 1),
    "application": ("chirpstack", 3),
    "v3": ("tts", 3),
    "wmbusmeters": ("wmbusmeters", 1),
}
"""By first topic level: platform, and the level that names the device."""

_FIELD: Final = re.compile(r"value_json(?:\.(\w+)|\[['\"](\w+)['\"]\])")


class DeviceDescription(Struct, frozen=True):
    """One discovered device. `reporters` are (platform, identity) pairs by the topics on which it will report."""

    identifiers: tuple[str, ...]
    unique_ids: tuple[str, ...]
    reporters: tuple[tuple[str, str], ...]
    hints: tuple[str, ...]
    topics: tuple[str, ...]
    vendor: str | None
    model: str | None
    name: str | None
    own_identities: tuple[str, ...]
    entities: tuple[EntityDefinition, ...]


def describe_device(component: str, message: JsonObject, levels: Sequence[str] = ()) -> DeviceDescription:
    """Parse the message of one entity, or of a device with its components. `levels` are those of its topic.

    >>> device = describe_device("binary_sensor", {"~": "zigbee2mqtt/Kitchen", "stat_t": "~", "dev_cla": "gas"})
    >>> device.reporters, device.hints, device.topics
    ((('zigbee2mqtt', 'Kitchen'),), ('gas',), ('zigbee2mqtt/Kitchen',))
    """
    config = _expand(message)
    device = _expand(_object(config.get("device")))
    entities = list(_entities(component, config, levels))
    topics = _unique(topic_of("state_topic", entity, config) for entity in entities)
    identifiers = (*_texts(device.get("identifiers")), *_connection_ids(device.get("connections")))
    unique_ids = _unique(_text(entity.get("unique_id")) for entity in entities)
    own_identities = tuple(dict.fromkeys([*identifiers, *unique_ids, *identities_of_topic(levels)]))
    # Names that all entities of a device share come first: by them they are recognised as one device.
    device_names = tuple(dict.fromkeys([*identifiers, *identities_of_topic(levels), *unique_ids]))
    return DeviceDescription(
        identifiers,
        unique_ids,
        tuple(dict.fromkeys(identity for topic in topics if (identity := reporting_identity(topic)))),
        _unique(hint for entity in entities for hint in _hints(entity)),
        topics,
        _text(device.get("manufacturer")),
        _text(device.get("model_id")) or _text(device.get("model")),
        _text(device.get("name")) or _text(config.get("name")),
        own_identities,
        () if _is_zigbee2mqtt(config, topics) else tuple(entity_definitions(iter(entities), config, device_names)),
    )


def identities_of_topic(levels: Sequence[str]) -> list[str]:
    """Identities in a topic. An object below a node is none alone: every node has a `gas` or a `battery_low`.

    >>> identities_of_topic(["kitchen"]), identities_of_topic(["kitchen", "gas"]), identities_of_topic([])
    (['kitchen'], ['kitchen', 'kitchen/gas'], [])
    """
    return list(dict.fromkeys([levels[0], "/".join(levels)])) if levels else []


def _is_zigbee2mqtt(config: JsonObject, topics: Sequence[str]) -> bool:
    """Whether Zigbee2MQTT describes its own topics; our mapping of that platform knows more about them."""
    origin = _text(_expand(_object(config.get("origin"))).get("name")) or ""
    return origin.lower() == "zigbee2mqtt" and all(topic.startswith("zigbee2mqtt/") for topic in topics)


def reporting_identity(topic: str) -> tuple[str, str] | None:
    """The platform that reports on this topic, and the device's identity there.

    >>> topics = ("zigbee2mqtt/3栋/402", "tele/plug/SENSOR", "shellies/shellygas-1/sensor/gas")
    >>> [reporting_identity(topic) for topic in topics]
    [('zigbee2mqtt', '3栋/402'), ('tasmota', 'plug'), ('shelly', 'shellygas-1')]
    >>> topics = ("homeassistant/binary_sensor/garden/state", "fengshao/v1/gas-1/up", "a/b")
    >>> [reporting_identity(topic) for topic in topics]
    [('homeassistant', 'garden'), ('native', 'gas-1'), None]
    """
    root, _, below_root = topic.partition("/")
    if root == "zigbee2mqtt" and below_root and not below_root.startswith("bridge/"):
        return root, below_root
    if root in {"tele", "stat"} and "/" in below_root:
        return "tasmota", below_root.rpartition("/")[0]
    levels = topic.split("/")
    platform, index = ("homeassistant", 2) if root == "homeassistant" else DEVICE_TOPIC_LEVELS.get(root, ("", 0))
    return (platform, levels[index]) if platform and len(levels) > index and levels[index] else None


def _entities(component: str, config: JsonObject, levels: Sequence[str]) -> Iterator[dict[str, object]]:
    """The entities of a message; `object` is the name that the topic or the device gives them."""
    components = config.get("components")
    if not isinstance(components, dict):
        yield {"platform": component, **config, "object": levels[-1] if len(levels) > 1 else ""}
        return
    for object_name, component_config in components.items():
        expanded = _expand(component_config) if isinstance(component_config, dict) else {}
        if expanded.keys() - {"platform"}:  # a platform alone takes the component away
            yield {**expanded, "object": object_name}


def _hints(entity: JsonObject) -> Iterator[str | None]:
    """Device class and field name; the component of an entity that has neither."""
    template = _FIELD.search(_text(entity.get("value_template")) or "")
    hints = (_text(entity.get("device_class")), template and (template[1] or template[2]))
    yield from hints if any(hints) else (_text(entity.get("platform")),)


def _expand(message: JsonObject) -> dict[str, object]:
    return {ABBREVIATIONS.get(key, key): value for key, value in message.items()}


def _connection_ids(value: object) -> tuple[str, ...]:
    """`[["mac", "02:5b:26:a8:dc:12"]]`: the second of each pair."""
    pairs = value if isinstance(value, list) else []
    return tuple(pair[1] for pair in pairs if isinstance(pair, list) and len(pair) > 1 and isinstance(pair[1], str))


def _texts(value: object) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    return tuple(text for text in values if isinstance(text, str) and text)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _unique(texts: Iterator[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))
