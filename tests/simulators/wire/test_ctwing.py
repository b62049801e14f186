"""CTWing's pushes."""

from __future__ import annotations

import json

from simulators.events import Measurement
from simulators.wire import Message, MessageHeader, ctwing, over_mqtt

AT = 1_606_982_320_277
IMEI = "860374051000000"


def test_a_smoke_alarm_has_the_fields_of_the_logged_push() -> None:
    header = MessageHeader(IMEI, AT, 1, "smoke_alarm")
    values = {"alarm": True, "temp_c": 30, "battery_pct": 100, "rssi_dbm": -114}
    (push,) = ctwing.encode(Measurement("smoke-1", values), header)
    body = json.loads(push.body)
    logged = "upPacketSN upDataSN topic timestamp tenantId serviceId protocol productId payload messageType deviceType"
    assert set(body) == set(logged.split()) | {"deviceId", "assocAssetId", "IMSI", "IMEI"}
    assert (push.platform, body["messageType"], body["timestamp"], body["IMEI"]) == ("ctwing", "dataReport", AT, IMEI)
    data = body["payload"]["serviceData"]
    assert (data["Alarm_Status"], data["TData"], data["Battery_Level"], data["RSRP"]) == (1, 30, 100, 114)


def test_a_push_may_also_come_by_the_platforms_message_queue() -> None:
    (push,) = ctwing.encode(Measurement("gas-1", {"alarm": True}), MessageHeader(IMEI, AT, 1, "gas_alarm"))
    assert over_mqtt(push) == Message("v1/up/ad19prof", push.body)
    assert over_mqtt(over_mqtt(push)) == over_mqtt(push)


def test_a_gas_alarm_has_the_fields_of_the_vendors_dictionary() -> None:
    values = {"alarm": True, "lel_pct": 22.4, "valve_closed": True, "fault": False}
    (push,) = ctwing.encode(Measurement("gas-1", values), MessageHeader(IMEI, AT, 1, "gas_alarm"))
    assert json.loads(push.body)["payload"] == {
        "medium": 0,
        "fan_state": 2,
        "gas_sensor_state": 1,
        "gas_value": 22,
        "valve_state": 1,
        "error_code": 0,
    }


def test_a_device_that_sleeps_is_reported_offline() -> None:
    (push,) = ctwing.encode_online(MessageHeader(IMEI, AT, 1), online=False)
    body = json.loads(push.body)
    assert (body["messageType"], body["eventType"]) == ("deviceOnlineOfflineReport", 0)
