"""Shelly devices of the second generation and later: whole components as JSON, below `events/rpc` and `status/`.

A component is `smoke:0`; its fields are called `smoke.alarm`, those of a second one `smoke.1.alarm`. A script may pass
on what a Bluetooth button or contact said: that is the other device's, under its own address. It knows no kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from domain import Reason
from ingest.formats.json_payload import read_json
from ingest.formats.timed_fields import flatten
from ingest.frame import Frame
from ingest.results import DeviceEvent, DeviceEventKind, RawReading, Rejection

PLATFORM = "shelly"

Decoded = list[RawReading | Rejection] | DeviceEvent | Rejection

STATUSES: Final = frozenset({"NotifyStatus", "NotifyFullStatus"})


def speaks(what: list[str]) -> bool:
    """Whether this path is one of the second generation.

    >>> speaks(["events", "rpc"]), speaks(["status", "smoke:0"]), speaks(["rpc"]), speaks(["status"]), speaks(["relay"])
    (True, True, True, False, False)
    """
    return what[0] in {"events", "rpc"} or (what[0] == "status" and len(what) > 1)


def decode(device: str, what: list[str], frame: Frame) -> Decoded:
    """`events/rpc`, `status/{component}`; `rpc` is where the device is asked."""
    if what[0] == "rpc":
        return DeviceEvent(DeviceEventKind.REPLY, PLATFORM, device, "a question to the device")
    body = read_json(frame.payload)
    if isinstance(body, Rejection):
        return Rejection(body.reason, body.detail, device)
    if not isinstance(body, dict):
        return Rejection(Reason.BAD_PAYLOAD, f"a JSON {type(body).__name__} instead of an object", device)
    if what[0] == "status":
        return [_draft(device, None, dict(_component(what[1], body)), frame)]
    return _notified(device, body, frame)


def _notified(device: str, body: Mapping[str, object], frame: Frame) -> Decoded:
    method, params = str(body.get("method")), body.get("params")
    said = params if isinstance(params, dict) else {}
    src = body.get("src")
    # Below a prefix of somebody's choice the message still names the device as the maker does.
    also = (src,) if isinstance(src, str) and src and src != device else ()
    if method in STATUSES:
        fields = dict(field for name, each in said.items() for field in _component(name, each))
        at = fields.pop("ts", None)
        return [_draft(device, at, fields, frame, also)]
    events = said.get("events") if method == "NotifyEvent" else None
    told = [event for event in events if isinstance(event, dict)] if isinstance(events, list) else []
    drafts: list[RawReading | Rejection] = [_event(device, event, frame, also) for event in told]
    return drafts or Rejection(Reason.NO_CODEC, f"method {method[:40]!r} notifies of nothing we read", device)


def _component(name: str, said: object) -> Iterator[tuple[str, object]]:
    """The fields of one component, without the number of the first.

    >>> list(_component("smoke:0", {"id": 0, "alarm": True})), list(_component("ts", 7.5))
    ([('smoke.alarm', True)], [('ts', 7.5)])
    """
    kind, _, number = name.partition(":")
    own = f"{kind}.{number}" if number not in ("", "0") else kind
    if not isinstance(said, dict):
        yield own, said
        return
    yield from ((field, value) for field, value in flatten(said, f"{own}.") if field != f"{own}.id")


def _event(device: str, event: Mapping[str, object], frame: Frame, also: tuple[str, ...]) -> RawReading:
    passed_on, at = event.get("data"), event.get("ts")
    address = passed_on.get("address") if isinstance(passed_on, dict) else None
    if isinstance(passed_on, dict) and isinstance(address, str) and address:
        return _draft(address, at, dict(flatten(passed_on)), frame, (address.upper(), address.lower()))
    fields = dict(_component(str(event.get("component")), {"event": event.get("event")}))
    return _draft(device, at, fields, frame, also)


def _draft(device: str, at: object, fields: dict[str, object], frame: Frame, also: tuple[str, ...] = ()) -> RawReading:
    model, dash, _ = next((name for name in also if "-" in name), device).rpartition("-")
    return RawReading(PLATFORM, device, at, fields, None, model if dash else None, frame.retain, also)
