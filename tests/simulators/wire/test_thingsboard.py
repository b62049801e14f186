"""ThingsBoard's gateway messages."""

from __future__ import annotations

import json

from simulators.events import Batch, Measurement, TimedValues
from simulators.wire import MessageHeader, thingsboard

AT = 1_483_228_800_000
HEADER = MessageHeader("Device A", AT, 1, "bin")


def test_telemetry_is_keyed_by_device_with_times() -> None:
    (message,) = thingsboard.encode(Measurement("bin-1", {"fill_pct": 42}), HEADER)
    assert message.topic == "v1/gateway/telemetry"
    assert json.loads(message.payload) == {"Device A": [{"ts": AT, "values": {"fill_pct": 42}}]}


def test_a_batch_is_one_message() -> None:
    batch = Batch("bin-1", (TimedValues(AT - 1000, {"fill_pct": 42}), TimedValues(AT, {"fill_pct": 43})))
    (message,) = thingsboard.encode_batch(batch, HEADER)
    assert [point["ts"] for point in json.loads(message.payload)["Device A"]] == [AT - 1000, AT]


def test_devices_connect_and_disconnect() -> None:
    (connected,), (gone,) = (thingsboard.encode_connected(HEADER, connected) for connected in (True, False))
    assert (connected.topic, json.loads(connected.payload)) == (
        "v1/gateway/connect",
        {"device": "Device A", "type": "bin"},
    )
    assert (gone.topic, json.loads(gone.payload)) == ("v1/gateway/disconnect", {"device": "Device A"})
