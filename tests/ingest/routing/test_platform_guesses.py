"""The platform of a topic that no filter covers is guessed by its shape."""

from __future__ import annotations

import pytest

from ingest.adapters import FILTERS, platform_for_topic
from ingest.routing.platform_guesses import guess_platform, zigbee_bridge_bases
from ingest.routing.routes import Routes, filter_faults

SENSOR = b'{"Time":"2026-11-21T22:00:00","MQ2":{"Gas":true}}'
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

    guess = guess_platform(topic, payload)

    assert guess is not None
    assert platform == guess.platform
    filters = {platform: [*FILTERS[platform], *guess.filters]}
    assert [] == list(filter_faults(filters))
    assert platform == Routes(filters).platform_of(topic)


@pytest.mark.parametrize(
    ("topic", "payload", "platform"),
    [
        ("b3/fengshao/v1/gas-1/up", b"{}", "native"),
        ("b3/spBv1.0/g/DDATA/e/d", b"", "sparkplug"),
        ("lora/up", b'{"deviceInfo":{"devEui":"ab"},"fCnt":1}', "chirpstack"),
        ("tasmota/discovery/AABB/sensors", b'{"sn":{}}', "tasmota"),
    ],
)
def test_where_no_filter_helps_the_platform_is_named_nevertheless(topic: str, payload: bytes, platform: str) -> None:
    guess = guess_platform(topic, payload)

    assert guess is not None
    assert (platform, ()) == (guess.platform, guess.filters)


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
def test_a_message_without_a_known_shape_is_not_guessed(topic: str, payload: bytes) -> None:
    assert guess_platform(topic, payload) is None


def test_tasmota_states_its_own_full_topic() -> None:
    payload = b'{"ft":"home/%topic%/%prefix%/","t":"kitchen","tp":["cmnd","stat","tele"]}'

    guess = guess_platform("tasmota/discovery/AABB/config", payload)

    assert guess is not None
    assert ("home/+/tele/#", "home/+/stat/#") == guess.filters


def test_the_bridge_topics_show_where_the_base_topic_ends() -> None:
    bases = zigbee_bridge_bases(["home/z2m/bridge/state", "x/bridge/unheard", "/bridge/state", "home/z2m/3栋/402"])

    assert {"home/z2m"} == bases
    guess = guess_platform("home/z2m/3栋/402", b"{}", bases)
    assert guess is not None
    assert ("zigbee2mqtt", ("home/z2m/#",)) == (guess.platform, guess.filters)
