"""What a Home Assistant description says, its abbreviations written out. It knows no topic of ours and no kind."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from ingest.adapters.homeassistant.entities import definitions, topic_of
from ingest.definitions import EntityDefinition

Said = Mapping[str, object]

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
"""Of the published abbreviations those that we read."""

DEVICE_TOPIC_LEVELS: Final = {
    "fengshao": ("native", 2),
    "shellies": ("shelly", 1),
    "application": ("chirpstack", 3),
    "v3": ("tts", 3),
    "wmbusmeters": ("wmbusmeters", 1),
}
"""Platforms whose topics name the device in one level."""

_FIELD: Final = re.compile(r"value_json(?:\.(\w+)|\[['\"](\w+)['\"]\])")


class DeviceDescription(Struct, frozen=True):
    """One device as it is described. `reporters` are (platform, identity) by the topics on which it will report."""

    identifiers: tuple[str, ...]
    unique_ids: tuple[str, ...]
    reporters: tuple[tuple[str, str], ...]
    hints: tuple[str, ...]
    topics: tuple[str, ...]
    vendor: str | None
    model: str | None
    name: str | None
    own: tuple[str, ...]
    entities: tuple[EntityDefinition, ...]


def describe_device(component: str, said: Said, names: Sequence[str] = ()) -> DeviceDescription:
    """The description of one entity, or of a whole device with its components. `names` are those of its topic.

    >>> about = describe_device("binary_sensor", {"~": "zigbee2mqtt/Kitchen", "stat_t": "~", "dev_cla": "gas"})
    >>> about.reporters, about.hints, about.topics
    ((('zigbee2mqtt', 'Kitchen'),), ('gas',), ('zigbee2mqtt/Kitchen',))
    """
    whole = _written_out(said)
    device = _written_out(_object(whole.get("device")))
    entities = list(_entities(component, whole, names))
    topics = _unique(topic_of("state_topic", entity, whole) for entity in entities)
    identifiers = (*_texts(device.get("identifiers")), *_connections(device.get("connections")))
    unique_ids = _unique(_text(entity.get("unique_id")) for entity in entities)
    own = tuple(dict.fromkeys([*identifiers, *unique_ids, *identities_of_topic(names)]))
    # What all entities of a device bear comes first: by that they are known as one.
    called = tuple(dict.fromkeys([*identifiers, *identities_of_topic(names), *unique_ids]))
    return DeviceDescription(
        identifiers,
        unique_ids,
        tuple(dict.fromkeys(each for topic in topics if (each := reporting_identity(topic)))),
        _unique(hint for entity in entities for hint in _hints(entity)),
        topics,
        _text(device.get("manufacturer")),
        _text(device.get("model_id")) or _text(device.get("model")),
        _text(device.get("name")) or _text(whole.get("name")),
        own,
        () if _is_own(whole, topics) else tuple(definitions(iter(entities), whole, called)),
    )


def identities_of_topic(levels: Sequence[str]) -> list[str]:
    """Whom a topic names. Below a node the object alone names nobody: every node has its `gas` or its `battery_low`.

    >>> identities_of_topic(["kitchen"]), identities_of_topic(["kitchen", "gas"]), identities_of_topic([])
    (['kitchen'], ['kitchen', 'kitchen/gas'], [])
    """
    return list(dict.fromkeys([levels[0], "/".join(levels)])) if levels else []


def _is_own(whole: Said, topics: Sequence[str]) -> bool:
    """Zigbee2MQTT describes its own topics for Home Assistant; of those our mapping knows more."""
    origin = _text(_written_out(_object(whole.get("origin"))).get("name")) or ""
    return origin.lower() == "zigbee2mqtt" and all(topic.startswith("zigbee2mqtt/") for topic in topics)


def reporting_identity(topic: str) -> tuple[str, str] | None:
    """Which platform will report on this topic, and the device's name there.

    >>> topics = ("zigbee2mqtt/3栋/402", "tele/plug/SENSOR", "shellies/shellygas-1/sensor/gas")
    >>> [reporting_identity(topic) for topic in topics]
    [('zigbee2mqtt', '3栋/402'), ('tasmota', 'plug'), ('shelly', 'shellygas-1')]
    >>> topics = ("homeassistant/binary_sensor/garden/state", "fengshao/v1/gas-1/up", "a/b")
    >>> [reporting_identity(topic) for topic in topics]
    [('homeassistant', 'garden'), ('native', 'gas-1'), None]
    """
    root, _, rest = topic.partition("/")
    if root == "zigbee2mqtt" and rest and not rest.startswith("bridge/"):
        return root, rest
    if root in {"tele", "stat"} and "/" in rest:
        return "tasmota", rest.rpartition("/")[0]
    levels = topic.split("/")
    platform, level = ("homeassistant", 2) if root == "homeassistant" else DEVICE_TOPIC_LEVELS.get(root, ("", 0))
    return (platform, levels[level]) if platform and len(levels) > level and levels[level] else None


def _entities(component: str, whole: Said, names: Sequence[str]) -> Iterator[dict[str, object]]:
    """Each with what its topic or its device calls it, as `object`."""
    components = whole.get("components")
    if not isinstance(components, dict):
        yield {"platform": component, **whole, "object": names[-1] if len(names) > 1 else ""}
        return
    for named, each in components.items():
        written = _written_out(each) if isinstance(each, dict) else {}
        if written.keys() - {"platform"}:  # a platform alone takes the component away
            yield {**written, "object": named}


def _hints(entity: Said) -> Iterator[str | None]:
    """The class and the field; what has neither is known by its component."""
    template = _FIELD.search(_text(entity.get("value_template")) or "")
    found = (_text(entity.get("device_class")), template and (template[1] or template[2]))
    yield from found if any(found) else (_text(entity.get("platform")),)


def _written_out(said: Said) -> dict[str, object]:
    return {ABBREVIATIONS.get(key, key): value for key, value in said.items()}


def _connections(said: object) -> tuple[str, ...]:
    """`[["mac", "02:5b:26:a8:dc:12"]]`: the second of each pair."""
    pairs = said if isinstance(said, list) else []
    return tuple(pair[1] for pair in pairs if isinstance(pair, list) and len(pair) > 1 and isinstance(pair[1], str))


def _texts(said: object) -> tuple[str, ...]:
    each = said if isinstance(said, list) else [said]
    return tuple(one for one in each if isinstance(one, str) and one)


def _text(said: object) -> str | None:
    return said if isinstance(said, str) and said else None


def _object(said: object) -> dict[str, object]:
    return said if isinstance(said, dict) else {}


def _unique(said: Iterator[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for each in said if each))
