"""Filters belong to sources: what a site listens to, whose a message is, and that another layout changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain import Device, Identity
from domain.kind import Kind
from ingest.adapters import FILTERS, decode, platform_for_topic
from ingest.decoding.decoder import Decoder
from ingest.frame import Frame
from ingest.mqtt.urgent_filters import urgent_filters
from ingest.results import DeviceEvent, DeviceEventKind, RawReading
from ingest.routing.layouts import FullTopic, MovedBase, layout_for
from ingest.routing.platform_guesses import COMMON_OTHER_FILTERS, guess_platform, zigbee_bridge_bases
from ingest.routing.routes import Routes, filter_faults
from ingest.topics import filter_covers, filter_fault, filter_matches

NOW = 1_795_269_600_000
SENSOR = b'{"Time":"2026-11-21T22:00:00","MQ2":{"Gas":true}}'
WORDS = st.sampled_from(["home", "b3", "kitchen", "厨房", "gas-1", "tele", "stat", "status", "events", "x y"])
LEVEL = st.sampled_from(["home", "b3", "kitchen", "厨房", "gas-1", "plug", "x y"])
SOME = st.sampled_from(["a", "b", "tele", ""])
PATTERN = st.lists(st.sampled_from(["a", "b", "tele", "+"]), min_size=1, max_size=4).flatmap(
    lambda levels: st.sampled_from(["/".join(levels), "/".join([*levels, "#"])])
)


def say(topic: str, payload: bytes, *, retain: bool = False) -> Frame:
    return Frame(topic, payload, NOW, "bulk", retain=retain)


def one_draft(said: Any) -> RawReading:
    assert isinstance(said, list), said
    assert len(said) == 1, said
    assert isinstance(said[0], RawReading), said
    return said[0]


# -- topics and filters ---------------------------------------------------------------------------------------------


@given(PATTERN, PATTERN, st.lists(SOME, min_size=1, max_size=5).map("/".join))
@example("a/#", "a", "a")
@example("tele/+", "tele/#", "tele/a/b")
def test_a_filter_that_covers_another_takes_whatever_that_takes(wide: str, narrow: str, topic: str) -> None:
    if filter_covers(wide, narrow) and filter_matches(narrow, topic):
        assert filter_matches(wide, topic)
    assert filter_covers(wide, wide)


@given(st.lists(PATTERN, max_size=4), st.lists(SOME, min_size=1, max_size=5).map("/".join))
def test_what_is_left_out_of_the_subscriptions_is_received_all_the_same(patterns: list[str], topic: str) -> None:
    routes = Routes({"tasmota": patterns})
    wanted = [pattern for each in routes.filters.values() for pattern in each]

    assert any(filter_matches(each, topic) for each in wanted) == any(
        filter_matches(each, topic) for each in routes.subscriptions
    )
    assert not any(a != b and filter_covers(a, b) for a in routes.subscriptions for b in routes.subscriptions)


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("", "1 to 1024 bytes"),
        ("a" * 2000, "1 to 1024 bytes"),
        ("tele#", "write tele/#"),
        ("te+le/x", "write tele/+/x"),
        ("tele/#/SENSOR", "# may only be the last level"),
        ("$share/g/tele/#", "the broker's own"),
        ("$SYS/#", "the broker's own"),
        ("#", "every topic"),
        ("+/+/#", "every topic"),
    ],
)
def test_a_filter_that_nobody_should_ask_for_is_told_with_what_to_write(pattern: str, said: str) -> None:
    fault = filter_fault(pattern)

    assert fault is not None
    assert said in fault


@pytest.mark.parametrize(
    "pattern", [each for patterns in (*FILTERS.values(), *COMMON_OTHER_FILTERS.values()) for each in patterns]
)
def test_every_filter_that_we_ask_for_ourselves_is_right(pattern: str) -> None:
    assert filter_fault(pattern) is None


@pytest.mark.parametrize("platform", FILTERS)
def test_a_sites_file_may_write_the_defaults_out(platform: str) -> None:
    assert [] == list(filter_faults({platform: FILTERS[platform]}))
    assert FILTERS[platform] == Routes({platform: FILTERS[platform]}).filters[platform]


@pytest.mark.parametrize(
    ("filters", "where", "said"),
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
def test_filters_that_cannot_be_are_told_at_their_place(
    filters: dict[str, list[str]], where: tuple[str, int], said: str
) -> None:
    [fault] = filter_faults(filters)

    assert where == fault.where
    assert said in fault.message


def test_a_platform_that_nobody_knows_is_the_business_of_another_check() -> None:
    assert [] == list(filter_faults({"tasmotta": ["#"]}))


# -- whose a message is ---------------------------------------------------------------------------------------------


@given(
    st.lists(st.one_of(WORDS, st.sampled_from(["", "$oc", "v3", "spBv1.0", "application"])), min_size=1).map("/".join)
)
@example("fengshao/v1/a/up")
@example("/sys/pk/dn/thing/event/property/post")
@example("/product/device/event/x")
@example("v1/devices/me/telemetry")
def test_without_settings_a_message_is_whose_it_always_was(topic: str) -> None:
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
def test_of_several_filters_the_most_special_decides(topic: str, platform: str | None) -> None:
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


def test_our_own_topics_cannot_be_taken_from_us() -> None:
    routes = Routes({"native": [], "shelly": []})

    assert FILTERS["native"] == routes.filters["native"]
    assert "fengshao/v1/#" in routes.subscriptions
    assert "shellies/#" not in routes.subscriptions


def test_a_filter_that_cannot_be_read_leaves_topics_as_they_are() -> None:
    routes = Routes({"chirpstack": ["lora/#"]})

    assert "chirpstack" == routes.platform_of("lora/up")
    assert not isinstance(routes.decode(say("lora/up", b"{}")).output, list)


# -- another layout changes nothing ---------------------------------------------------------------------------------


@given(
    st.lists(LEVEL, max_size=2),
    st.lists(LEVEL, min_size=1, max_size=2),
    st.booleans(),
    st.sampled_from(["tele", "stat"]),
)
def test_tasmota_says_the_same_whatever_its_full_topic(
    root: list[str], owner: list[str], before: bool, prefix: str
) -> None:
    """`root/%topic%/%prefix%/` and `root/%prefix%/%topic%/`."""
    wild = ["+"] * len(owner)
    filter_levels = [*root, *wild, prefix, "#"] if before else [*root, prefix, "#"]
    levels = [*root, *owner, prefix, "SENSOR"] if before else [*root, prefix, *owner, "SENSOR"]
    routes = Routes({"tasmota": ["/".join(filter_levels)]})

    said = one_draft(routes.decode(say("/".join(levels), SENSOR)).output)

    usual = one_draft(decode("tasmota", say("/".join([prefix, *owner, "SENSOR"]), SENSOR)))
    assert usual == said


@given(st.lists(LEVEL, min_size=1, max_size=3), st.lists(LEVEL, min_size=1, max_size=2), st.booleans())
def test_zigbee2mqtt_says_the_same_below_any_base_topic(base: list[str], name: list[str], default: bool) -> None:
    base = [*base, "zigbee2mqtt"] if default else base
    routes = Routes({"zigbee2mqtt": ["/".join([*base, "#"])]})

    said = one_draft(routes.decode(say("/".join([*base, *name]), b'{"gas":true}')).output)

    assert one_draft(decode("zigbee2mqtt", say("/".join(["zigbee2mqtt", *name]), b'{"gas":true}'))) == said


@pytest.mark.parametrize(
    ("platform", "pattern", "topic", "usual"),
    [
        ("zigbee2mqtt", "+/zigbee2mqtt/#", "b3/zigbee2mqtt/x/availability", "zigbee2mqtt/x/availability"),
        ("zigbee2mqtt", "z2m/+/availability", "z2m/x/availability", "zigbee2mqtt/x/availability"),
        ("zigbee2mqtt", "z2m/kitchen", "z2m/kitchen", "zigbee2mqtt/kitchen"),
        ("homeassistant", "ha/#", "ha/sensor/x/config", "homeassistant/sensor/x/config"),
        ("shelly", "b3/shellies/#", "b3/shellies/d/online", "shellies/d/online"),
        ("chirpstack", "b3/application/+/device/+/event/+", "b3/application/1/device/ab/event/up", None),
        ("alink", "cloud/sys/#", "cloud/sys/pk/dn/thing/event/property/post", "/sys/pk/dn/thing/event/property/post"),
        ("jetlinks", "b/p/+/event/#", "b/p/d/event/e", "/p/d/event/e"),
        ("tasmota", "telemetry/#", "telemetry/plug/SENSOR", "tele/plug/SENSOR"),
        ("tasmota", "kitchen/tele/#", "kitchen/tele/SENSOR", "tele/kitchen/SENSOR"),
        ("tasmota", "home/#", "home/kitchen/cmnd/POWER", "cmnd/kitchen/POWER"),
    ],
)
def test_a_topic_below_a_sites_filter_is_read_as_by_default(
    platform: str, pattern: str, topic: str, usual: str | None
) -> None:
    found = layout_for(platform, pattern, FILTERS[platform])

    assert found is not None
    assert (usual or topic.removeprefix("b3/")) == found.to_default(topic)
    assert [] == list(filter_faults({platform: [pattern]}))


@pytest.mark.parametrize(
    ("platform", "pattern"),
    [("tasmota", "tele/b3/#"), ("shelly", "+/events/rpc"), ("wmbusmeters", "meters/#"), ("sparkplug", "spBv1.0/g/#")],
)
def test_what_lies_within_the_default_or_is_read_from_its_end_needs_no_layout(platform: str, pattern: str) -> None:
    assert layout_for(platform, pattern, FILTERS[platform]) is None


@pytest.mark.parametrize("pattern", ["+/#", "+/+/#", "#", "+/+", "+"])
@pytest.mark.parametrize("platform", sorted(FILTERS))
def test_a_filter_of_wildcards_only_is_read_or_refused_by_name(platform: str, pattern: str) -> None:
    """`homeassistant: ["+/#"]` ended a start with an IndexError."""
    refusal = refusal_of(platform, pattern)
    assert refusal is None or (pattern in refusal and "write" in refusal)


def refusal_of(platform: str, pattern: str) -> str | None:
    try:
        layout_for(platform, pattern, FILTERS[platform])
    except ValueError as error:
        return str(error)
    return None


def test_a_command_below_a_tree_of_tasmotas_is_no_reading() -> None:
    said = Routes({"tasmota": ["home/#"]}).decode(say("home/kitchen/cmnd/POWER", b"ON")).output

    assert isinstance(said, DeviceEvent)
    assert (DeviceEventKind.REPLY, "kitchen") == (said.kind, said.identity)


def test_a_shelly_below_a_prefix_of_its_owner_is_known_by_both_names(listener: Callable[..., Decoder]) -> None:
    body = b'{"src":"shellyplussmoke-a1","method":"NotifyStatus","params":{"ts":1795269600,"smoke:0":{"alarm":true}}}'
    event = (
        b'{"src":"shellyplussmoke-a1","method":"NotifyEvent","params":{"events":[{"component":"input:0","event":"x"}]}}'
    )
    filters = {"shelly": ["shellies/#", "home/#"]}
    device = Device("ours", "smoke_alarm", identities=(Identity("shelly", "shellyplussmoke-a1"),))

    heard = listener(device, filters=filters).decode([say("home/kitchen/events/rpc", body)])

    assert [("ours", {"alarm": True})] == [(each.device, each.values) for each in heard.readings]
    routes = Routes(filters)
    assert ("shellyplussmoke-a1",) == one_draft(routes.decode(say("home/kitchen/events/rpc", event)).output).aliases
    assert (
        "home/kitchen"
        == one_draft(routes.decode(say("home/kitchen/status/smoke:0", b'{"id":0,"alarm":true}')).output).identity
    )
    for topic in ("home/kitchen/command/switch:0", "home/kitchen/rpc", "home/kitchen/online"):
        assert isinstance(routes.decode(say(topic, b"true")).output, DeviceEvent)
    assert not isinstance(routes.decode(say("home/kitchen/debug", b"x")).output, list | DeviceEvent)


# -- two roots of one source ----------------------------------------------------------------------------------------


def test_two_bridges_may_have_a_kitchen_each(listener: Callable[..., Decoder]) -> None:
    """Below the first filter of a source devices bear their plain names, below the others their root too."""
    first = Device("b3-gas", "gas_alarm", identities=(Identity("zigbee2mqtt", "kitchen"),))
    second = Device("b4-gas", "gas_alarm", identities=(Identity("zigbee2mqtt", "z2m-b4/kitchen"),))
    made = listener(first, second, filters={"zigbee2mqtt": ["zigbee2mqtt/#", "z2m-b4/#"]})

    heard = made.decode([say("z2m-b4/kitchen", b'{"gas":true}'), say("zigbee2mqtt/kitchen", b'{"gas":false}')])

    assert [("b4-gas", True), ("b3-gas", False)] == [(each.device, each.values["alarm"]) for each in heard.readings]
    gone = made.decode([say("z2m-b4/kitchen/availability", b"offline"), say("z2m-b4/bridge/info", b"{}")])
    assert ["b4-gas", None] == [note.device for note in gone.events]


def test_an_address_of_the_world_needs_no_root() -> None:
    routes = Routes({"zigbee2mqtt": ["z2m-b3/#", "z2m-b4/#"], "tasmota": ["tele/#", "+/tele/#", "b4/+/tele/#"]})

    said = one_draft(
        routes.decode(say("z2m-b4/0x000d6f0014f7bf0f", b'{"gas":true,"device":{"friendlyName":"k"}}')).output
    )
    assert ("0x000d6f0014f7bf0f", ("z2m-b4/k",)) == (said.identity, said.aliases)
    assert "kitchen" == one_draft(routes.decode(say("z2m-b3/kitchen", b'{"gas":true}')).output).identity
    assert "kitchen" == one_draft(routes.decode(say("kitchen/tele/SENSOR", SENSOR)).output).identity
    assert "b4/kitchen" == one_draft(routes.decode(say("b4/kitchen/tele/SENSOR", SENSOR)).output).identity


def test_a_literal_full_topic_has_the_name_before_its_prefix() -> None:
    pattern = FullTopic("home/kitchen/tele/#")

    assert ("home", "home/kitchen") == (pattern.root("home/kitchen/tele/SENSOR"), pattern.root(pattern.pattern))
    assert "b3/zigbee2mqtt" == MovedBase("+/zigbee2mqtt/#", 2, ("zigbee2mqtt",)).root("b3/zigbee2mqtt/x")


def test_the_urgent_session_asks_where_a_device_is_heard_at_this_site(kinds: dict[str, Kind]) -> None:
    devices = [
        Device("a", "gas_alarm", identities=(Identity("zigbee2mqtt", "kitchen"),)),
        Device("b", "gas_alarm", identities=(Identity("zigbee2mqtt", "z2m-b4/kitchen"),)),
        Device("c", "gas_alarm", identities=(Identity("chirpstack", "0101010101ABCDEF"),)),
    ]
    routes = Routes(
        {"zigbee2mqtt": ["zigbee2mqtt/#", "z2m-b4/#"], "chirpstack": ["b3/application/+/device/+/event/up"]}
    )

    wanted = urgent_filters(devices, kinds, 10, routes).filters

    assert wanted == (
        "fengshao/v1/+/alarm",
        "zigbee2mqtt/kitchen",
        "zigbee2mqtt/z2m-b4/kitchen",
        "z2m-b4/kitchen",
        "b3/application/+/device/0101010101abcdef/event/up",
    )
    assert ("fengshao/v1/+/alarm",) == urgent_filters(
        devices, kinds, 10, Routes({"zigbee2mqtt": [], "chirpstack": []})
    ).filters
    assert [] == Routes({"tasmota": ["+/tele/#"]}).site_filters("tasmota", "tele/kitchen/SENSOR")


# -- guesses --------------------------------------------------------------------------------------------------------

SHAPES = [
    ("kitchen/tele/SENSOR", SENSOR, "tasmota"),
    ("home/kitchen/tele/SENSOR", SENSOR, "tasmota"),
    ("b3/tele/kitchen/SENSOR", SENSOR, "tasmota"),
    ("b3/stat/POWER", b"ON", "tasmota"),
    ("telemetry/kitchen/SENSOR", SENSOR, "tasmota"),
    ("telemetry/kitchen/LWT", b"Online", "tasmota"),
    ("shellyplus1-aa/events/rpc", b'{"src":"s","method":"NotifyStatus"}', "shelly"),
    ("home/kitchen/status/smoke:0", b'{"id":0}', "shelly"),
    ("shellyplus1-aa/online", b"true", "shelly"),
    ("b3/shellies/shellygas-1/sensor/gas", b"none", "shelly"),
    ("esp/binary_sensor/gas/state", b"ON", "esphome"),
    ("home/esp/light/lamp/state", b"ON", "esphome"),
    ("esp/status", b"online", "esphome"),
    ("home/z2m/kitchen", b'{"gas":true,"linkquality":9}', "zigbee2mqtt"),
    ("home/z2m/0x000d6f0014f7bf0f", b'{"gas":true}', "zigbee2mqtt"),
    ("b3/zigbee2mqtt/kitchen", b"{}", "zigbee2mqtt"),
    ("ha/binary_sensor/node/gas/config", b'{"stat_t":"x"}', "homeassistant"),
    ("ha/binary_sensor/gas/config", b'{"stat_t":"x"}', "homeassistant"),
    ("meters/66778899", b'{"_":"telegram","id":"66778899"}', "wmbusmeters"),
    ("meter", b'{"id":"1","meter":"iperl","media":"water"}', "wmbusmeters"),
    ("b3/wmbusmeters/1", b"{}", "wmbusmeters"),
    ("b3/application/1/device/ab/event/up", b"{}", "chirpstack"),
    ("cloud/sys/pk/dn/thing/event/property/post", b"{}", "alink"),
    ("env/1", b"##0101QN=20261129;ST=22;CN=2011;CP=&&&&0000\r\n", "hj212"),
    ("watch/1", b"[3G*8800000015*000D*LK,50,100,100]", "setracker"),
]


@pytest.mark.parametrize(("topic", "payload", "platform"), SHAPES)
def test_a_guess_comes_with_filters_under_which_its_platform_reads_the_topic(
    topic: str, payload: bytes, platform: str
) -> None:
    assert platform_for_topic(topic) is None

    found = guess_platform(topic, payload)

    assert found is not None
    assert platform == found.platform
    wanted = {platform: [*FILTERS[platform], *found.filters]}
    assert [] == list(filter_faults(wanted))
    assert platform == Routes(wanted).platform_of(topic)


@pytest.mark.parametrize(
    ("topic", "payload", "platform"),
    [
        ("b3/fengshao/v1/gas-1/up", b"{}", "native"),
        ("b3/spBv1.0/g/DDATA/e/d", b"", "sparkplug"),
        ("lora/up", b'{"deviceInfo":{"devEui":"ab"},"fCnt":1}', "chirpstack"),
        ("tasmota/discovery/AABB/sensors", b'{"sn":{}}', "tasmota"),
    ],
)
def test_where_no_filter_helps_the_platform_is_named_all_the_same(topic: str, payload: bytes, platform: str) -> None:
    found = guess_platform(topic, payload)

    assert found is not None
    assert (platform, ()) == (found.platform, found.filters)


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("weather/roof", b"rain"),
        ("a", b"{}"),
        ("x/y/SENSOR", b"12"),
        ("x/y/RESULT", b"Online"),
        ("fengshao", b"1"),
        ("online", b"true"),
        ("esp/status", b"unheard of"),
        ("ha/binary_sensor/gas/config", b'{"a":1}'),
        ("x/status/smoke:0", b"no object"),
        ("radio", b'{"linkquality":1}'),
        ("x/events/rpc", b"[1]"),
    ],
)
def test_what_has_no_known_shape_is_not_guessed(topic: str, payload: bytes) -> None:
    assert guess_platform(topic, payload) is None


def test_tasmota_tells_its_own_full_topic() -> None:
    said = b'{"ft":"home/%topic%/%prefix%/","t":"kitchen","tp":["cmnd","stat","tele"]}'

    found = guess_platform("tasmota/discovery/AABB/config", said)

    assert found is not None
    assert ("home/+/tele/#", "home/+/stat/#") == found.filters


def test_the_bridge_tells_where_the_base_topic_of_its_devices_ends() -> None:
    bases = zigbee_bridge_bases(["home/z2m/bridge/state", "x/bridge/unheard", "/bridge/state", "home/z2m/3栋/402"])

    assert {"home/z2m"} == bases
    found = guess_platform("home/z2m/3栋/402", b"{}", bases)
    assert found is not None
    assert ("zigbee2mqtt", ("home/z2m/#",)) == (found.platform, found.filters)
