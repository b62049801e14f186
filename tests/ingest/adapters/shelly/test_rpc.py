"""Shelly devices of the second generation: components, events, forwarded Bluetooth devices."""

from __future__ import annotations

import json

from ingest.adapters.shelly.rpc import decode
from ingest.frame import Frame
from ingest.results import RawReading, Rejection


def frame_of(topic: str, body: object) -> Frame:
    return Frame(topic, json.dumps(body).encode(), 1767225660000, "bulk")


def test_a_forwarded_bluetooth_button_is_a_reading_of_that_button() -> None:
    event = {"component": "script:1", "data": {"address": "b4:35:22:fe:56:e5", "button": 1}, "ts": 7.5}
    frame = frame_of("shellyplus1-aa/events/rpc", {"method": "NotifyEvent", "params": {"events": [event]}})

    (reading,) = decode("shellyplus1-aa", ["events", "rpc"], frame)  # type: ignore[misc]

    assert isinstance(reading, RawReading)
    assert ("b4:35:22:fe:56:e5", 7.5, 1) == (reading.identity, reading.at, reading.fields["button"])
    assert ("B4:35:22:FE:56:E5", "b4:35:22:fe:56:e5") == reading.aliases


def test_the_second_component_keeps_its_index() -> None:
    frame = frame_of(
        "s/events/rpc", {"method": "NotifyStatus", "params": {"ts": 1, "smoke:1": {"id": 1, "alarm": True}}}
    )

    (reading,) = decode("s", ["events", "rpc"], frame)  # type: ignore[misc]

    assert isinstance(reading, RawReading)
    assert {"smoke.1.alarm": True} == reading.fields


def test_a_method_that_reports_nothing_is_rejected_by_name() -> None:
    rejection = decode("s", ["events", "rpc"], frame_of("s/events/rpc", {"method": "NotifyEvent", "params": {}}))

    assert isinstance(rejection, Rejection)
    assert "NotifyEvent" in rejection.detail
