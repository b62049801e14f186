"""ThingsBoard's gateway API and the device API of a broker that names the device. It knows no device and no token.

The gateway's topics bear no name: each device's name is a key of the body. Times are milliseconds and may be absent.
"""

from __future__ import annotations

from collections.abc import Iterator

from domain import Reason
from ingest.formats.json_payload import read_json
from ingest.formats.timed_fields import flatten
from ingest.frame import Frame
from ingest.results import DeviceEvent, DeviceEventKind, DiscoveredDevice, RawReading, Rejection

PLATFORM = "thingsboard"
VERSION = 2

Decoded = list[RawReading | Rejection] | DeviceEvent | Rejection
Drafts = Iterator[RawReading | Rejection]

REPORTS = frozenset({"telemetry", "attributes"})
CONNECTIONS = {"connect": True, "disconnect": False}
NOBODY = "v1/devices/me names nobody to a subscriber: the broker must rewrite `me`"


def decode(frame: Frame) -> Decoded:
    """`v1/gateway/{telemetry|attributes|connect|disconnect|rpc}`, `v1/devices/{name}/{telemetry|attributes}`."""
    _, _, path = frame.topic.partition("/")
    owner, _, leaf = path.partition("/")
    if owner == "gateway":
        return _gateway(leaf, frame)
    name, _, leaf = leaf.partition("/")
    if owner != "devices" or not name or not leaf:
        return Rejection(Reason.NO_CODEC, "topic is not v1/gateway/… or v1/devices/{name}/…")
    if name == "me":
        return Rejection(Reason.NO_CODEC, NOBODY)
    if leaf in REPORTS:
        body = read_json(frame.payload)
        return list(_device(name, body, frame.retain))
    return _aside(name, leaf)


def _gateway(leaf: str, frame: Frame) -> Decoded:
    body = read_json(frame.payload)
    if leaf not in REPORTS and leaf not in CONNECTIONS:
        name = body.get("device") if isinstance(body, dict) else None
        return _aside(name if isinstance(name, str) and name else None, leaf)
    if isinstance(body, Rejection):
        return body
    if not isinstance(body, dict) or not body:
        return Rejection(Reason.BAD_PAYLOAD, f"a JSON {type(body).__name__} instead of an object by device name")
    if leaf in CONNECTIONS:
        return _connection(body, CONNECTIONS[leaf])
    return [draft for name, said in body.items() for draft in _device(name, said, frame.retain)]


def _aside(name: str | None, leaf: str) -> DeviceEvent | Rejection:
    if leaf.startswith(("rpc", "attributes/request", "attributes/response", "provision")):
        return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, name, f"a command or a question: {leaf[:120]}")
    if leaf == "claim":
        return DeviceEvent(DeviceEventKind.DISCOVERY, PLATFORM, name, "a device may be claimed")
    return Rejection(Reason.NO_CODEC, f"…/{leaf[:120]} is no report we read", name)


def _connection(body: dict[str, object], online: bool) -> DeviceEvent | Rejection:
    name = body.get("device")
    if not isinstance(name, str) or not name:
        return Rejection(Reason.BAD_PAYLOAD, "a connection without `device`")
    sort = body.get("type")
    newcomer = DiscoveredDevice(((PLATFORM, name),), model=sort if isinstance(sort, str) else None)
    proposals = (newcomer,) if online else ()
    word = "connected" if online else "disconnected"
    return DeviceEvent(DeviceEventKind.AVAILABILITY, PLATFORM, name, word, online, discovered=proposals)


def _device(name: str, said: object, retained: bool) -> Drafts:
    """`{"temperature": 22.5}`, `{"ts": …, "values": {…}}`, or an array of these."""
    if not name:
        said = Rejection(Reason.BAD_PAYLOAD, "values of a device without a name")
    if isinstance(said, Rejection):
        yield Rejection(said.reason, said.detail, name or None)
        return
    parts = said if isinstance(said, list) else [said]
    if not parts:
        yield Rejection(Reason.BAD_PAYLOAD, "an empty array", name)
    for part in parts:
        yield _part(name, part, retained)


def _part(name: str, part: object, retained: bool) -> RawReading | Rejection:
    if not isinstance(part, dict):
        return Rejection(Reason.BAD_PAYLOAD, f"a {type(part).__name__} instead of values", name)
    at = part.get("ts") if "ts" in part else None
    values = part["values"] if isinstance(part.get("values"), dict) else part
    assert isinstance(values, dict)
    fields = dict(flatten({key: value for key, value in values.items() if values is not part or key != "ts"}))
    return RawReading(PLATFORM, name, at, fields, None, None, retained)
