"""Recorded messages of LoRaWAN networks, Zigbee bridges and Wi-Fi devices, by id, each with its expected result."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from domain import Device, Identity
from ingest.adapters import platform_for_topic
from ingest.decoding.decoder import Decoder
from ingest.frame import Frame

MESSAGES: dict[str, dict[str, Any]] = {
    message["id"]: message
    for message in json.loads(Path(__file__).with_name("recorded_messages_home.json").read_text())
}
NOW = 1767225660000
EUI = "0101010101010101"
UPLINK = f"application/a/device/{EUI}/event/up"
SHELLY = "shellygas-10521CF29E18"


class Case(Struct):
    """The expected result of a message of a device of this kind and identity; `values` of its last reading."""

    id: str
    says: str
    kind: str
    identity: str = EUI
    values: dict[str, Any] | None = None
    reasons: tuple[str, ...] = ()
    note: tuple[str, bool | None] | None = None
    detail: str = ""
    model: str | None = None
    readings: int = 1


CASES = [
    Case(
        "chirpstack-v4-up",
        "no codec on the device profile and none here: refused, and kept to be decoded later",
        "door",
        reasons=("no_codec",),
        detail="port 1 (aa)",
    ),
    Case("chirpstack-v4-status", "a battery's charge", "door", values={"battery_pct": 88.3}),
    Case("chirpstack-v4-join", "a sign of life; the frame counter starts again", "door", note=("join", True)),
    Case("chirpstack-v4-log-mic", "failed authentication is no sign of life", "door", note=("status", None)),
    Case(
        "tts-v3-up",
        "at the network server's clock; luminosity without a unit is counted as unmapped",
        "door",
        "dev1",
        values={"temp_c": 1.0, "rssi_dbm": -35},
    ),
    Case("tts-v3-down-ack", "the device acknowledged a command: it lives", "door", "dev1", note=("reply", True)),
    Case(
        "z2m-gas-true",
        "the device's own verdict",
        "gas_alarm",
        "0x000d6f0014f7bf0f",
        values={"alarm": True, "tamper": False, "battery_low": False},
    ),
    Case(
        "z2m-gas-false-but-alarming",
        "nothing in it tells it from a quiet device: what was said is recorded, the frame can be decoded again",
        "gas_alarm",
        "0x000d6f001539fdba",
        values={"alarm": False, "tamper": False, "battery_low": False},
    ),
    Case("z2m-door-docs-occupancy", "somebody is there", "motion", "FRIENDLY_NAME", values={"occupied": True}),
    Case("z2m-button-docs", "a press of a one-key caller", "sos_button", "FRIENDLY_NAME", values={"sos": True}),
    Case("z2m-th-docs", "a temperature; humidity is not for us", "door", "FRIENDLY_NAME", values={"temp_c": 27.34}),
    Case("z2m-availability-legacy", "gone, in a bare word", "door", "FRIENDLY_NAME", note=("availability", False)),
    Case(
        "ha-discovery-z2m-gas",
        "a description proposes a device and measures nothing",
        "gas_alarm",
        "zigbee2mqtt_0x00158d0001deec28",
        note=("discovery", None),
    ),
    Case("ha-discovery-motion", "a description without a device", "motion", "garden", note=("discovery", None)),
    Case("ha-discovery-state", "what the described thing says", "motion", "garden", values={"occupied": True}),
    Case("ha-discovery-abbrev", "an abbreviated description", "lamp_post", "kitchen_light", note=("discovery", None)),
    Case(
        "tasmota-zigbee-th",
        "a Zigbee device by its short address",
        "door",
        "0x8F20",
        values={"battery_v": 2.995, "battery_pct": 98, "temp_c": 21.01},
    ),
    Case(
        "tasmota-zigbee-th-byname",
        "the same device, though the key is its name",
        "door",
        "0x8F20",
        values={"battery_v": 2.995, "battery_pct": 98, "temp_c": 21.01},
    ),
    Case(
        "tasmota-zigbee-leak-raw",
        "the first alarm bit of a raw zone status",
        "water_leak",
        "0x099F",
        values={"leak": True, "tamper": False, "battery_low": False, "test": False},
    ),
    Case("tasmota-lwt", "it lives", "lamp_post", "tasmota_XXXXXX", note=("availability", True)),
    Case("tasmota-switch", "a contact that is off is closed", "door", "tasmota", values={"opened": False}),
    Case("shelly-gas-operation", "in order", "gas_alarm", SHELLY, values={"fault": False}),
    Case("shelly-gas-gas", "no gas", "gas_alarm", SHELLY, values={"alarm": False}),
    Case("shelly-gas-self_test", "no test runs", "gas_alarm", SHELLY, values={"test": False}),
    Case(
        "lora-em310-tilt",
        "the cover's own threshold opens it; an upright axis of 90 degrees is no tilt",
        "manhole",
        values={"tilt_deg": 0, "opened": True},
    ),
    Case(
        "lora-gs301",
        "hydrogen sulphide; ammonia is no quantity of ours",
        "manhole",
        values={"battery_pct": 100, "temp_c": 28.4, "h2s_ppm": 0.01},
    ),
    Case(
        "lora-at101",
        "a position",
        "wristband",
        values={"battery_pct": 100, "lon": 118.030576, "lat": 24.62495, "temp_c": 28.3},
    ),
    Case("lora-em300-mcs", "an open door", "door", values={"battery_pct": 92, "temp_c": 30.8, "opened": True}),
    Case(
        "lora-em500-swl",
        "a depth whose unit nobody published is not believed; its battery is",
        "manhole",
        values={"battery_pct": 100},
    ),
    Case("lora-em400-mud-alarm", "the bin is full by its own threshold", "bin", values={"temp_c": 23.2, "full": True}),
    Case("lora-ws303-leak", "a leak", "water_leak", values={"battery_pct": 100, "leak": True}),
    Case(
        "lora-em300-di-history",
        "an hour of the past and now; pulses need the litres of the installation record",
        "water_meter",
        values={"battery_pct": 92, "temp_c": 30.8},
        readings=2,
    ),
    Case("lora-lds02", "a closed door, in numbers", "door", values={"battery_v": 2.952, "opened": False}),
    Case("lora-ldds75", "its Bat is volts; 0.00 degrees is no probe", "bin", values={"battery_v": 3.338}),
    Case(
        "lora-sd1001-smoke",
        "smoke and test button together are a drill",
        "smoke_alarm",
        values={"battery_pct": 95, "battery_low": False, "fault": False, "alarm": True, "test": True},
    ),
    Case("lora-em300-sld-leak", "a leak", "water_leak", values={"leak": True}),
    Case(
        "lora-ra02c-status",
        "no carbon monoxide, but heat: the reading says so, and the heat that this kind has no word for is told",
        "gas_alarm",
        values={"battery_v": 3, "alarm": False},
    ),
    Case("lora-r311a-door", "an open door", "door", values={"battery_v": 3, "opened": True}),
    Case(
        "lora-dc410-manhole",
        "values with their units; the level is of the air above the water",
        "manhole",
        model="DC410",
        values={"flooded": False, "vibration": False, "battery_low": False, "tilt_deg": 0, "temp_c": 22},
    ),
    Case(
        "lora-iwm-lr3",
        "a published example that does not follow from its bytes: refused, not believed",
        "water_meter",
        reasons=("no_mapping",),
        detail="valueCounter",
    ),
    Case(
        "lora-strega-valve",
        "flags are the texts 0 and 1, null is a text",
        "water_leak",
        model="Strega smart valve",
        values={"battery_pct": 74, "tamper": True, "temp_c": 23.96, "leak": False},
    ),
    Case(
        "lora-mclimate-flood",
        "its battery is millivolts",
        "water_leak",
        model="mclimate-flood-sensor",
        values={"tamper": True, "leak": False, "battery_v": 3.216},
    ),
    Case(
        "lora-kamstrup-33h-profile",
        "33 hourly readings in one frame; the total beside them is the newest of them",
        "water_meter",
        values={"volume_m3": 0.003},
        note=("life", True),
        readings=33,
    ),
    Case(
        "lora-kamstrup-midnight-flags",
        "flags of midnight; an invalid temperature stays absent",
        "water_meter",
        values={"volume_m3": 0.236, "backflow": False, "leak": False, "burst": False, "tamper": True}
        | {"battery_low": False},
        note=("life", True),
    ),
    Case("lora-kamstrup-installation", "a meter alive without a reading", "water_meter", note=("life", True)),
    Case(
        "lora-ra02a-fire",
        "120 degrees are real in a fire",
        "smoke_alarm",
        values={"battery_v": 3, "alarm": True, "temp_c": 120},
    ),
    Case(
        "lora-lw001-heartbeat",
        "worn: nobody demolished it",
        "wristband",
        values={"battery_v": 3.4, "worn": True, "battery_low": False},
    ),
    Case("lora-dc410-config", "settings that a device confirms measure nothing", "manhole", note=("life", True)),
]


def frame_of(message: dict[str, Any]) -> Frame:
    if "object" in message:
        return Frame(UPLINK, json.dumps({"fCnt": 7, "object": message["object"]}).encode(), NOW, "bulk")
    payload = message["payload"]
    content = payload if isinstance(payload, str) else json.dumps(payload)
    return Frame(message["topic"], content.encode(), received_of(message), "bulk")


def received_of(message: dict[str, Any]) -> int:
    """A minute after the time of the message, so that its clock is plausible."""
    time = message.get("time")
    return NOW if time is None else int(datetime.fromisoformat(f"{time[:19]}+00:00").timestamp() * 1000) + 60_000


def device_of(case: Case, frame: Frame) -> Device:
    return Device(
        "ours", case.kind, case.model, identities=(Identity(platform_for_topic(frame.topic) or "", case.identity),)
    )


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_this_message_gives_its_meaning(case: Case, build_decoder: Callable[..., Decoder]) -> None:
    frame = frame_of(MESSAGES[case.id])
    result = build_decoder(device_of(case, frame)).decode([frame])

    assert ([case.values] if case.values is not None else []) == [reading.values for reading in result.readings[-1:]]
    assert len(result.readings) == (case.readings if case.values is not None else 0)
    assert [(event.kind, event.online) for event in result.events] == ([case.note] if case.note else [])
    refused = [refusal for refusal in result.refusals if not refusal.danger]
    assert [item.reason for item in refused] == list(case.reasons)
    assert all(case.detail in item.detail for item in refused)


def test_every_message_of_these_platforms_is_tested() -> None:
    assert {case.id for case in CASES} == set(MESSAGES)


def test_heat_at_a_carbon_monoxide_detector_is_reported_although_the_kind_has_no_quantity_for_it(
    build_decoder: Callable[..., Decoder],
) -> None:
    frame = frame_of(MESSAGES["lora-ra02c-status"])
    result = build_decoder(Device("ours", "gas_alarm", identities=(Identity("chirpstack", EUI),))).decode([frame])

    assert [(refusal.reason, refusal.danger) for refusal in result.refusals] == [("no_mapping", True)]
    assert "HighTempAlarm" in result.refusals[0].detail
