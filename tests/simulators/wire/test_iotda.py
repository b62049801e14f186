"""IoTDA messages."""

from __future__ import annotations

import json

from domain import HOUR
from simulators.events import Batch, Measurement, TimedValues
from simulators.wire import MessageHeader, iotda

AT = 1_449_922_332_000  # 2015-12-12T12:12:12Z


def test_a_report_has_services_with_properties_and_event_time() -> None:
    header = MessageHeader("wm-1", AT, 1, "water_meter")
    (message,) = iotda.encode(Measurement("wm-1", {"volume_m3": 312.407, "leak": False, "battery_pct": 80}), header)
    assert message.topic == "$oc/devices/wm-1/sys/properties/report"
    when = {"event_time": "2015-12-12T12:12:12.000Z"}
    assert json.loads(message.payload) == {
        "services": [
            {"service_id": "WaterMeterBasic", "properties": {"currentReading": 312.407}, **when},
            {"service_id": "WaterMeterAlarm", "properties": {"leaking": 0}, **when},
            {"service_id": "Battery", "properties": {"batteryLevel": 80}, **when},
        ]
    }


def test_a_gateway_reports_for_its_sub_devices() -> None:
    header = MessageHeader("bf40f0c4", AT, 1, "bin", None, "gw-1")
    (message,) = iotda.encode(Measurement("bin-1", {"full": True}), header)
    assert message.topic == "$oc/devices/gw-1/sys/gateway/sub_devices/properties/report"
    (device,) = json.loads(message.payload)["devices"]
    assert (device["device_id"], device["services"][0]["properties"]) == ("bf40f0c4", {"full": True})


def test_a_batch_is_one_report_with_an_event_time_for_each_instant() -> None:
    batch = Batch("wm-1", (TimedValues(AT - HOUR, {"volume_m3": 1.0}), TimedValues(AT, {"volume_m3": 1.5})))
    (message,) = iotda.encode_batch(batch, MessageHeader("wm-1", AT, 2, "water_meter"))
    assert [service["event_time"] for service in json.loads(message.payload)["services"]] == [
        "2015-12-12T11:12:12.000Z",
        "2015-12-12T12:12:12.000Z",
    ]
