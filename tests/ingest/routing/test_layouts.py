"""Topics below a filter of the site are read as the platform's default topics."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.adapters import FILTERS, decode
from ingest.frame import Frame
from ingest.results import RawReading
from ingest.routing.layouts import FullTopic, MovedBase, layout_for
from ingest.routing.routes import Routes, filter_faults

NOW = 1_795_269_600_000
SENSOR = b'{"Time":"2026-11-21T22:00:00","MQ2":{"Gas":true}}'
LEVEL = st.sampled_from(["home", "b3", "kitchen", "厨房", "gas-1", "plug", "x y"])


def frame_of(topic: str, payload: bytes, *, retain: bool = False) -> Frame:
    return Frame(topic, payload, NOW, "bulk", retain=retain)


def only_raw_reading(raw_reading: Any) -> RawReading:
    assert isinstance(raw_reading, list), raw_reading
    assert len(raw_reading) == 1, raw_reading
    assert isinstance(raw_reading[0], RawReading), raw_reading
    return raw_reading[0]


@given(
    st.lists(LEVEL, max_size=2),
    st.lists(LEVEL, min_size=1, max_size=2),
    st.booleans(),
    st.sampled_from(["tele", "stat"]),
)
def test_tasmota_is_read_alike_whatever_its_full_topic(
    root: list[str], owner: list[str], before: bool, prefix: str
) -> None:
    """`root/%topic%/%prefix%/` and `root/%prefix%/%topic%/`."""
    wild = ["+"] * len(owner)
    filter_levels = [*root, *wild, prefix, "#"] if before else [*root, prefix, "#"]
    levels = [*root, *owner, prefix, "SENSOR"] if before else [*root, prefix, *owner, "SENSOR"]
    routes = Routes({"tasmota": ["/".join(filter_levels)]})

    raw_reading = only_raw_reading(routes.decode(frame_of("/".join(levels), SENSOR)).output)

    usual = only_raw_reading(decode("tasmota", frame_of("/".join([prefix, *owner, "SENSOR"]), SENSOR)))
    assert usual == raw_reading


@given(st.lists(LEVEL, min_size=1, max_size=3), st.lists(LEVEL, min_size=1, max_size=2), st.booleans())
def test_zigbee2mqtt_is_read_alike_below_any_base_topic(base: list[str], name: list[str], default: bool) -> None:
    base = [*base, "zigbee2mqtt"] if default else base
    routes = Routes({"zigbee2mqtt": ["/".join([*base, "#"])]})

    raw_reading = only_raw_reading(routes.decode(frame_of("/".join([*base, *name]), b'{"gas":true}')).output)

    assert (
        only_raw_reading(decode("zigbee2mqtt", frame_of("/".join(["zigbee2mqtt", *name]), b'{"gas":true}')))
        == raw_reading
    )


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
def test_a_filter_within_the_default_or_read_from_its_end_needs_no_layout(platform: str, pattern: str) -> None:
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


def test_a_literal_full_topic_has_the_name_before_its_prefix() -> None:
    pattern = FullTopic("home/kitchen/tele/#")

    assert ("home", "home/kitchen") == (pattern.root("home/kitchen/tele/SENSOR"), pattern.root(pattern.pattern))
    assert "b3/zigbee2mqtt" == MovedBase("+/zigbee2mqtt/#", 2, ("zigbee2mqtt",)).root("b3/zigbee2mqtt/x")


def test_a_topic_that_the_order_of_a_filter_cannot_have_is_outside_it() -> None:
    """Named levels on both sides of the device: no order of prefix and device fits."""
    topic = FullTopic("a/+/b/tele/#").to_site("tele/kitchen/+")
    assert topic == "a/b/kitchen/tele/+"
    assert [] == Routes({"tasmota": ["a/+/b/tele/#"]}).site_filters("tasmota", "tele/kitchen/+")
