"""Zigbee2MQTT's state, availability and bridge topics. It knows no device; a name may hold slashes and spaces.

There is no time in these messages. `null` means never measured. A `false` may be the converter's fault (a gas alarm
with zone status 34 was shown as `gas: false`): we say what was said, and the frame is kept to be decoded again.
"""

from __future__ import annotations

from collections.abc import Iterator

from domain import Reason
from ingest.formats.json_payload import parse_availability, read_json, read_scalar
from ingest.frame import Frame
from ingest.results import DeviceEvent, DeviceEventKind, DiscoveredDevice, RawReading, Rejection

PLATFORM = "zigbee2mqtt"
VERSION = 3
COMMANDS = frozenset({"set", "get"})
TESTED = frozenset({"success", "failure", "others"})
"""Results of a self-test that is over. Its order (`self_test: true`) is often never taken back, and would turn every
later alarm into a test."""

JOINS = frozenset({"device_joined", "device_announce", "device_interview"})

Decoded = list[RawReading | Rejection] | DeviceEvent | Rejection


def decode(frame: Frame) -> Decoded:
    """`zigbee2mqtt/{name}`, `…/availability`, `…/set`, `…/get`, `zigbee2mqtt/bridge/…`."""
    _, _, name = frame.topic.partition("/")
    if not name:
        return Rejection(Reason.NO_CODEC, "topic is not zigbee2mqtt/{name}")
    if name == "bridge" or name.startswith("bridge/"):
        return _bridge(name.removeprefix("bridge").lstrip("/"), frame)
    owner, _, leaf = name.rpartition("/")
    if owner and leaf == "availability":
        online = parse_availability(frame.payload)
        return DeviceEvent(DeviceEventKind.AVAILABILITY, PLATFORM, owner, _word(online), online)
    commanded = _commanded(name)
    if commanded is not None:
        return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, commanded, "a command to the device")
    return _state(name, frame)


def _commanded(name: str) -> str | None:
    """Who gets a command, or None. An attribute may follow: `Kitchen/set/state`.

    >>> [_commanded(name) for name in ("3栋/402/set", "Kitchen/get/state", "Kitchen", "set")]
    ['3栋/402', 'Kitchen', None, None]
    """
    levels = name.split("/")
    place = next((place for place in (-1, -2) if levels[1:] and levels[place] in COMMANDS), None)
    return "/".join(levels[:place]) or None if place is not None else None


def _state(name: str, frame: Frame) -> Decoded:
    if not frame.payload:
        return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, name, "the retained state was cleared")
    said = read_json(frame.payload)
    if not isinstance(said, dict):
        return _attribute(name, said, frame)
    about = said.pop("device", None)
    device = about if isinstance(about, dict) else {}
    if said.get("self_test_result") in TESTED:
        said.pop("self_test", None)
    names = (device.get(key) for key in ("ieeeAddr", "ieee_address", "friendlyName", "friendly_name"))
    also = tuple(dict.fromkeys(each for each in names if isinstance(each, str) and each != name))
    return [RawReading(PLATFORM, name, None, said, None, _text(device, "model"), frame.retain, also)]


def _attribute(name: str, said: object, frame: Frame) -> Decoded:
    """With `output: attribute` each field has a topic below its device's, and a bare value."""
    owner, _, field = name.rpartition("/")
    if not owner or frame.payload.lstrip()[:1] in (b"{", b"["):
        kind = said.detail if isinstance(said, Rejection) else f"a JSON {type(said).__name__} instead of an object"
        return Rejection(Reason.BAD_PAYLOAD, f"{kind} (Zigbee2MQTT writes `output: json` by default)", name)
    value = read_scalar(frame.payload)
    if isinstance(value, Rejection):
        return Rejection(value.reason, value.detail, owner)
    return [RawReading(PLATFORM, owner, None, {field: value}, None, None, frame.retain)]


def _bridge(leaf: str, frame: Frame) -> Decoded:
    if leaf == "state":
        online = parse_availability(frame.payload)
        return DeviceEvent(DeviceEventKind.BRIDGE, PLATFORM, "bridge", f"bridge {_word(online)}", online)
    if leaf == "event":
        return _event(read_json(frame.payload))
    if leaf == "devices":
        return _devices(read_json(frame.payload))
    kind = DeviceEventKind.DISCOVERY if leaf in {"groups", "definitions"} else DeviceEventKind.BRIDGE
    return DeviceEvent(kind, PLATFORM, None, f"bridge/{leaf}"[:200])


def _devices(said: object) -> DeviceEvent:
    listed = said if isinstance(said, list) else []
    found = [each for each in listed if isinstance(each, dict) and each.get("type") != "Coordinator"]
    proposals = tuple(each for device in found if (each := _proposal(device)) is not None)
    return DeviceEvent(
        DeviceEventKind.DISCOVERY, PLATFORM, None, f"bridge/devices: {len(proposals)} devices", discovered=proposals
    )


def _proposal(device: dict[str, object]) -> DiscoveredDevice | None:
    """A device as the bridge describes it; its address stays when people rename it."""
    names = [name for key in ("friendly_name", "ieee_address") if (name := _text(device, key))]
    about = device.get("definition")
    definition = about if isinstance(about, dict) else {}
    model = _text(definition, "model") or _text(device, "model_id")
    hints = tuple(dict.fromkeys(_exposed(definition.get("exposes"))))
    identities = tuple((PLATFORM, name) for name in dict.fromkeys(names))
    topics = tuple(f"zigbee2mqtt/{name}" for name in names[:1])
    vendor = _text(definition, "vendor") or _text(device, "manufacturer")
    return DiscoveredDevice(identities, hints, vendor, model, names[0], topics) if names else None


def _exposed(exposes: object) -> Iterator[str]:
    """The properties of a definition, those of a composite inside it too."""
    for each in exposes if isinstance(exposes, list) else []:
        if isinstance(each, dict):
            said = _text(each, "property") or _text(each, "name")
            yield from [said] if said and "features" not in each else _exposed(each.get("features"))


def _event(said: object) -> DeviceEvent:
    event = said if isinstance(said, dict) else {}
    word, data = event.get("type"), event.get("data")
    about = data if isinstance(data, dict) else {}
    proposal = _proposal(about)
    if proposal is None or not isinstance(word, str):
        return DeviceEvent(DeviceEventKind.BRIDGE, PLATFORM, None, f"bridge/event {word}"[:200])
    identity, also = proposal.identities[0][1], tuple(name for _, name in proposal.identities[1:])
    if word in JOINS:
        proposals = (proposal,) if proposal.hints else ()
        return DeviceEvent(
            DeviceEventKind.JOIN, PLATFORM, identity, word, online=True, aliases=also, discovered=proposals
        )
    online = False if word == "device_leave" else None
    return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, identity, word[:200], online, aliases=also)


def _text(said: dict[str, object], key: str) -> str | None:
    value = said.get(key)
    return value if isinstance(value, str) and value else None


def _word(online: bool | None) -> str:
    return {True: "online", False: "offline", None: "says neither online nor offline"}[online]
