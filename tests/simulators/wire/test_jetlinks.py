"""JetLinks messages."""

from __future__ import annotations

import json

from simulators.events import Measurement
from simulators.wire import MessageHeader, jetlinks

AT = 1_483_228_800_000


def test_a_property_report_names_product_and_device_in_its_topic() -> None:
    (message,) = jetlinks.encode(Measurement("d", {"temp_c": 38.5}), MessageHeader("device1", AT, 3))
    assert message.topic == "/community/device1/properties/report"
    assert json.loads(message.payload) == {"messageId": "device1-3", "timestamp": AT, "properties": {"temp_c": 38.5}}


def test_a_child_reports_through_its_gateway() -> None:
    header = MessageHeader("device1", AT, 3, gateway="gw-1")
    (message,) = jetlinks.encode(Measurement("d", {"temp_c": 38.5}), header)
    (offline,) = jetlinks.encode_online(header, online=False)
    assert message.topic == "/community/gw-1/child/device1/properties/report"
    assert offline.topic == "/community/gw-1/child/device1/offline"
