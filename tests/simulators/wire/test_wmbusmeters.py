"""Telegrams as wmbusmeters publishes them."""

from __future__ import annotations

import json

from domain import Value
from simulators.events import Measurement
from simulators.wire import MessageHeader, wmbusmeters

AT = 1_518_080_842_000  # 2018-02-08T09:07:22Z


def telegram(values: dict[str, Value]) -> dict[str, object]:
    (message,) = wmbusmeters.encode(Measurement("MyTapWater", values), MessageHeader("12345678", AT, 0))
    assert message.topic == "wmbusmeters/12345678"
    body: dict[str, object] = json.loads(message.payload)
    return body


def test_a_telegram_has_the_fields_of_the_printed_one() -> None:
    body = telegram({"volume_m3": 6.388, "flow_m3h": 0.0, "leak": False})
    assert (body["id"], body["total_m3"], body["timestamp"]) == ("12345678", 6.388, "2018-02-08T09:07:22Z")
    printed = {"media", "meter", "name", "id", "total_m3", "max_flow_m3h", "current_status", "timestamp", "device"}
    assert printed <= set(body)
    assert body["current_status"] == ""


def test_states_are_words_in_one_text() -> None:
    assert telegram({"leak": True, "burst": True})["current_status"] == "LEAK BURST"
