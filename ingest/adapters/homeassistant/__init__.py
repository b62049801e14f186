"""Home Assistant's MQTT discovery and state topics. Only `…/state` and statestream attributes give readings.

A discovery message (long, abbreviated or of a whole device) makes a device claimable under the identities by which its
own platform will report it, and defines the values on its topics. An empty message withdraws it.
"""

from __future__ import annotations

from typing import Final

from domain import RefusalReason
from ingest.adapters.homeassistant.discovery import DeviceDescription, describe_device, identities_of_topic
from ingest.definitions import DefinitionUpdate, EntityDefinition
from ingest.formats.json_payload import parse_availability, read_json, read_scalar
from ingest.formats.timed_fields import flatten
from ingest.frame import Frame
from ingest.results import AdapterOutput, DeviceEvent, DeviceEventKind, DiscoveredDevice, RawReading, Rejection

PLATFORM = "homeassistant"
VERSION = 3

COMMAND_LEAVES: Final = frozenset({"set", "command", "cmd"})
STATESTREAM_ATTRIBUTES: Final = frozenset(
    {"device_class", "friendly_name", "last_updated", "last_changed", "last_reported", "icon", "unit_of_measurement"}
    | {"state_class", "attribution", "supported_features", "entity_picture", "restored", "assumed_state", "options"}
    | {"event_types", "hidden", "id", "editable", "entity_id", "device_id", "linkquality", "last_seen"}
)
"""Last levels of statestream topics that hold no measured attribute of an entity."""

SETTING_COMPONENTS: Final = frozenset(
    {"number", "select", "text", "button", "update", "automation", "script", "scene", "input_boolean", "input_number"}
    | {"input_select", "input_text", "input_datetime", "input_button", "schedule", "timer", "sun", "weather", "zone"}
)
ACTUATOR_COMPONENTS: Final = frozenset(
    {"switch", "light", "fan", "siren", "cover", "valve", "lock", "climate", "humidifier"}
)
"""Components that people or automations control."""

TOPIC_SHAPE: Final = "topic is not homeassistant/{component}/[{node}/]{object}/config or …/state"


def decode(frame: Frame) -> AdapterOutput:
    """Decode `homeassistant/{component}/[{node}/]{object}/{config|state|availability|attributes|set}`, `…/status`."""
    topic_levels = frame.topic.split("/")
    if topic_levels[1:] in (["status"], ["birth"]):
        online = parse_availability(frame.payload)
        return DeviceEvent(
            DeviceEventKind.BRIDGE, PLATFORM, None, f"Home Assistant itself: {_head(frame.payload)}", online
        )
    if len(topic_levels) not in (4, 5) or not all(topic_levels):
        return Rejection(RefusalReason.NO_CODEC, TOPIC_SHAPE)
    component, levels, leaf = topic_levels[1], topic_levels[2:-1], topic_levels[-1]
    if leaf == "config":
        return _config(component, levels, frame)
    if leaf == "state":
        return _state(component, levels, frame)
    return _other_leaf(component, levels, leaf, frame)


def _other_leaf(component: str, levels: list[str], leaf: str, frame: Frame) -> AdapterOutput:
    """A message that is neither a discovery message nor a state."""
    if leaf in {"availability", "status"}:
        return DeviceEvent(
            DeviceEventKind.AVAILABILITY, PLATFORM, levels[0], _head(frame.payload), parse_availability(frame.payload)
        )
    if leaf in COMMAND_LEAVES:
        return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, levels[0], f"a {leaf} command to the device")
    if leaf == "attributes":
        return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, levels[0], "attributes, which measure nothing")
    if leaf in STATESTREAM_ATTRIBUTES:
        return _statestream_attribute(component, levels, leaf, frame)
    return _attribute(levels, leaf, frame)


