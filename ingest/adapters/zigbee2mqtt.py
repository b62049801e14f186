"""Zigbee2MQTT's state, availability and bridge topics. It knows no device; a name may hold slashes and spaces.

There is no time in these messages. `null` means never measured. A `false` may be the converter's fault (a gas alarm
with zone status 34 was shown as `gas: false`): we say what was said, and the frame is kept to be decoded again.
"""

from __future__ import annotations

from domain import Reason
from ingest.adapters.wire import availability, read_json
from ingest.frame import Frame
from ingest.outcome import Draft, Note, NoteKind, Rejected

PLATFORM = "zigbee2mqtt"
VERSION = 1
COMMANDS = frozenset({"set", "get"})
JOINS = frozenset({"device_joined", "device_announce", "device_interview"})

Decoded = list[Draft | Rejected] | Note | Rejected


def decode(frame: Frame) -> Decoded:
    """`zigbee2mqtt/{name}`, `…/availability`, `…/set`, `…/get`, `zigbee2mqtt/bridge/…`."""
    _, _, name = frame.topic.partition("/")
    if not name:
        return Rejected(Reason.NO_CODEC, "topic is not zigbee2mqtt/{name}")
    if name == "bridge" or name.startswith("bridge/"):
        return _bridge(name.removeprefix("bridge").lstrip("/"), frame)
    owner, _, leaf = name.rpartition("/")
    if owner and leaf == "availability":
        online = availability(frame.payload)
        return Note(NoteKind.AVAILABILITY, PLATFORM, owner, _word(online), online)
    if owner and leaf in COMMANDS:
        return Note(NoteKind.REPLY, PLATFORM, owner, f"a {leaf} command to the device")
    return _state(name, frame)


def _state(name: str, frame: Frame) -> Decoded:
    if not frame.payload:
        return Note(NoteKind.STATUS, PLATFORM, name, "the retained state was cleared")
    said = read_json(frame.payload)
    if isinstance(said, Rejected):
        return Rejected(said.reason, said.detail, name)
    if not isinstance(said, dict):
        detail = f"a JSON {type(said).__name__} instead of an object (Zigbee2MQTT must write output: json)"
        return Rejected(Reason.BAD_PAYLOAD, detail, name)
    about = said.pop("device", None)
    address = about.get("ieeeAddr") if isinstance(about, dict) else None
    also = (address,) if isinstance(address, str) else ()
    return [Draft(PLATFORM, name, None, said, None, None, frame.retain, also)]


def _bridge(leaf: str, frame: Frame) -> Decoded:
    if leaf == "state":
        online = availability(frame.payload)
        return Note(NoteKind.BRIDGE, PLATFORM, None, f"bridge {_word(online)}", online)
    if leaf == "event":
        return _event(read_json(frame.payload))
    kind = NoteKind.DISCOVERY if leaf in {"devices", "groups", "definitions"} else NoteKind.BRIDGE
    return Note(kind, PLATFORM, None, f"bridge/{leaf}"[:200])


def _event(said: object) -> Note:
    event = said if isinstance(said, dict) else {}
    word, data = event.get("type"), event.get("data")
    about = data if isinstance(data, dict) else {}
    identity = about.get("friendly_name") or about.get("ieee_address")
    if not isinstance(identity, str) or not isinstance(word, str):
        return Note(NoteKind.BRIDGE, PLATFORM, None, f"bridge/event {word}"[:200])
    if word in JOINS:
        return Note(NoteKind.JOIN, PLATFORM, identity, word, online=True)
    return Note(NoteKind.STATUS, PLATFORM, identity, word[:200], False if word == "device_leave" else None)


def _word(online: bool | None) -> str:
    return {True: "online", False: "offline", None: "says neither online nor offline"}[online]
