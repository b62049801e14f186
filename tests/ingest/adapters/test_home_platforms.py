"""Adapters of home and LoRaWAN platforms beyond their examples: discovery, identities, self-tests, any payload."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import Device, Identity, Quality
from domain.kind import Kind
from ingest.adapters import decode, platform_for_topic
from ingest.adapters.homeassistant.discovery import describe_device, reporting_identity
from ingest.decoding.danger_detection import DangerDetector
from ingest.decoding.decoder import Decoder
from ingest.formats.ias_zone import name_zone_fields
from ingest.formats.json_payload import read_scalar
from ingest.formats.lorawan_history import split_history
from ingest.frame import Frame
from ingest.mappings.mapping import MappingBook
from ingest.results import DeviceEvent, DiscoveredDevice, RawReading, Rejection

NOW = 1767225660000


def frame_of(topic: str, content: object, **frame_fields: Any) -> Frame:
    payload = (
        content.encode()
        if isinstance(content, str)
        else content
        if isinstance(content, bytes)
        else json.dumps(content).encode()
    )
    return Frame(topic, payload, NOW, "bulk", **frame_fields)


def proposed(topic: str, content: object) -> tuple[DiscoveredDevice, ...]:
    event = decode(platform_for_topic(topic), frame_of(topic, content))
    assert isinstance(event, DeviceEvent)
    return event.discovered


def named_on(platform: str, kind: str, identity: str) -> Device:
    return Device("ours", kind, identities=(Identity(platform, identity),))


# -- discovery ---------------------------------------------------------------------------------------------------


def test_a_gas_alarm_discovered_by_home_assistant_has_the_identity_that_zigbee2mqtt_reports(
    kinds: dict[str, Kind], books: list[MappingBook]
) -> None:
    (proposal,) = proposed(
        "homeassistant/binary_sensor/0x00158d0001deec28/gas/config",
        {
            "device": {
                "identifiers": ["zigbee2mqtt_0x00158d0001deec28"],
                "manufacturer": "Heiman",
                "model_id": "HS3CG",
            },
            "device_class": "gas",
            "state_topic": "zigbee2mqtt/0x00158d0001deec28",
            "unique_id": "0x00158d0001deec28_gas_zigbee2mqtt",
            "value_template": "{{ value_json.gas }}",
        },
    )

    assert proposal.identities[:2] == (
        ("zigbee2mqtt", "0x00158d0001deec28"),
        ("homeassistant", "zigbee2mqtt_0x00158d0001deec28"),
    )
    assert (proposal.vendor, proposal.model, proposal.hints) == ("Heiman", "HS3CG", ("gas",))
    assert proposal.topics == ("zigbee2mqtt/0x00158d0001deec28",)
    assert DangerDetector(kinds, books).guess_kind("zigbee2mqtt", dict.fromkeys(proposal.hints)) == "gas_alarm"


def test_a_device_message_is_one_discovered_device_with_all_its_components() -> None:
    (proposal,) = proposed(
        "homeassistant/device/0AFFD2/config",
        {
            "~": "tele/kitchen",
            "dev": {"ids": ["ea33"], "cns": [["mac", "02:5b"]], "name": "厨房", "mf": "Bla"},
            "cmps": {
                "gas": {"p": "binary_sensor", "dev_cla": "gas", "stat_t": "~/SENSOR", "uniq_id": "g1"},
                "warm": {"p": "sensor", "val_tpl": "{{ value_json['temp'] }}", "stat_t": "x/~", "uniq_id": "t1"},
                "lamp": {"p": "light", "cmd_t": "x/set"},
                "gone": {"p": "sensor"},
            },
        },
    )

    assert proposal.identities == (
        ("tasmota", "kitchen"),
        *(("homeassistant", name) for name in ("ea33", "02:5b", "g1", "t1", "0AFFD2")),
    )
    assert (proposal.hints, proposal.name) == (("gas", "temp", "light"), "厨房")
    assert proposal.topics == ("tele/kitchen/SENSOR", "x/tele/kitchen")


def test_an_empty_discovery_message_withdraws_the_device() -> None:
    (proposal,) = proposed("homeassistant/binary_sensor/node/garden/config", "")

    assert (proposal.is_withdrawn, proposal.identities) == (
        True,
        (("homeassistant", "node"), ("homeassistant", "node/garden")),
    )


def test_below_a_node_the_object_alone_names_no_device() -> None:
    one, other = (
        proposed(f"homeassistant/binary_sensor/{node}/gas/config", {"dev_cla": "gas"})[0] for node in ("0x1", "0x2")
    )

    assert (("homeassistant", "0x1"), ("homeassistant", "0x1/gas")) == one.identities
    assert set(one.identities).isdisjoint(other.identities)


def test_a_gas_alarm_is_not_attributed_to_a_device_of_another_node(listener: Callable[..., Decoder]) -> None:
    result = listener(named_on("homeassistant", "gas_alarm", "gas")).decode(
        [frame_of("homeassistant/binary_sensor/0xSOMEBODYELSE/gas/state", "ON")]
    )

    assert [] == result.readings
    assert [("0xSOMEBODYELSE", True)] == [(refusal.identity, refusal.danger) for refusal in result.refusals]


@pytest.mark.parametrize(
    ("topic", "content", "found"),
    [
        (
            "application/a/device/0101010101ABCDEF/event/join",
            {"deviceInfo": {"deviceName": "厨房", "deviceProfileName": "GS101"}},
            [DiscoveredDevice((("chirpstack", "0101010101abcdef"),), model="GS101", name="厨房")],
        ),
        (
            "v3/a@t/devices/dev1/join",
            {"end_device_ids": {"dev_eui": "00AB"}},
            [DiscoveredDevice((("tts", "dev1"), ("tts", "00AB"), ("tts", "00ab")))],
        ),
        (
            "v1/gateway/connect",
            {"device": "A", "type": "smoke"},
            [DiscoveredDevice((("thingsboard", "A"),), model="smoke")],
        ),
        ("v1/gateway/disconnect", {"device": "A"}, []),
        (
            "/sys/g/w/thing/topo/add",
            {"params": [{"productKey": "p", "deviceName": "d"}, {"productKey": "p"}, 7]},
            [DiscoveredDevice((("alink", "p/d"),), model="p")],
        ),
        (
            "/sys/g/w/thing/sub/batch_login",
            {"params": {"deviceList": [{"productKey": "p", "deviceName": "d"}]}},
            [DiscoveredDevice((("alink", "p/d"),), model="p")],
        ),
        (
            "/sys/g/w/thing/topo/delete",
            {"params": {"productKey": "p", "deviceName": "d"}},
            [DiscoveredDevice((("alink", "p/d"),), model="p", is_withdrawn=True)],
        ),
        ("/sys/g/w/thing/topo/add_reply", {"code": 200}, []),
        ("/sys/g/w/thing/list/found", "[", []),
    ],
)
def test_a_device_that_joins_or_is_added_by_a_gateway_can_be_claimed(
    topic: str, content: object, found: list[DiscoveredDevice]
) -> None:
    assert found == list(proposed(topic, content))


@pytest.mark.parametrize(
    ("topic", "identity"),
    [
        ("application/a/device/0101010101010101/event/up", ("chirpstack", "0101010101010101")),
        ("v3/a@t/devices/dev1/up", ("tts", "dev1")),
        ("zigbee2mqtt/bridge/state", None),
        ("tele/SENSOR", None),
        ("homeassistant", None),
    ],
)
def test_the_state_topic_tells_the_reporting_platform_and_identity(
    topic: str, identity: tuple[str, str] | None
) -> None:
    assert identity == reporting_identity(topic)


def test_a_discovery_message_full_of_nonsense_discovers_no_device() -> None:
    description = describe_device("sensor", {"dev": 3, "cns": 1, "stat_t": 7, "cmps": {"a": 1}, "~": []})

    assert (description.identifiers, description.reporters, description.topics, description.vendor) == (
        (),
        (),
        (),
        None,
    )


def test_a_bridge_device_list_discovers_all_devices_but_the_bridge() -> None:
    found = proposed(
        "zigbee2mqtt/bridge/devices",
        [
            {"ieee_address": "0x00124b00120144ae", "type": "Coordinator", "friendly_name": "Coordinator"},
            {
                "ieee_address": "0x00158d0001deec28",
                "friendly_name": "Kitchen",
                "definition": {"model": "HS3CG", "vendor": "Heiman", "exposes": [{"property": "gas"}]},
            },
        ],
    )

    assert found == (
        DiscoveredDevice(
            (("zigbee2mqtt", "Kitchen"), ("zigbee2mqtt", "0x00158d0001deec28")),
            ("gas",),
            "Heiman",
            "HS3CG",
            "Kitchen",
            ("zigbee2mqtt/Kitchen",),
        ),
    )


def test_a_shelly_and_a_tasmota_bridge_announce_their_devices() -> None:
    (shelly,) = proposed("shellies/announce", {"id": "shellygas-1", "model": "SHGS-1"})
    (bulb,) = proposed("tele/b/SENSOR", {"ZbInfo": {"0xECD0": {"Device": "0xECD0", "Name": "门", "Contact": 1}}})

    assert (shelly.identities, shelly.model) == ((("shelly", "shellygas-1"),), "SHGS-1")
    assert ("tasmota", "门") in bulb.identities
    assert bulb.hints == ("Contact",)


# -- names -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["0x8F20", "0x8f20", "8F20", "cafe", "0x00158D00036B50AE", "b/0x8F20", "b/cafe"])
def test_a_zigbee_device_is_found_by_any_of_its_names(name: str, listener: Callable[..., Decoder]) -> None:
    fields = {"Device": "0x8F20", "IEEEAddr": "0x00158D00036B50AE", "Contact": 1}
    result = listener(named_on("tasmota", "door", name)).decode(
        [frame_of("tele/b/SENSOR", {"ZbReceived": {"cafe": fields}})]
    )

    assert [reading.values for reading in result.readings] == [{"opened": True}]


@pytest.mark.parametrize("name", ["dev1", "0004A30B001C0530", "0004a30b001c0530"])
def test_a_join_is_matched_by_any_registered_name(name: str, listener: Callable[..., Decoder]) -> None:
    content = {"end_device_ids": {"dev_eui": "0004A30B001C0530"}, "join_accept": {}}
    result = listener(named_on("tts", "door", name)).decode([frame_of("v3/a@t/devices/dev1/join", content)])

    assert [(event.kind, event.device) for event in result.events] == [("join", "ours")]


# -- meaning -----------------------------------------------------------------------------------------------------


def test_two_presses_of_a_shelly_button_are_two_and_a_repetition_is_none(listener: Callable[..., Decoder]) -> None:
    ours = listener(named_on("shelly", "sos_button", "shellybutton1-A4CF12"))
    topic = "shellies/shellybutton1-A4CF12/input_event/0"
    result = ours.decode([frame_of(topic, {"event": "S", "event_cnt": count}) for count in (1, 2, 2)])

    assert (len(result.readings), result.duplicates) == (2, 1)


def test_two_equal_presses_without_a_counter_are_two(listener: Callable[..., Decoder]) -> None:
    ours = listener(named_on("tasmota", "sos_button", "0x3476"))
    press = frame_of("tele/b/SENSOR", {"ZbReceived": {"0x3476": {"0006!02": "", "Power": 2}}})

    assert len(ours.decode([press, press]).readings) == 2


def test_a_retained_shelly_alarm_is_state_of_unknown_age(listener: Callable[..., Decoder]) -> None:
    ours = listener(named_on("shelly", "gas_alarm", "shellygas-1"))
    (reading,) = ours.decode([frame_of("shellies/shellygas-1/sensor/gas", "heavy", retain=True)]).readings

    assert (reading.values, reading.doubts) == ({"alarm": True}, {"alarm": Quality.RETAINED})


def test_gas_of_an_unregistered_device_is_reported(listener: Callable[..., Decoder]) -> None:
    frames = [
        frame_of("shellies/shellygas-1/sensor/gas", "heavy"),
        frame_of("shellies/shellygas-1/sensor/gas", "test"),
        frame_of("shellies/shellygas-1/sensor/gas", "none"),
    ]
    refused = listener().decode(frames).refusals

    assert [(item.danger, item.proposed_kind) for item in refused] == [
        (True, "gas_alarm"),
        (False, "gas_alarm"),
        (False, "gas_alarm"),
    ]


def test_a_requested_self_test_is_a_test_until_its_result_arrives(listener: Callable[..., Decoder]) -> None:
    ours = listener(named_on("zigbee2mqtt", "gas_alarm", "kitchen"))
    content = [{"gas": True, "self_test": True, "self_test_result": word} for word in (None, "checking", "success")]
    result = ours.decode(
        [frame_of("zigbee2mqtt/kitchen", {**item, "self_test_result": item["self_test_result"]}) for item in content]
    )

    assert [True, True, None] == [reading.values.get("test") for reading in result.readings]


def test_an_unregistered_device_is_understood_by_plain_words(listener: Callable[..., Decoder]) -> None:
    content = {"properties": {"status.SmokeAlarm": 1, "batteryLevel": 88}}
    (refused,) = listener().decode([frame_of("/p/d/properties/report", content)]).refusals

    assert (refused.danger, refused.proposed_kind) == (True, "smoke_alarm")


def test_an_alarm_of_another_kind_is_no_fire(listener: Callable[..., Decoder]) -> None:
    ours = listener(named_on("jetlinks", "smoke_alarm", "d"))
    result = ours.decode(
        [frame_of("/p/d/properties/report", {"properties": {"battery": {"alarm": 1}, "door": {"alarm": 1}}})]
    )

    assert [{"battery_low": True}] == [reading.values for reading in result.readings]


def test_a_gateway_reports_the_status_of_several_devices(listener: Callable[..., Decoder]) -> None:
    statuses = [{"device_id": "c1", "status": "ONLINE"}, {"device_id": "c2", "status": "OFFLINE"}, 7]
    content = {"services": [{"service_id": "$sub_device_manager", "paras": {"device_statuses": statuses}}]}
    events = listener(named_on("iotda", "door", "c2")).decode([frame_of("$oc/devices/g/sys/events/up", content)]).events

    assert [("c1", None, True), ("c2", "ours", False)] == [
        (event.identity, event.device, event.online) for event in events
    ]


@pytest.mark.parametrize(
    ("topic", "content", "danger"),
    [
        ("zigbee2mqtt/hall", {"occupancy": True}, False),
        ("zigbee2mqtt/front door", {"contact": False}, False),
        ("homeassistant/light/kitchen/state", "ON", False),
        ("stat/lamp/RESULT", {"Switch1": {"Action": "ON"}}, False),
        ("tele/b/SENSOR", {"ZbReceived": {"0x099F": {"0500!00": "010000FF0000"}}}, False),
        ("zigbee2mqtt/hall", {"smoke": True}, True),
        ("homeassistant/binary_sensor/kitchen/gas/state", "ON", True),
        ("tele/b/SENSOR", {"ZbReceived": {"0x099F": {"0501!02": ""}}}, True),
        ("application/a/device/01/event/up", {"object": {"smokeAlarm": "Alarm"}}, True),
        ("application/a/device/01/event/up", {"object": {"smokeAlarm": "Alarm", "testButtonPressed": "Pushed"}}, False),
    ],
)
def test_an_unregistered_device_is_a_danger_only_when_its_word_is_unambiguous(
    topic: str, content: object, danger: bool, listener: Callable[..., Decoder]
) -> None:
    (refusal,) = listener().decode([frame_of(topic, content)]).refusals

    assert (refusal.reason, refusal.danger) == ("unknown_device", danger)


def test_a_malformed_message_with_a_danger_bit_is_reported_whatever_the_device_name(
    listener: Callable[..., Decoder],
) -> None:
    result = listener().decode([frame_of("zigbee2mqtt/3栋/402", '{"alarm": true, "batt')])

    assert [(refusal.reason, refusal.identity, refusal.danger) for refusal in result.refusals] == [
        ("bad_payload", "3栋/402", True)
    ]


def test_current_values_come_after_historic_ones() -> None:
    content = {
        "now": 1,
        "history": [{"time": 20, "a": 2}, {"time": 10, "a": 1}],
        "list": [1],
        "mixed": [{"time": 1}, 2],
    }

    assert split_history(content) == [
        (10, {"a": 1}),
        (20, {"a": 2}),
        (None, {"now": 1, "list": [1], "mixed": [{"time": 1}, 2]}),
    ]


def test_an_unreadable_raw_zone_status_is_kept() -> None:
    for word in ("zz", "01", None, 70_000, True):
        assert name_zone_fields({"ZoneStatus": word}) == {"ZoneStatus": word}


def test_bytes_that_are_not_text_are_refused_as_a_scalar() -> None:
    for topic in (
        "zigbee2mqtt/Kitchen/gas",
        "shellies/shellygas-1/sensor/gas",
        "stat/plug/POWER",
        "homeassistant/sensor/a/state",
    ):
        content = decode(platform_for_topic(topic), frame_of(topic, b"\xff\xfe\xfd"))
        assert isinstance(content, Rejection)
    assert read_scalar(b"null") is None


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
