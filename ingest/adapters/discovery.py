"""What a Home Assistant description says, its abbreviations written out. It knows no topic of ours and no kind."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

Said = Mapping[str, object]

SHORT: Final = {
    "avty": "availability",
    "avty_t": "availability_topic",
    "cmps": "components",
    "cns": "connections",
    "dev": "device",
    "dev_cla": "device_class",
    "ids": "identifiers",
    "mdl": "model",
    "mdl_id": "model_id",
    "mf": "manufacturer",
    "migr_discvry": "migrate_discovery",
    "p": "platform",
    "sn": "serial_number",
    "stat_t": "state_topic",
    "t": "topic",
    "uniq_id": "unique_id",
    "val_tpl": "value_template",
}
"""Of the published abbreviations those that we read."""

TELLERS: Final = {
    "fengshao": ("native", 2),
    "shellies": ("shelly", 1),
    "application": ("chirpstack", 3),
    "v3": ("tts", 3),
    "wmbusmeters": ("wmbusmeters", 1),
}
"""Platforms whose topics name the device in one level."""

_FIELD: Final = re.compile(r"value_json(?:\.(\w+)|\[['\"](\w+)['\"]\])")


class Described(Struct, frozen=True):
    """One device as it is described. `reporters` are (platform, identity) by the topics on which it will report."""

    identifiers: tuple[str, ...]
    unique_ids: tuple[str, ...]
    reporters: tuple[tuple[str, str], ...]
    hints: tuple[str, ...]
    topics: tuple[str, ...]
    vendor: str | None
    model: str | None
    name: str | None


def described(component: str, said: Said) -> Described:
    """The description of one entity, or of a whole device with its components.

    >>> about = described("binary_sensor", {"~": "zigbee2mqtt/Kitchen", "stat_t": "~", "dev_cla": "gas"})
    >>> about.reporters, about.hints, about.topics
    ((('zigbee2mqtt', 'Kitchen'),), ('gas',), ('zigbee2mqtt/Kitchen',))
    """
    whole = _written_out(said)
    device = _written_out(_object(whole.get("device")))
    entities = list(_entities(component, whole))
    topics = _unique(_topic(entity, whole) for entity in entities)
    return Described(
        (*_texts(device.get("identifiers")), *_connections(device.get("connections"))),
        _unique(_text(entity.get("unique_id")) for entity in entities),
        tuple(dict.fromkeys(each for topic in topics if (each := reporter(topic)))),
        _unique(hint for entity in entities for hint in _hints(entity)),
        topics,
        _text(device.get("manufacturer")),
        _text(device.get("model_id")) or _text(device.get("model")),
        _text(device.get("name")) or _text(whole.get("name")),
    )


def reporter(topic: str) -> tuple[str, str] | None:
    """Which platform will report on this topic, and the device's name there.

    >>> reporter("zigbee2mqtt/3栋/402"), reporter("tele/plug/SENSOR"), reporter("shellies/shellygas-1/sensor/gas")
    (('zigbee2mqtt', '3栋/402'), ('tasmota', 'plug'), ('shelly', 'shellygas-1'))
    >>> reporter("homeassistant/binary_sensor/garden/state"), reporter("fengshao/v1/gas-1/up"), reporter("a/b")
    (('homeassistant', 'garden'), ('native', 'gas-1'), None)
    """
    root, _, rest = topic.partition("/")
    if root == "zigbee2mqtt" and rest and not rest.startswith("bridge/"):
        return root, rest
    if root in {"tele", "stat"} and "/" in rest:
        return "tasmota", rest.rpartition("/")[0]
    levels = topic.split("/")
    platform, level = ("homeassistant", 2) if root == "homeassistant" else TELLERS.get(root, ("", 0))
    return (platform, levels[level]) if platform and len(levels) > level and levels[level] else None


def _entities(component: str, whole: Said) -> Iterator[dict[str, object]]:
    components = whole.get("components")
    if not isinstance(components, dict):
        yield {"platform": component, **whole}
        return
    written = [_written_out(each) for each in components.values() if isinstance(each, dict)]
    yield from (each for each in written if each.keys() - {"platform"})  # a platform alone takes the component away


def _hints(entity: Said) -> Iterator[str | None]:
    """The class and the field; what has neither is known by its component."""
    template = _FIELD.search(_text(entity.get("value_template")) or "")
    found = (_text(entity.get("device_class")), template and (template[1] or template[2]))
    yield from found if any(found) else (_text(entity.get("platform")),)


def _topic(entity: Said, whole: Said) -> str | None:
    topic = _text(entity.get("state_topic")) or _text(whole.get("state_topic"))
    base = _text(entity.get("~")) or _text(whole.get("~"))
    if topic is None or base is None:
        return topic
    if topic.startswith("~"):
        return base + topic[1:]
    return topic[:-1] + base if topic.endswith("~") else topic


def _written_out(said: Said) -> dict[str, object]:
    return {SHORT.get(key, key): value for key, value in said.items()}


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
