"""The Things Stack's messages."""

from __future__ import annotations

import json

from simulators.events import Measurement
from simulators.wire import MessageHeader, tts

AT = 1_581_520_546_014  # 2020-02-12T15:15:46.014Z


def test_an_uplink_has_the_fields_of_the_printed_one() -> None:
    header = MessageHeader("eui-70b3d57ed0060001", AT, 1, "water_leak", "EM300-SLD", "gtw1")
    (message,) = tts.encode(Measurement("leak-1", {"leak": True}), header)
    body = json.loads(message.payload)
    assert message.topic == "v3/fengshu@community/devices/eui-70b3d57ed0060001/up"
    assert message.qos == 0
    assert set(body) == {"end_device_ids", "correlation_ids", "received_at", "uplink_message"}
    assert body["received_at"] == "2020-02-12T15:15:46.014000000Z"
    assert body["end_device_ids"]["dev_eui"] == "70B3D57ED0060001"
    printed = {"session_key_id", "f_cnt", "frm_payload", "decoded_payload", "rx_metadata", "settings"}
    assert printed | {"consumed_airtime", "received_at"} <= set(body["uplink_message"])
    assert body["uplink_message"]["decoded_payload"] == {"leakage_status": "leak"}


def test_a_device_id_of_the_operators_own_has_a_derived_eui() -> None:
    (message,) = tts.encode_join(MessageHeader("leak-1", AT, 0))
    body = json.loads(message.payload)
    assert message.topic.endswith("/devices/leak-1/join")
    assert len(body["end_device_ids"]["dev_eui"]) == 16
    assert "join_accept" in body
    (up,) = tts.encode(Measurement("leak-1", {}), MessageHeader("leak-1", AT, 0))
    assert "f_cnt" not in json.loads(up.payload)["uplink_message"]
