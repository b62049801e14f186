"""Shelly devices of the second generation and later: whole components as JSON, below `events/rpc` and `status/`.

The fields of component `smoke:0` are named `smoke.alarm`, those of a second one `smoke.1.alarm`. A script may forward
messages of a Bluetooth button or contact: these are readings of that device, under its own address.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from domain import RefusalReason
from ingest.formats.json_payload import read_json
from ingest.formats.timed_fields import flatten
from ingest.frame import Frame
from ingest.results import AdapterItem, AdapterOutput, DeviceEvent, DeviceEventKind, RawReading, Rejection

PLATFORM = "shelly"

STATUS_METHODS: Final = frozenset({"NotifyStatus", "NotifyFullStatus"})


def is_rpc_path(path: list[str]) -> bool:
    """Whether this path belongs to the second generation.

    >>> [is_rpc_path(path.split("/")) for path in ("events/rpc", "status/smoke:0", "rpc", "status", "relay")]
    [True, True, True, False, False]
    """
    return path[0] in {"events", "rpc"} or (path[0] == "status" and len(path) > 1)


def decode(device: str, path: list[str], frame: Frame) -> AdapterOutput:
    """Decode `events/rpc` and `status/{component}`; `rpc` has requests to the device."""
    if path[0] == "rpc":
        return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, device, "a question to the device")
    body = read_json(frame.payload)
    if isinstance(body, Rejection):
        return Rejection(body.reason, body.detail, device)
    if not isinstance(body, dict):
        return Rejection(RefusalReason.BAD_PAYLOAD, f"a JSON {type(body).__name__} instead of an object", device)
    if path[0] == "status":
        return [_reading(device, None, dict(_component(path[1], body)), frame)]
    return _notification(device, body, frame)


def _notification(device: str, body: Mapping[str, object], frame: Frame) -> AdapterOutput:
    method, params = str(body.get("method")), body.get("params")
    values = params if isinstance(params, dict) else {}
    src = body.get("src")
    # Below a configured prefix the message still has the maker's device id.
    aliases = (src,) if isinstance(src, str) and src and src != device else ()
    if method in STATUS_METHODS:
        fields = dict(field for name, component_value in values.items() for field in _component(name, component_value))
        at = fields.pop("ts", None)
        return [_reading(device, at, fields, frame, aliases)]
    events = values.get("events") if method == "NotifyEvent" else None
    events = [event for event in events if isinstance(event, dict)] if isinstance(events, list) else []
    readings: list[AdapterItem] = [_event(device, event, frame, aliases) for event in events]
    return readings or Rejection(RefusalReason.NO_CODEC, f"method {method[:40]!r} notifies of nothing we read", device)


def _component(name: str, value: object) -> Iterator[tuple[str, object]]:
    """The fields of one component; the index 0 is left out.

    >>> list(_component("smoke:0", {"id": 0, "alarm": True})), list(_component("ts", 7.5))
    ([('smoke.alarm', True)], [('ts', 7.5)])
    """
    kind, _, index = name.partition(":")
    prefix = f"{kind}.{index}" if index not in ("", "0") else kind
    if not isinstance(value, dict):
        yield prefix, value
        return
    yield from ((field, inner) for field, inner in flatten(value, f"{prefix}.") if field != f"{prefix}.id")


def _event(device: str, event: Mapping[str, object], frame: Frame, aliases: tuple[str, ...]) -> RawReading:
    data, at = event.get("data"), event.get("ts")
    address = data.get("address") if isinstance(data, dict) else None
    if isinstance(data, dict) and isinstance(address, str) and address:
        return _reading(address, at, dict(flatten(data)), frame, (address.upper(), address.lower()))
    fields = dict(_component(str(event.get("component")), {"event": event.get("event")}))
    return _reading(device, at, fields, frame, aliases)


def _reading(
    device: str, at: object, fields: dict[str, object], frame: Frame, aliases: tuple[str, ...] = ()
) -> RawReading:
    model, dash, _ = next((name for name in aliases if "-" in name), device).rpartition("-")
    return RawReading(PLATFORM, device, at, fields, None, model if dash else None, frame.retain, aliases)
