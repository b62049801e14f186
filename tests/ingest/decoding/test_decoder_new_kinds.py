"""Kinds beyond the founding four, from a real platform's frame to a finding, by data alone: a kind, a mapping, a rule.

A household, a stairwell and a street are heard through Zigbee, LoRaWAN, Wi-Fi and cameras, and judged by the rulebooks
that ship; no line of Python knows any of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

import alerts
import domain
import ingest
import rules
from domain import DAY, Device, Finding, FindingPhase, Identity
from domain.kind import Kind
from domain.people import community
from ingest.adapters import platform_for_topic
from ingest.decoding.decoder import Decoder
from ingest.frame import Frame
from ingest.mappings.mapping import MappingBook
from rules.engine.engine import Engine
from rules.rulebook.model import Rulebook
from tests.support.yaml_text import load_yaml

ROOT = Path(__file__).parents[3]
T0 = 1767225660000
EUI = "0101010101010101"
UPLINK = f"application/a/device/{EUI}/event/up"
TTS = "v3/community@ttn/devices/kitchen/up"


class Story(Struct):
    """What a device says, and the rule that must begin."""

    says: str
    kind: str
    identity: str
    topic: str
    payload: Any
    rule: str
    model: str | None = None
    wait_ms: int = 0


def codec(**decoded: Any) -> dict[str, Any]:
    return {"fCnt": 7, "object": decoded}


def formatter(**decoded: Any) -> dict[str, Any]:
    return {"uplink_message": {"f_cnt": 7, "decoded_payload": decoded}}


def camera(event: str) -> dict[str, Any]:
    fields = {"eventId": "1", "eventName": event, "eventTime": T0 - 500, "deviceSn": "sn1", "channelNumber": "1"}
    return {"bizType": "ai_alarm", "subBizType": "platform_analysis", "bizData": fields}


def zigbee(**fields: Any) -> dict[str, Any]:
    return {"ZbReceived": {"0x099F": {"Device": "0x099F", **fields, "Endpoint": 1, "LinkQuality": 70}}}


STORIES = [
    Story(
        "a one-key call over Zigbee", "sos_button", "李奶奶", "zigbee2mqtt/李奶奶", {"action": "single"}, "button-sos"
    ),
    Story("a one-key call over LoRaWAN", "sos_button", EUI, UPLINK, codec(battery=100, press="short"), "button-sos"),
    Story(
        "a one-key call over a Tasmota bridge, raw",
        "sos_button",
        "0x099F",
        "tele/bridge/SENSOR",
        zigbee(**{"0501!04": ""}),
        "button-sos",
    ),
    Story(
        "a one-key call over 433 MHz",
        "sos_button",
        "2E1E84",
        "tele/rf/RESULT",
        {"RfReceived": {"Sync": 12130, "Data": "2E1E84", "RfKey": "None"}},
        "button-sos",
    ),
    Story(
        "a one-key call over Wi-Fi",
        "sos_button",
        "shellybutton1-A4CF12",
        "shellies/shellybutton1-A4CF12/input_event/0",
        {"event": "L", "event_cnt": 1},
        "button-sos",
    ),
    Story(
        "a door magnet that is torn off",
        "door",
        EUI,
        UPLINK,
        codec(magnet_status="open", Tamper="1"),
        "device-tamper",
        wait_ms=60_000,
    ),
    Story(
        "a door magnet whose battery ends",
        "door",
        "0x8F20",
        "tele/b/8F20/SENSOR",
        {"ZbReceived": {"0x8F20": {"Contact": 1, "Battery": 9}}},
        "device-battery",
        wait_ms=600_000,
    ),
    Story(
        "smoke over LoRaWAN",
        "smoke_alarm",
        EUI,
        UPLINK,
        codec(Device="RA02A", Volt=3, FireAlarm="Alarm", HighTempAlarm="Alarm", Temp=120),
        "smoke-alarm",
    ),
    Story(
        "heat alone is a fire too",
        "smoke_alarm",
        EUI,
        UPLINK,
        codec(FireAlarm="No Alarm", HighTempAlarm="Alarm"),
        "smoke-alarm",
    ),
    Story(
        "smoke over Zigbee", "smoke_alarm", "hall", "zigbee2mqtt/hall", {"smoke": True, "battery": 90}, "smoke-alarm"
    ),
    Story("smoke over The Things Stack", "smoke_alarm", "kitchen", TTS, formatter(smokeAlarm="Alarm"), "smoke-alarm"),
    Story("a leak over LoRaWAN", "water_leak", EUI, UPLINK, codec(leakage_status="leak", battery=92), "leak-found"),
    Story(
        "a leak over a Tasmota bridge, raw",
        "water_leak",
        "0x099F",
        "tele/b/SENSOR",
        zigbee(**{"0500!00": "010000FF0000"}),
        "leak-found",
    ),
    Story(
        "a leak over Wi-Fi", "water_leak", "shellyflood-1", "shellies/shellyflood-1/sensor/flood", "true", "leak-found"
    ),
    Story(
        "a bin over LoRaWAN",
        "bin",
        EUI,
        UPLINK,
        codec(level="200 mm", full=True, fire=False, battery=False),
        "bin-overflow",
        model="DF702",
    ),
    Story(
        "a bin by the sensor's threshold",
        "bin",
        EUI,
        UPLINK,
        codec(distance=160, distance_alarm="threshold_alarm"),
        "bin-overflow",
    ),
    Story("a bin that a camera sees", "bin", "sn1", "jftech/sn1", camera("垃圾满溢"), "bin-overflow"),
    Story(
        "an e-bike in a lift that a camera sees",
        "ebike_lift",
        "sn1",
        "jftech/sn1",
        camera("电动车进电梯"),
        "ebike-lift",
    ),
    Story(
        "an e-bike by a camera's dry contact",
        "ebike_lift",
        "lift3",
        "stat/lift3/RESULT",
        {"Switch1": {"Action": "ON"}},
        "ebike-lift",
    ),
    Story(
        "an e-bike through Home Assistant",
        "ebike_lift",
        "lift3",
        "homeassistant/binary_sensor/lift3/state",
        "ON",
        "ebike-lift",
    ),
    Story(
        "a falling object that a camera sees",
        "falling_object",
        "sn1",
        "jftech/sn1",
        camera("高空抛物"),
        "falling-object",
    ),
    Story("a falling object by a dry contact", "falling_object", "cam", "stat/cam/SWITCH1", "ON", "falling-object"),
    Story(
        "a lamp post that leans",
        "lamp_post",
        EUI,
        UPLINK,
        codec(angle_x=2, angle_y=-17.5, angle_z=72),
        "lamp-tilt",
        wait_ms=60_000,
    ),
    Story(
        "a cover that is moved",
        "manhole",
        EUI,
        UPLINK,
        codec(angle_x=0, angle_y=0, angle_z=90, threshold_x="trigger"),
        "manhole-open",
    ),
    Story(
        "a cover that tilts", "manhole", EUI, UPLINK, codec(full=False, angle="21 °"), "manhole-tilt", wait_ms=30_000
    ),
    Story(
        "a fire panel's dry contact",
        "fire_panel",
        "panel",
        "stat/panel/RESULT",
        {"Switch1": {"Action": "ON"}},
        "fire-panel",
    ),
    Story(
        "a fire panel's fault contact",
        "fire_panel",
        "panel",
        "tele/panel/SENSOR",
        {"Switch1": "OFF", "Switch2": "ON"},
        "fire-fault",
        wait_ms=300_000,
    ),
    Story("a fire panel over Zigbee", "fire_panel", "panel", "zigbee2mqtt/panel", {"contact": False}, "fire-panel"),
    Story("a gas alarm over Wi-Fi", "gas_alarm", "shellygas-1", "shellies/shellygas-1/sensor/gas", "mild", "gas-alarm"),
    Story(
        "a motion sensor that goes silent",
        "motion",
        "hall",
        "zigbee2mqtt/hall",
        {"occupancy": True},
        "device-offline",
        wait_ms=4 * DAY,
    ),
]


@pytest.fixture(scope="session")
def rulebooks() -> list[Rulebook]:
    files = [file for file in sorted((ROOT / "rules/books").glob("*.yaml")) if not file.stem.endswith("_test")]
    return [Rulebook.model_validate(load_yaml(file.read_text())) for file in files]


def findings_of(
    story: Story, build_decoder: Callable[..., Decoder], kinds: dict[str, Kind], rulebooks: list[Rulebook]
) -> list[Finding]:
    """What the rules say of it, after the time that they wait."""
    identity = Identity(platform_for_topic(story.topic) or "", story.identity)
    device = Device("ours", story.kind, story.model, identities=(identity,))
    payload = story.payload if isinstance(story.payload, str) else json.dumps(story.payload)
    result = build_decoder(device).decode([Frame(story.topic, payload.encode(), T0, "bulk")])
    engine = Engine(rulebooks, kinds, community())
    engine.register([device], T0)
    return [*engine.feed(result.readings, T0), *engine.tick(T0 + story.wait_ms)]


@pytest.mark.parametrize("story", STORIES, ids=[story.says for story in STORIES])
def test_a_message_of_each_kind_is_decoded_and_evaluated(
    story: Story, build_decoder: Callable[..., Decoder], kinds: dict[str, Kind], rulebooks: list[Rulebook]
) -> None:
    began = [
        finding.rule
        for finding in findings_of(story, build_decoder, kinds, rulebooks)
        if finding.phase is FindingPhase.BEGAN
    ]

    assert story.rule in began


def test_a_test_alarm_is_recorded_without_a_finding(
    build_decoder: Callable[..., Decoder], kinds: dict[str, Kind], rulebooks: list[Rulebook]
) -> None:
    for story in (
        Story("", "gas_alarm", "shellygas-1", "shellies/shellygas-1/sensor/gas", "test", ""),
        Story("", "smoke_alarm", EUI, UPLINK, codec(smokeAlarm="Alarm", testButtonPressed="Pushed"), ""),
        Story("", "smoke_alarm", "0x099F", "tele/b/SENSOR", zigbee(ZoneStatus=257), ""),
        Story("", "smoke_alarm", "kitchen", TTS, {"simulated": True, **formatter(smokeAlarm="Alarm")}, ""),
    ):
        assert findings_of(story, build_decoder, kinds, rulebooks) == []


def test_every_kind_has_a_message_here_or_is_one_of_the_first_four(kinds: dict[str, Kind]) -> None:
    founding = {"gas_alarm", "wristband", "water_meter", "manhole"}
    # A gateway is as alive as what comes through it; the canary is the service's own self-test.
    silent = {"gateway", "canary"}

    assert set(kinds) - silent == {story.kind for story in STORIES} | founding


def test_no_code_names_these_kinds() -> None:
    kinds = {story.kind for story in STORIES} - {"gas_alarm", "manhole", "door", "motion", "bin"}
    rooms = [Path(room.__file__).parent for room in (domain, ingest, rules, alerts) if room.__file__]
    named = [
        f"{file.name}: {kind}"
        for room in rooms
        for file in room.rglob("*.py")
        for kind in kinds
        if f'"{kind}"' in file.read_text()
    ]

    assert named == []


def test_a_new_kind_is_decoded_and_evaluated_without_new_code(kinds: dict[str, Kind], books: list[MappingBook]) -> None:
    """Parking: a kind, four lines of mapping, one rule. Nothing else."""
    parking = Kind.model_validate(
        load_yaml("""
            kind: parking
            name: {zh: 消防通道占用, en: Fire lane}
            report_every: 1h
            quantities: {occupied: {type: bool, name: {zh: 占用, en: Occupied}}}
        """)
    )
    mapping = MappingBook.model_validate(
        load_yaml("""
            platform: chirpstack
            version: 1
            kinds: {parking: {park_status: {to: occupied, words: {occupied: true, vacant: false}}}}
        """)
    )
    rulebook = Rulebook.model_validate(
        load_yaml("""
            hazard: fire
            version: 1
            rules:
            - {name: fire-lane, title: {zh: 消防通道占用, en: Fire lane blocked}, kind: parking, severity: medium,
               when: occupied, hold: 5m, source: our default (unverified)}
        """)
    )
    build_decoder = Decoder({**kinds, "parking": parking}, [*books, mapping])
    device = Device("lane-1", "parking", identities=(Identity("chirpstack", EUI),))
    build_decoder.device_index = type(build_decoder.device_index)([device])
    result = build_decoder.decode([Frame(UPLINK, json.dumps(codec(park_status="Occupied")).encode(), T0, "bulk")])
    engine = Engine([rulebook], {"parking": parking}, community())
    engine.register([device], T0)

    assert engine.feed(result.readings, T0) == []
    assert [finding.rule for finding in engine.tick(T0 + 300_000)] == ["fire-lane"]
