"""The platform of a message follows from the filters of the site, whatever their layout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain import Device, Identity
from ingest.adapters import FILTERS, platform_for_topic
from ingest.decoding.decoder import Decoder
from ingest.frame import Frame
from ingest.results import DeviceEvent, DeviceEventKind, RawReading
from ingest.routing.routes import Routes, filter_faults
from ingest.topics import filter_covers, filter_matches

NOW = 1_795_269_600_000
SENSOR = b'{"Time":"2026-11-21T22:00:00","MQ2":{"Gas":true}}'
WORDS = st.sampled_from(["home", "b3", "kitchen", "厨房", "gas-1", "tele", "stat", "status", "events", "x y"])
SOME = st.sampled_from(["a", "b", "tele", ""])
PATTERN = st.lists(st.sampled_from(["a", "b", "tele", "+"]), min_size=1, max_size=4).flatmap(
    lambda levels: st.sampled_from(["/".join(levels), "/".join([*levels, "#"])])
)


def frame_of(topic: str, payload: bytes, *, retain: bool = False) -> Frame:
    return Frame(topic, payload, NOW, "bulk", retain=retain)


def only_raw_reading(raw_reading: Any) -> RawReading:
    assert isinstance(raw_reading, list), raw_reading
    assert len(raw_reading) == 1, raw_reading
    assert isinstance(raw_reading[0], RawReading), raw_reading
    return raw_reading[0]


@given(st.lists(PATTERN, max_size=4), st.lists(SOME, min_size=1, max_size=5).map("/".join))
def test_topics_of_filters_that_are_not_subscribed_are_received_nevertheless(patterns: list[str], topic: str) -> None:
    routes = Routes({"tasmota": patterns})
    expected = [pattern for each in routes.filters.values() for pattern in each]

    assert any(filter_matches(each, topic) for each in expected) == any(
        filter_matches(each, topic) for each in routes.subscriptions
    )
    assert not any(a != b and filter_covers(a, b) for a in routes.subscriptions for b in routes.subscriptions)


@pytest.mark.parametrize("platform", FILTERS)
def test_a_sites_file_may_write_the_defaults_out(platform: str) -> None:
    assert [] == list(filter_faults({platform: FILTERS[platform]}))
    assert FILTERS[platform] == Routes({platform: FILTERS[platform]}).filters[platform]


@pytest.mark.parametrize(
    ("filters", "where", "raw_reading"),
    [
        ({"tasmota": ["tele/#", "tele/#"]}, ("tasmota", 1), "stands at tasmota already"),
        ({"tasmota": ["a/#"], "shelly": ["a/#"]}, ("shelly", 0), "stands at tasmota already"),
        ({"tasmota": ["tele/#", "tele/b3/#"]}, ("tasmota", 1), "lies within 'tele/#'"),
        ({"tasmota": ["tele/b3/#", "tele/#"]}, ("tasmota", 1), "holds 'tele/b3/#' too"),
        ({"tasmota": ["tele/#", "#"]}, ("tasmota", 1), "every topic"),
        ({"native": ["b3/fengshao/v1/#"]}, ("native", 0), "fixed: write fengshao/v1/#"),
        ({"sparkplug": ["b3/spBv1.0/#"]}, ("sparkplug", 0), "fixed: write spBv1.0/#"),
        ({"chirpstack": ["lora/#"]}, ("chirpstack", 0), "end like application/+/device/+/event/#"),
        ({"jetlinks": ["x/#"]}, ("jetlinks", 0), "end like"),
    ],
)
def test_faulty_filters_are_named_with_their_place(
    filters: dict[str, list[str]], where: tuple[str, int], raw_reading: str
) -> None:
    [fault] = filter_faults(filters)

    assert where == fault.where
    assert raw_reading in fault.message


def test_an_unknown_platform_is_left_to_another_check() -> None:
    assert [] == list(filter_faults({"tasmotta": ["#"]}))


@given(
    st.lists(st.one_of(WORDS, st.sampled_from(["", "$oc", "v3", "spBv1.0", "application"])), min_size=1).map("/".join)
)
@example("fengshao/v1/a/up")
@example("/sys/pk/dn/thing/event/property/post")
@example("/product/device/event/x")
@example("v1/devices/me/telemetry")
def test_without_settings_a_message_has_the_platform_of_the_default_filters(topic: str) -> None:
    assert platform_for_topic(topic) == Routes().platform_of(topic)


@pytest.mark.parametrize(
    ("topic", "platform"),
    [
        ("kitchen/tele/SENSOR", "tasmota"),
        ("zigbee2mqtt/tele/SENSOR", "zigbee2mqtt"),  # a platform's own tree is more special than a wildcard
        ("home/z2m/kitchen", "zigbee2mqtt"),  # and a longer literal than a shorter one
        ("home/kitchen/tele/SENSOR", "tasmota"),
        ("shellyplus1-aa/events/rpc", "shelly"),
        ("esp/status", "esphome"),
        ("esp/status/wifi", "shelly"),
        ("meters/1", "wmbusmeters"),
        ("wmbusmeters/1", "wmbusmeters"),  # the default still decodes what is pushed or was journaled
        ("stat/plug/POWER", "hj212"),  # a site may give a tree to somebody else
        ("nobody/says", None),
    ],
)
def test_of_several_filters_the_most_specific_decides(topic: str, platform: str | None) -> None:
    routes = Routes(
        {
            "tasmota": ["tele/#", "+/tele/#", "home/#"],
            "zigbee2mqtt": ["zigbee2mqtt/#", "home/z2m/#"],
            "shelly": ["+/events/rpc", "+/status/+"],
            "esphome": ["+/status"],
            "wmbusmeters": ["meters/#"],
            "hj212": ["stat/#"],
        }
    )

    assert platform == routes.platform_of(topic)


def test_native_topics_cannot_be_assigned_to_another_platform() -> None:
    routes = Routes({"native": [], "shelly": []})

    assert FILTERS["native"] == routes.filters["native"]
    assert "fengshao/v1/#" in routes.subscriptions
    assert "shellies/#" not in routes.subscriptions


def test_a_filter_that_cannot_be_read_leaves_topics_as_they_are() -> None:
    routes = Routes({"chirpstack": ["lora/#"]})

    assert "chirpstack" == routes.platform_of("lora/up")
    assert not isinstance(routes.decode(frame_of("lora/up", b"{}")).output, list)


def test_a_command_below_a_tree_of_tasmotas_is_no_reading() -> None:
    raw_reading = Routes({"tasmota": ["home/#"]}).decode(frame_of("home/kitchen/cmnd/POWER", b"ON")).output

    assert isinstance(raw_reading, DeviceEvent)
    assert (DeviceEventKind.REPLY, "kitchen") == (raw_reading.kind, raw_reading.identity)


def test_a_shelly_below_a_prefix_of_its_owner_is_known_by_both_names(build_decoder: Callable[..., Decoder]) -> None:
    body = b'{"src":"shellyplussmoke-a1","method":"NotifyStatus","params":{"ts":1795269600,"smoke:0":{"alarm":true}}}'
    event = (
        b'{"src":"shellyplussmoke-a1","method":"NotifyEvent","params":{"events":[{"component":"input:0","event":"x"}]}}'
    )
    filters = {"shelly": ["shellies/#", "home/#"]}
    device = Device("ours", "smoke_alarm", identities=(Identity("shelly", "shellyplussmoke-a1"),))

    result = build_decoder(device, filters=filters).decode([frame_of("home/kitchen/events/rpc", body)])

    assert [("ours", {"alarm": True})] == [(reading.device, reading.values) for reading in result.readings]
    routes = Routes(filters)
    assert ("shellyplussmoke-a1",) == only_raw_reading(
        routes.decode(frame_of("home/kitchen/events/rpc", event)).output
    ).aliases
    assert (
        "home/kitchen"
        == only_raw_reading(
            routes.decode(frame_of("home/kitchen/status/smoke:0", b'{"id":0,"alarm":true}')).output
        ).identity
    )
    for topic in ("home/kitchen/command/switch:0", "home/kitchen/rpc", "home/kitchen/online"):
        assert isinstance(routes.decode(frame_of(topic, b"true")).output, DeviceEvent)
    assert not isinstance(routes.decode(frame_of("home/kitchen/debug", b"x")).output, list | DeviceEvent)


def test_two_bridges_may_have_a_kitchen_each(build_decoder: Callable[..., Decoder]) -> None:
    """Below the first filter of a source devices bear their plain names, below the others their root too."""
    first = Device("b3-gas", "gas_alarm", identities=(Identity("zigbee2mqtt", "kitchen"),))
    second = Device("b4-gas", "gas_alarm", identities=(Identity("zigbee2mqtt", "z2m-b4/kitchen"),))
    made = build_decoder(first, second, filters={"zigbee2mqtt": ["zigbee2mqtt/#", "z2m-b4/#"]})

    result = made.decode(
        [frame_of("z2m-b4/kitchen", b'{"gas":true}'), frame_of("zigbee2mqtt/kitchen", b'{"gas":false}')]
    )

    assert [("b4-gas", True), ("b3-gas", False)] == [
        (reading.device, reading.values["alarm"]) for reading in result.readings
    ]
    gone = made.decode([frame_of("z2m-b4/kitchen/availability", b"offline"), frame_of("z2m-b4/bridge/info", b"{}")])
    assert ["b4-gas", None] == [note.device for note in gone.events]


def test_a_hardware_address_gets_no_base_topic() -> None:
    routes = Routes({"zigbee2mqtt": ["z2m-b3/#", "z2m-b4/#"], "tasmota": ["tele/#", "+/tele/#", "b4/+/tele/#"]})

    raw_reading = only_raw_reading(
        routes.decode(frame_of("z2m-b4/0x000d6f0014f7bf0f", b'{"gas":true,"device":{"friendlyName":"k"}}')).output
    )
    assert ("0x000d6f0014f7bf0f", ("z2m-b4/k",)) == (raw_reading.identity, raw_reading.aliases)
    assert "kitchen" == only_raw_reading(routes.decode(frame_of("z2m-b3/kitchen", b'{"gas":true}')).output).identity
    assert "kitchen" == only_raw_reading(routes.decode(frame_of("kitchen/tele/SENSOR", SENSOR)).output).identity
    assert "b4/kitchen" == only_raw_reading(routes.decode(frame_of("b4/kitchen/tele/SENSOR", SENSOR)).output).identity