def _statestream_attribute(component: str, levels: list[str], leaf: str, frame: Frame) -> DeviceEvent:
    """Statestream publishes unit and class on their own topics, as JSON: they define the state beside them."""
    value = read_json(frame.payload) if frame.payload else ""
    update = None
    if leaf in ("unit_of_measurement", "device_class") and isinstance(value, str):
        state = frame.topic.removesuffix(leaf) + "state"
        on, off = ("on", "off") if component == "binary_sensor" else ("", "")
        unit, device_class = (value, "") if leaf == "unit_of_measurement" else ("", value)
        entity = EntityDefinition(
            state, component, tuple(identities_of_topic(levels)), device_class, "state", "", on, off, unit, partial=True
        )
        update = DefinitionUpdate(frame.topic, (entity,) if value else ())
    return DeviceEvent(
        DeviceEventKind.STATUS, PLATFORM, levels[0], f"statestream's {leaf}, which measures nothing", definitions=update
    )


def _attribute(levels: list[str], leaf: str, frame: Frame) -> AdapterOutput:
    """Statestream publishes every attribute of an entity on its own topic; mapping picks the measured ones."""
    value = read_json(frame.payload) if frame.payload else None
    if value is None or isinstance(value, Rejection):
        return DeviceEvent(
            DeviceEventKind.STATUS, PLATFORM, levels[0], f"the attribute {leaf[:60]}, of which nothing is said"
        )
    aliases = tuple(identities_of_topic(levels)[1:])
    return [RawReading(PLATFORM, levels[0], None, {leaf: value}, None, None, frame.retain, aliases, is_attributes=True)]


def _config(component: str, levels: list[str], frame: Frame) -> AdapterOutput:
    if not frame.payload.strip():
        withdrawn = DiscoveredDevice(tuple((PLATFORM, name) for name in identities_of_topic(levels)), is_withdrawn=True)
        update = DefinitionUpdate(frame.topic)
        detail = "a description was withdrawn"
        return DeviceEvent(
            DeviceEventKind.DISCOVERY, PLATFORM, levels[-1], detail, discovered=(withdrawn,), definitions=update
        )
    config = read_json(frame.payload)
    if isinstance(config, Rejection):
        return Rejection(config.reason, config.detail, levels[-1])
    if not isinstance(config, dict):
        return Rejection(RefusalReason.BAD_PAYLOAD, f"a JSON {type(config).__name__} instead of an object", levels[-1])
    if "migrate_discovery" in config or "migr_discvry" in config:
        return DeviceEvent(DeviceEventKind.DISCOVERY, PLATFORM, levels[-1], "its description moves to another topic")
    return _discovery(describe_device(component, config, levels), frame.topic)


def _discovery(description: DeviceDescription, topic: str) -> DeviceEvent:
    """The identities of the reporting platform come first, because readings will have those."""
    own_identities = description.own_identities
    identities = (*description.reporters, *((PLATFORM, name) for name in own_identities))
    device = DiscoveredDevice(
        tuple(dict.fromkeys(identities)),
        description.hints,
        description.vendor,
        description.model,
        description.name,
        description.topics,
    )
    name = description.model or description.name or own_identities[0]
    detail = f"describes {description.vendor or ''} {name}: {', '.join(description.hints)}"[:200]
    update = DefinitionUpdate(topic, description.entities)
    return DeviceEvent(
        DeviceEventKind.DISCOVERY,
        PLATFORM,
        own_identities[0],
        detail,
        aliases=own_identities[1:],
        discovered=(device,),
        definitions=update,
    )


def _state(component: str, levels: list[str], frame: Frame) -> AdapterOutput:
    """With a node, the node is the device and the object the field; without, the object is the device.

    A setting (a number, a choice) is not measured, and the state of a switch or a light is not what a detector detects.
    """
    if component in SETTING_COMPONENTS:
        return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, levels[0], f"a {component}, which measures nothing")
    device, default_field = levels[0], component if component in ACTUATOR_COMPONENTS else "state"
    field = levels[1] if len(levels) > 1 else default_field
    if not frame.payload:
        return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, device, "a retained state was cleared")
    value = read_json(frame.payload) if frame.payload.lstrip().startswith(b"{") else read_scalar(frame.payload)
    if isinstance(value, Rejection):
        return Rejection(value.reason, value.detail, device)
    fields = dict(flatten(value)) if isinstance(value, dict) else {field: value}
    aliases = tuple(identities_of_topic(levels)[1:])
    return [RawReading(PLATFORM, device, None, fields, None, None, frame.retain, aliases)]


def _head(payload: bytes) -> str:
    return payload[:80].decode("utf-8", "replace")
