"""Home Assistant's discovery: who tells what on which topic. It measures nothing; only its `…/state` topics do.

A description (long, abbreviated or of a whole device) proposes a device for claiming under the names by which its own
platform will report it, and defines what its topics say. An empty description withdraws it. It knows no kind and
remembers no earlier description.
"""

from __future__ import annotations

from typing import Final

from domain import Reason
from ingest.adapters.homeassistant.discovery import DeviceDescription, describe_device, identities_of_topic
from ingest.definitions import DefinitionUpdate, EntityDefinition
from ingest.formats.json_payload import parse_availability, read_json, read_scalar
from ingest.formats.timed_fields import flatten
from ingest.frame import Frame
from ingest.results import DeviceEvent, DeviceEventKind, DiscoveredDevice, RawReading, Rejection

PLATFORM = "homeassistant"
VERSION = 3

Decoded = list[RawReading | Rejection] | DeviceEvent | Rejection

ORDERS: Final = frozenset({"set", "command", "cmd"})
STATESTREAM: Final = frozenset(
    {"device_class", "friendly_name", "last_updated", "last_changed", "last_reported", "icon", "unit_of_measurement"}
    | {"state_class", "attribution", "supported_features", "entity_picture", "restored", "assumed_state", "options"}
    | {"event_types", "hidden", "id", "editable", "entity_id", "device_id", "linkquality", "last_seen"}
)
"""Leaves on which Home Assistant's statestream tells about an entity what is no state of it."""

SETTINGS: Final = frozenset(
    {"number", "select", "text", "button", "update", "automation", "script", "scene", "input_boolean", "input_number"}
    | {"input_select", "input_text", "input_datetime", "input_button", "schedule", "timer", "sun", "weather", "zone"}
)
MOVED: Final = frozenset({"switch", "light", "fan", "siren", "cover", "valve", "lock", "climate", "humidifier"})
"""Components that people or automations set."""

SHAPE: Final = "topic is not homeassistant/{component}/[{node}/]{object}/config or …/state"


def decode(frame: Frame) -> Decoded:
    """`homeassistant/{component}/[{node}/]{object}/{config|state|availability|attributes|set}`, `…/status`."""
    levels = frame.topic.split("/")
    if levels[1:] in (["status"], ["birth"]):
        online = parse_availability(frame.payload)
        return DeviceEvent(
            DeviceEventKind.BRIDGE, PLATFORM, None, f"Home Assistant itself: {_head(frame.payload)}", online
        )
    if len(levels) not in (4, 5) or not all(levels):
        return Rejection(Reason.NO_CODEC, SHAPE)
    component, names, leaf = levels[1], levels[2:-1], levels[-1]
    if leaf == "config":
        return _config(component, names, frame)
    if leaf == "state":
        return _state(component, names, frame)
    return _aside(component, names, leaf, frame)


def _aside(component: str, names: list[str], leaf: str, frame: Frame) -> Decoded:
    """What measures nothing, or only beside a state."""
    if leaf in {"availability", "status"}:
        return DeviceEvent(
            DeviceEventKind.AVAILABILITY, PLATFORM, names[0], _head(frame.payload), parse_availability(frame.payload)
        )
    if leaf in ORDERS:
        return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, names[0], f"a {leaf} command to the device")
    if leaf == "attributes":
        return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, names[0], "attributes, which measure nothing")
    if leaf in STATESTREAM:
        return _streamed(component, names, leaf, frame)
    return _attribute(names, leaf, frame)


