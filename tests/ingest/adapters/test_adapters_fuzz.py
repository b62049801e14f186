"""Any payload on any topic gives a result and raises nothing."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from ingest.adapters import decode, platform_for_topic
from ingest.frame import Frame
from ingest.results import DeviceEvent, RawReading, Rejection
from tests.ingest.adapters.home_platforms import NOW

KEYS = [
    "ZbReceived",
    "ZbInfo",
    "ZbState",
    "0x8F20",
    "Device",
    "Name",
    "Time",
    "RfReceived",
    "Data",
    "mac",
    "Status",
    "uplink_message",
    "decoded_payload",
    "normalized_payload",
    "frm_payload",
    "end_device_ids",
    "dev_eui",
    "rx_metadata",
    "rssi",
    "history",
    "timestamp",
    "values",
    "Type",
    "Value",
    "object",
    "data",
    "rxInfo",
    "device",
    "cmps",
    "ids",
    "cns",
    "~",
    "stat_t",
    "id",
    "event",
    "definition",
    "exposes",
    "features",
    "type",
    "location_solved",
    "location",
    "downlink_failed",
    "error",
    "StatusSNS",
    "Switch1",
    "gas_sensor",
    "x",
]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


TOPICS = st.sampled_from(
    [
        "v3/a@t/devices/dev1/up",
        "v3/a@t/devices/dev1/join",
        "v3/a@t/devices/dev1/down/failed",
        "v3/a@t/devices/dev1/location/solved",
        "tele/b/SENSOR",
        "tele/b/8F20/ZbReceived",
        "tele/b/STATE",
        "stat/b/RESULT",
        "stat/b/STATUS10",
        "stat/b/SWITCH1",
        "homeassistant/device/x/config",
        "homeassistant/sensor/n/x/config",
        "homeassistant/sensor/x/state",
        "shellies/announce",
        "shellies/s-1/info",
        "shellies/s-1/input_event/0",
        "shellies/s-1/sensor/gas",
        "zigbee2mqtt/x",
        "zigbee2mqtt/bridge/devices",
        "zigbee2mqtt/bridge/event",
        "application/a/device/0101010101010101/event/up",
    ]
)


@given(TOPICS, JSON | st.binary(max_size=12))
def test_any_payload_gives_a_result_and_raises_nothing(topic: str, content: object) -> None:
    payload = content if isinstance(content, bytes) else json.dumps(content).encode()
    outcome = decode(platform_for_topic(topic), Frame(topic, payload, NOW, "bulk"))

    assert isinstance(outcome, DeviceEvent | Rejection) or (
        outcome and all(isinstance(o, RawReading | Rejection) for o in outcome)
    )
