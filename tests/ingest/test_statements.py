"""Sentences of alarm and event fields that no list holds: danger is told, what undoes it is none.

Sources: the words of Milesight's, Netvox's and Nexelec's published codecs, of Z-Wave's notifications and of Chinese
NB-IoT detectors, put together as gateways put them together (one text for several bits).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC

import pytest

from domain import Device, Identity
from ingest.decoding.decoder import Decoder
from ingest.definitions import Definitions, DefinitionUpdate, EntityDefinition
from ingest.frame import Frame
from ingest.mappings.value_shapes import flatten
from ingest.results import IngestResult
from ingest.timestamps import parse_timestamp
from tests.ingest.test_misread import fits

NOW = 1_795_904_000_000
Build = Callable[..., Decoder]


def said(listener: Build, kind: str, *messages: dict[str, object]) -> IngestResult:
    ours = listener(Device("x", kind, identities=(Identity("thingsboard", "x"),)))
    frames = [
        Frame("v1/gateway/telemetry", json.dumps({"x": [{"ts": at, "values": each}]}).encode(), at, "bulk")
        for at, each in zip(range(NOW, NOW + len(messages) * 1_000, 1_000), messages, strict=True)
    ]
    return ours.decode(frames)


@pytest.mark.parametrize("field", ["alarm", "event", "status", "alarmType", "warning", "msg"])
@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("smoke_alarm", "smoke detected, sensor fault"),
        ("smoke_alarm", "SMOKE|TAMPER"),
        ("smoke_alarm", "smoke+battery low"),
        ("smoke_alarm", "smoke/battery low"),
        ("smoke_alarm", "Smoke and heat"),
        ("smoke_alarm", "烟雾报警、设备故障"),
        ("smoke_alarm", "报警未解除"),
        ("smoke_alarm", "alarm not cleared"),
        ("smoke_alarm", "not normal"),
        ("smoke_alarm", "In Alarm"),
        ("smoke_alarm", "alarm level 2"),
        ("smoke_alarm", "fire in zone 3 detected"),
        ("gas_alarm", "co low alarm"),
        ("gas_alarm", "Gas concentration exceeded"),
        ("gas_alarm", "CO high"),
        ("gas_alarm", "燃气浓度过高"),
        ("gas_alarm", "报警器报警"),
        ("water_leak", "leak at the sink"),
        ("water_leak", "探头漏水"),
    ],
)
def test_a_danger_in_a_sentence_is_told(listener: Build, kind: str, text: str, field: str) -> None:
    assert fits({"told": True}, said(listener, kind, {field: text, "battery_pct": 50})) == []


@pytest.mark.parametrize("field", ["event", "status", "msg"])
@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("smoke_alarm", "smoke detector online"),
        ("smoke_alarm", "alarm acknowledged"),
        ("smoke_alarm", "alarm history"),
        ("smoke_alarm", "no smoke detected, battery ok"),
        ("smoke_alarm", "烟雾报警器上线"),
        ("smoke_alarm", "取消报警"),
        ("smoke_alarm", ""),
        ("gas_alarm", "gas valve closed"),
        ("gas_alarm", "gas sensor warming up"),
        ("gas_alarm", "燃气正常"),
        ("water_leak", "漏水传感器在线"),
        ("water_leak", "leak sensor paired"),
        ("water_leak", "no longer leaking"),
    ],
)
def test_what_undoes_a_danger_is_none(listener: Build, kind: str, text: str, field: str) -> None:
    assert fits({"told": False}, said(listener, kind, {field: text, "battery_pct": 50})) == []


@pytest.mark.parametrize(
    "text", ["sensor warming up", "system normal", "alarm muted", "---", "smoke sensor end of life"]
)
def test_normal_words_in_an_alarm_field_page_nobody(listener: Build, text: str) -> None:
    assert fits({"told": False, "refused": []}, said(listener, "smoke_alarm", {"alarm": text})) == []


@pytest.mark.parametrize("text", ["battery normal", "设备正常"])
def test_that_a_part_is_normal_clears_no_alarm(listener: Build, text: str) -> None:
    assert fits({"never": {"alarm": False}}, said(listener, "smoke_alarm", {"alarm": text, "battery_pct": 50})) == []


@pytest.mark.parametrize(("kind", "field", "value"), [("gas_alarm", "gas", 812.5), ("water_leak", "water", 2048)])
def test_how_much_is_no_verdict(listener: Build, kind: str, field: str, value: float) -> None:
    assert fits({"told": False, "refused": ["bad_value"]}, said(listener, kind, {field: value})) == []


def test_a_type_names_what_its_value_is_of(listener: Build) -> None:
    heard = said(listener, "water_leak", {"readings": [{"id": "7", "type": "leak", "value": True}]})

    assert fits({"says": {"leak": True}, "told": True}, heard) == []


@pytest.mark.parametrize(
    ("kind", "field", "text", "value"),
    [("manhole", "water_level_mm", "1.35 m", 1350), ("water_meter", "volume_m3", "45497 L", 45.497)],
)
def test_our_own_names_bear_units_too(listener: Build, kind: str, field: str, text: str, value: float) -> None:
    assert fits({"says": {field: value}}, said(listener, kind, {field: text})) == []


def test_a_danger_beside_numbers_said_before_is_told(listener: Build) -> None:
    ours = listener(Device("x", "gas_alarm", identities=(Identity("thingsboard", "x"),)))
    frames = [
        Frame("v1/gateway/telemetry", json.dumps({"x": [{"ts": NOW, "values": each}]}).encode(), NOW, "bulk")
        for each in ({"battery_pct": 50}, {"battery_pct": 50, "event": "special gas alarm thing"}, {"battery_pct": 50})
    ]
    heard = [ours.decode([frame]) for frame in frames]

    assert [[], [True], []] == [[each.danger for each in one.refusals] for one in heard]
    assert [0, 0, 1] == [one.duplicates for one in heard]


def test_a_time_that_cannot_be_read_is_said_once(listener: Build) -> None:
    ours = listener(Device("x", "smoke_alarm", identities=(Identity("thingsboard", "x"),)))
    heard = [
        ours.decode(
            [
                Frame(
                    "v1/gateway/telemetry",
                    json.dumps({"x": [{"ts": f"11/29/2026 05:58:{34 + turn}", "values": {"alarm": False}}]}).encode(),
                    NOW + turn * 60_000,
                    "bulk",
                )
            ]
        )
        for turn in range(3)
    ]

    assert [1, 0, 0] == [len(each.refusals) for each in heard]
    assert [1, 1, 1] == [len(each.readings) for each in heard]


@pytest.mark.parametrize(
    "text",
    [
        "261129055834",
        "Sun Nov 29 05:58:34 2026",
        "Sun, 29 Nov 2026 05:58:34 +0000",
        "2026-11-29 05:58:34 GMT",
        "2026-11-29T05:58:34+00:00[Etc/UTC]",
    ],
)
def test_times_as_mail_and_meters_write_them(text: str) -> None:
    assert parse_timestamp(text, UTC) == 1_795_931_914_000


def test_a_state_topic_may_be_a_filter() -> None:
    known, about = Definitions(), EntityDefinition("+/+/BTtoMQTT/AA", "binary_sensor", ("AA",))
    every = EntityDefinition("z/#", "sensor", ("z",))
    known.apply(DefinitionUpdate("config", (about,)))
    known.apply(DefinitionUpdate("other", (every,)))
    found = [list(known.for_topic(topic)) for topic in ("home/omg/BTtoMQTT/AA", "home/omg/BTtoMQTT/BB", "z/1/2")]
    known.apply(DefinitionUpdate("config"))
    known.apply(DefinitionUpdate("other"))

    assert [[about], [], [every]] == found
    assert [[], []] == [list(known.for_topic(topic)) for topic in ("home/omg/BTtoMQTT/AA", "z/1")]


def test_a_retained_state_of_esphome_is_read_again_by_its_description(listener: Build) -> None:
    device = Device("x", "gas_alarm", identities=(Identity("esphome", "kitchen"),))
    ours = listener(device, filters={"esphome": ["+/binary_sensor/+/state"]})
    topic = "kitchen/binary_sensor/gas/state"
    about = {"stat_t": topic, "dev_cla": "gas", "pl_on": "OFF", "pl_off": "ON", "dev": {"ids": "aa"}, "uniq_id": "g"}
    config = json.dumps(about).encode()
    ours.decode([Frame(topic, b"OFF", NOW, "bulk", retain=True)])
    heard = ours.decode([Frame("homeassistant/binary_sensor/kitchen/gas/config", config, NOW + 1, "bulk", retain=True)])

    assert [True] == [each.values["alarm"] for each in heard.readings]


def test_two_filters_with_one_ending_are_forgotten_one_by_one() -> None:
    known = Definitions()
    one, other = (EntityDefinition(f"{root}/+/state", "binary_sensor", (root,)) for root in ("a", "b"))
    known.apply(DefinitionUpdate("first", (one,)))
    known.apply(DefinitionUpdate("second", (other,)))
    known.apply(DefinitionUpdate("first"))

    assert [[], [other]] == [list(known.for_topic(topic)) for topic in ("a/x/state", "b/x/state")]


def test_a_record_of_a_type_bears_its_unit() -> None:
    listed = [{"type": "water_level", "value": 1.35, "unit": "m"}]
    assert {"water_level": 1.35, "water_level.unit": "m"}.items() <= dict(flatten({"data": listed})).items()
