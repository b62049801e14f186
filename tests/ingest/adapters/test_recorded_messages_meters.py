"""Recorded messages of meters, watches, stations and edge nodes, by id, each with its expected result."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from domain import Device, Identity
from ingest.decoding.decoder import Decoder
from ingest.frame import Frame

MESSAGES: dict[str, dict[str, Any]] = {
    message["id"]: message
    for message in json.loads(Path(__file__).with_name("recorded_messages_meters.json").read_text())
}
NOW = 1767225660000
NODE = "Sparkplug B Devices/Raspberry Pi"
BOARD = f"{NODE}/Pibrella"
WATER_QUIET = {"leak": False, "burst": False, "backflow": False}


class Case(Struct):
    """The expected result of a message of a device of this kind and identity."""

    id: str
    says: str
    platform: str
    kind: str
    identity: str
    values: dict[str, Any] | None = None
    at: int = NOW
    reason: str | None = None
    notes: tuple[tuple[str, bool | None], ...] = ()
    doubts: str | None = None
    topic: str | None = None


CASES = [
    Case(
        "spb-nbirth",
        "an edge node is born: it is online; 12.1 V stays 12.1; the time is nine years old, so it is that of arrival",
        *("sparkplug", "gas_alarm", NODE),
        values={"battery_v": 12.1},
        notes=(("availability", True),),
        doubts="clock",
    ),
    Case(
        "spb-ndata",
        "a metric that bears its name is read though no birth was heard; a note says that a rebirth is wanted",
        *("sparkplug", "gas_alarm", NODE),
        values={"battery_v": 12.3},
        notes=(("status", None),),
        doubts="clock",
    ),
    Case(
        "spb-dbirth",
        "a device is born: its button is not pressed; inputs and outputs without a meaning are counted as unmapped",
        *("sparkplug", "sos_button", BOARD),
        values={"sos": False},
        notes=(("status", None), ("availability", True)),
        doubts="clock",
    ),
    Case(
        "spb-ddata",
        "inputs A and C of a board mean what is wired to them: without a mapping they are refused by name",
        *("sparkplug", "sos_button", BOARD),
        reason="no_mapping",
        notes=(("status", None),),
    ),
    Case(
        "hj212-2017-set-interval",
        "length and check sum are right, and it is a command: it measures nothing and is noted",
        *("hj212", "manhole", "010000A8900016F000169DC0"),
        notes=(("reply", None),),
        topic="hj212/010000A8900016F000169DC0",
    ),
    Case(
        "wmbus-iperl",
        "a volume; the receiver's time is older than 400 days, so it is that of arrival",
        *("wmbusmeters", "water_meter", "33225544"),
        values={"volume_m3": 123.529},
        doubts="clock",
    ),
    Case(
        "wmbus-multical21-readme",
        "DRY is neither leak nor burst; the air is 23 °C; how strong the radio was",
        *("wmbusmeters", "water_meter", "12345678"),
        values={"volume_m3": 6.388, "temp_c": 23, "rssi_dbm": -40, **WATER_QUIET},
        doubts="clock",
    ),
    Case(
        "wmbus-picoflux-leak",
        "two words of a leak; the year 1111 is no time at all, so nothing is wrong with the clock",
        *("wmbusmeters", "water_meter", "56544919"),
        values={"volume_m3": 4.492, **WATER_QUIET, "leak": True},
    ),
    Case(
        "wmbus-hydrus",
        "volume and flow; OK says that nothing leaks; the water's temperature is not the room's",
        *("wmbusmeters", "water_meter", "64646464"),
        values={"volume_m3": 1.174, "flow_m3h": 0, **WATER_QUIET},
    ),
    Case(
        "wmbus-smoke-lansen",
        "smoke, a minute after somebody tested: the device says smoke and not test, so it is an alarm",
        *("wmbusmeters", "smoke_alarm", "00010204"),
        values={"alarm": True},
    ),
    Case(
        "wmbus-door-open",
        "an open door; its counter and error flags are not for us",
        *("wmbusmeters", "door", "00010205"),
        values={"opened": True},
    ),
    Case(
        "watch-g616-status",
        "behind a bridge to our topic: an SOS and what was measured; whether it is worn its maker does not know either",
        *("setracker", "wristband", "358800005942033"),
        values={
            **{"sos": True, "heart_rate_bpm": 96, "spo2_pct": 98, "body_temp_c": 36.0, "systolic_mmhg": 122},
            **{"diastolic_mmhg": 83, "steps": 1618, "battery_pct": 36, "lat": 22.227687, "lon": 113.4892455},
        },
        doubts="clock",
        topic="setracker/358800005942033",
    ),
    Case(
        "watch-text-sos",
        "an SOS at its Greenwich time; V is no fix, so 0,0 is no place",
        *("setracker", "wristband", "6907919734"),
        values={"sos": True, "battery_pct": 22, "steps": 0},
        at=1747518078000,
        topic="setracker/6907919734",
    ),
    Case(
        "watch-text-spo2",
        "oxygen, at its arrival",
        *("setracker", "wristband", "9705141740"),
        values={"spo2_pct": 98, "worn": True},
        topic="setracker/9705141740",
    ),
    Case(
        "watch-text-bp-hr",
        "pressure and pulse; the body's size is empty",
        *("setracker", "wristband", "4700609403"),
        values={"systolic_mmhg": 120, "diastolic_mmhg": 79, "heart_rate_bpm": 73, "worn": True},
        topic="setracker/4700609403",
    ),
    Case(
        "watch-text-hr",
        "a pulse",
        *("setracker", "wristband", "6005412902"),
        values={"heart_rate_bpm": 71, "worn": True},
        topic="setracker/6005412902",
    ),
    Case(
        "watch-text-heartbeat",
        "a heartbeat that bears steps and battery",
        *("setracker", "wristband", "4700186508"),
        values={"steps": 0, "battery_pct": 100},
        topic="setracker/4700186508",
    ),
]


def payload_of(message: dict[str, Any]) -> bytes:
    if message["payload_encoding"] == "base64":
        return b64decode(message["payload"])
    return json.dumps(message["payload"], ensure_ascii=False).encode()


def test_every_message_of_these_platforms_has_its_case() -> None:
    assert sorted(MESSAGES) == sorted(case.id for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.id}: {case.says}")
def test_this_message_gives(case: Case, build_decoder: Callable[..., Decoder]) -> None:
    message = MESSAGES[case.id]
    decoder = Device("ours", case.kind, identities=(Identity(case.platform, case.identity),))
    frame = Frame(case.topic or message["topic"], payload_of(message), NOW, "bulk")

    result = build_decoder(decoder).decode([frame])

    assert [case.values] * (case.values is not None) == [reading.values for reading in result.readings]
    assert [case.reason] * (case.reason is not None) == [refusal.reason for refusal in result.refusals]
    assert list(case.notes) == [(event.kind, event.online) for event in result.events]
    for reading in result.readings:
        assert case.at == reading.at
        assert ({case.doubts} if case.doubts else set()) == set(reading.doubts.values())


def test_a_watch_on_an_unknown_topic_is_refused_and_its_sos_is_reported(
    build_decoder: Callable[..., Decoder],
) -> None:
    message = MESSAGES["watch-g616-status"]

    result = build_decoder().decode([Frame(message["topic"], payload_of(message), NOW, "bulk")])

    assert [("no_codec", True)] == [(refusal.reason, refusal.danger) for refusal in result.refusals]