def _streamed(component: str, names: list[str], leaf: str, frame: Frame) -> DeviceEvent:
    """Statestream tells a unit and a class on topics of their own, as JSON: they define the state beside them."""
    said = read_json(frame.payload) if frame.payload else ""
    defines = None
    if leaf in ("unit_of_measurement", "device_class") and isinstance(said, str):
        state = frame.topic.removesuffix(leaf) + "state"
        on, off = ("on", "off") if component == "binary_sensor" else ("", "")
        unit, of_class = (said, "") if leaf == "unit_of_measurement" else ("", said)
        entity = EntityDefinition(
            state, component, tuple(identities_of_topic(names)), of_class, "state", "", on, off, unit, partial=True
        )
        defines = DefinitionUpdate(frame.topic, (entity,) if said else ())
    return DeviceEvent(
        DeviceEventKind.STATUS, PLATFORM, names[0], f"statestream's {leaf}, which measures nothing", definitions=defines
    )


def _attribute(names: list[str], leaf: str, frame: Frame) -> Decoded:
    """Every attribute of an entity has a topic in statestream; the few that are measured are read."""
    said = read_json(frame.payload) if frame.payload else None
    if said is None or isinstance(said, Rejection):
        return DeviceEvent(
            DeviceEventKind.STATUS, PLATFORM, names[0], f"the attribute {leaf[:60]}, of which nothing is said"
        )
    also = tuple(identities_of_topic(names)[1:])
    return [RawReading(PLATFORM, names[0], None, {leaf: said}, None, None, frame.retain, also, is_attributes=True)]


def _config(component: str, names: list[str], frame: Frame) -> Decoded:
    if not frame.payload.strip():
        gone = DiscoveredDevice(tuple((PLATFORM, name) for name in identities_of_topic(names)), is_withdrawn=True)
        said_before = DefinitionUpdate(frame.topic)
        detail = "a description was withdrawn"
        return DeviceEvent(
            DeviceEventKind.DISCOVERY, PLATFORM, names[-1], detail, discovered=(gone,), definitions=said_before
        )
    said = read_json(frame.payload)
    if isinstance(said, Rejection):
        return Rejection(said.reason, said.detail, names[-1])
    if not isinstance(said, dict):
        return Rejection(Reason.BAD_PAYLOAD, f"a JSON {type(said).__name__} instead of an object", names[-1])
    if "migrate_discovery" in said or "migr_discvry" in said:
        return DeviceEvent(DeviceEventKind.DISCOVERY, PLATFORM, names[-1], "its description moves to another topic")
    return _discovered(describe_device(component, said, names), frame.topic)


def _discovered(about: DeviceDescription, topic: str) -> DeviceEvent:
    """The reporting platform's names come first: readings will bear those."""
    own = about.own
    identities = (*about.reporters, *((PLATFORM, name) for name in own))
    proposal = DiscoveredDevice(
        tuple(dict.fromkeys(identities)), about.hints, about.vendor, about.model, about.name, about.topics
    )
    detail = f"describes {about.vendor or ''} {about.model or about.name or own[0]}: {', '.join(about.hints)}"[:200]
    defines = DefinitionUpdate(topic, about.entities)
    return DeviceEvent(
        DeviceEventKind.DISCOVERY,
        PLATFORM,
        own[0],
        detail,
        aliases=own[1:],
        discovered=(proposal,),
        definitions=defines,
    )


def _state(component: str, names: list[str], frame: Frame) -> Decoded:
    """With a node, the node is the device and the object what it says; without, the object is the device.

    What is set (a number, a choice) is not measured, and a switch or a light is not what the device watches for.
    """
    if component in SETTINGS:
        return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, names[0], f"a {component}, which measures nothing")
    device, name = names[0], names[1] if len(names) > 1 else component if component in MOVED else "state"
    if not frame.payload:
        return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, device, "a retained state was cleared")
    said = read_json(frame.payload) if frame.payload.lstrip().startswith(b"{") else read_scalar(frame.payload)
    if isinstance(said, Rejection):
        return Rejection(said.reason, said.detail, device)
    fields = dict(flatten(said)) if isinstance(said, dict) else {name: said}
    return [RawReading(PLATFORM, device, None, fields, None, None, frame.retain, tuple(identities_of_topic(names)[1:]))]


def _head(payload: bytes) -> str:
    return payload[:80].decode("utf-8", "replace")
