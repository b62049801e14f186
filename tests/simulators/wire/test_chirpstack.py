"""ChirpStack events."""

from __future__ import annotations

import json
import re

from simulators.events import Measurement
from simulators.wire import MessageHeader, chirpstack

AT = 1_658_136_855_775  # 2022-07-18T09:34:15.775Z


def test_a_chirpstack_event_has_the_printed_shape() -> None:
    (message,) = chirpstack.encode(
        Measurement("meter-001", {"volume_m3": 312.407, "flow_m3h": 0.0}), MessageHeader("70b3d57ed0060001", AT, 5)
    )
    assert re.fullmatch(r"application/[0-9a-f-]{36}/device/70b3d57ed0060001/event/up", message.topic)
    body = json.loads(message.payload)
    assert body["time"] == "2022-07-18T09:34:15.775000000+00:00"
    assert body["deviceInfo"]["devEui"] == "70b3d57ed0060001"
    assert body["object"] == {"volume_m3": 312.407, "flow_m3h": 0.0}
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", body["deduplicationId"])
    assert body["fCnt"] == 5
    printed = {"deduplicationId", "time", "deviceInfo", "devAddr", "dr", "fPort", "data", "rxInfo", "txInfo"}
    assert set(body) == printed | {"fCnt", "object"}


def test_chirpstack_leaves_out_a_zero_frame_counter() -> None:
    (message,) = chirpstack.encode(Measurement("m", {}), MessageHeader("70b3d57ed0060001", AT, 0))
    assert "fCnt" not in json.loads(message.payload)


def test_chirpstack_reports_joins_and_batteries_in_events_of_their_own() -> None:
    envelope = MessageHeader("70b3d57ed0060001", AT, 1)
    (join,) = chirpstack.encode_join("m", envelope)
    (status,) = chirpstack.encode_status("m", 88.3, envelope)
    assert join.topic.endswith("/event/join")
    assert status.topic.endswith("/event/status")
    assert set(json.loads(join.payload)) == {"deduplicationId", "time", "deviceInfo", "devAddr"}
    assert json.loads(status.payload)["batteryLevel"] == 88.3
