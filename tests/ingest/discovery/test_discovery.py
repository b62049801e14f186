"""Discovery messages: definitions stored, replaced, withdrawn and restored, and messages that came before them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from domain import Quality, RefusalReason
from ingest.decoding.decoder import Decoder
from ingest.decoding.device_index import DeviceIndex
from tests.ingest.discovery.home_assistant import CONFIG, TOPIC, device, frame, smoke_config, values


def test_a_state_before_its_description_is_read_again(build_decoder: Callable[..., Decoder]) -> None:
    state = "homeassistant/binary_sensor/kitchen/state"
    decoder = build_decoder(device("smoke_alarm"))
    early = decoder.decode([frame(state, "OFF", retain=True)])
    late = decoder.decode([frame(CONFIG, smoke_config(pl_on="OFF", pl_off="ON", state_topic=state), 5, retain=True)])

    assert [{"alarm": False}] == values(early)
    assert [({"alarm": True}, Quality.RETAINED)] == [
        (reading.values, reading.doubts["alarm"]) for reading in late.readings
    ]
    assert [] == values(decoder.decode([frame(CONFIG, smoke_config(pl_on="OFF", pl_off="ON", state_topic=state), 6)]))


@pytest.mark.parametrize(
    ("topic", "value", "config", "after", "retain", "again"),
    [
        (TOPIC, "ON", smoke_config(), 30_000, False, [{"alarm": True}]),
        (TOPIC, "ON", smoke_config(), 90_000, False, []),
        (TOPIC, "ON", smoke_config(), 90_000, True, [{"alarm": True}]),
        # What was read by its usual meaning already is not said twice.
        ("homeassistant/binary_sensor/kitchen/state", "ON", smoke_config(), 1_000, True, []),
        (TOPIC, "x" * 3_000, smoke_config(), 1_000, True, []),
    ],
)
def test_which_early_messages_are_read_again(
    build_decoder: Callable[..., Decoder],
    topic: str,
    value: str,
    config: dict[str, Any],
    after: int,
    retain: bool,
    again: list[dict[str, Any]],
) -> None:
    decoder = build_decoder(device("smoke_alarm"))
    decoder.decode([frame(topic, value, retain=retain)])

    assert again == values(decoder.decode([frame(CONFIG, {**config, "state_topic": topic}, after, retain=True)]))


def test_an_empty_discovery_message_withdraws_the_definition(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder(device("smoke_alarm"))
    decoder.decode([frame(CONFIG, smoke_config(pl_on="OFF", pl_off="ON"))])
    assert [{"alarm": True}] == values(decoder.decode([frame(TOPIC, "OFF")]))

    decoder.decode([frame(CONFIG, "")])
    result = decoder.decode([frame(TOPIC, "OFF")])

    assert [[RefusalReason.NO_CODEC], []] == [[refusal.reason for refusal in result.refusals], values(result)]


def test_a_new_discovery_message_replaces_the_one_before(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder(device("smoke_alarm"))
    decoder.decode([frame(CONFIG, smoke_config(pl_on="OFF", pl_off="ON")), frame(CONFIG, smoke_config())])

    assert [{"alarm": False}] == values(decoder.decode([frame(TOPIC, "OFF")]))


def test_definitions_survive_a_restart(build_decoder: Callable[..., Decoder]) -> None:
    before, after = build_decoder(device("smoke_alarm")), build_decoder(device("smoke_alarm"))
    before.decode([frame(CONFIG, smoke_config(pl_on="OFF", pl_off="ON", val_tpl="{{ value_json.v }}"))])
    model = {"all": True, "metadata": json.dumps({"properties": [{"id": "temp", "valueType": {"unit": "fahrenheit"}}]})}
    before.decode([frame("/p/d/metadata/derived", model)])

    after.restore(before.snapshot())

    assert [{"alarm": True}] == values(after.decode([frame(TOPIC, {"v": "OFF"})]))
    after.device_index = DeviceIndex([device("smoke_alarm", "d", "jetlinks")])
    assert [{"temp_c": 60.0}] == values(after.decode([frame("/p/d/properties/report", {"properties": {"temp": 140}})]))


def test_a_danger_is_found_before_the_journal_by_its_definition(build_decoder: Callable[..., Decoder]) -> None:
    known, unlisted = build_decoder(device("smoke_alarm")), build_decoder()
    for decoder in (known, unlisted):
        decoder.decode([frame(CONFIG, smoke_config(pl_on="OFF", pl_off="ON"))])

        assert [True, False] == [decoder.has_danger(frame(TOPIC, word)) for word in ("OFF", "ON")]


def test_an_unregistered_device_is_refused_by_its_definition(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder()
    decoder.decode([frame(CONFIG, smoke_config(pl_on="OFF", pl_off="ON"))])

    result = decoder.decode([frame(TOPIC, "OFF"), frame(TOPIC, "ON")])

    assert [(True, "smoke_alarm", "kitchen"), (False, "smoke_alarm", "kitchen")] == [
        (refusal.danger, refusal.proposed_kind, refusal.identity) for refusal in result.refusals
    ]


@pytest.mark.parametrize("kind", ["smoke_alarm", ""])
def test_a_topic_without_a_filter_and_an_unsupported_template_are_refused_once(
    build_decoder: Callable[..., Decoder], kind: str
) -> None:
    decoder = build_decoder(device(kind)) if kind else build_decoder()
    config = smoke_config(value_template="{{ states('sensor.x') }}")

    result = decoder.decode([frame(CONFIG, config), frame(CONFIG, config, 1_000)])

    details = [refusal.detail for refusal in result.refusals]
    line = "write `intake: {filters: {homeassistant: [homeassistant/#, site/#]}}`"
    assert [f"no filter covers its topic {TOPIC}: {line}"] == details[:1]
    assert ["the value_template of smoke is not understood: states"] == details[1:]
    assert all("no filter" in event.detail and "not understood" in event.detail for event in result.events)


def test_an_unregistered_lamp_is_no_refusal(build_decoder: Callable[..., Decoder]) -> None:
    lamp = {"stat_t": "lamps/1/state", "cmd_t": "lamps/1/set", "uniq_id": "l1", "dev": {"ids": ["l1"]}}
    result = build_decoder().decode([frame("homeassistant/light/l1/config", lamp)])

    assert [] == result.refusals
    assert "no filter" in result.events[0].detail


def test_a_discovery_message_that_fails_is_refused_and_does_not_stop_those_after_it(
    build_decoder: Callable[..., Decoder], monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder = build_decoder(device("smoke_alarm"))
    monkeypatch.setattr("ingest.discovery.discovery.Discovery.obstacles", lambda *_: 1 / 0)

    result = decoder.decode([frame(CONFIG, smoke_config()), frame("homeassistant/binary_sensor/kitchen/state", "ON")])

    assert [RefusalReason.CODEC_FAILED] == [refusal.reason for refusal in result.refusals]
    assert [{"alarm": True}] == values(result)


def test_definitions_and_early_messages_are_limited(
    build_decoder: Callable[..., Decoder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.definitions.DEFINITIONS_MAX", 2)
    monkeypatch.setattr("ingest.discovery.discovery.EARLY_MAX", 1)
    decoder = build_decoder(device("smoke_alarm"))
    for number in range(4):
        decoder.decode(
            [frame(f"homeassistant/binary_sensor/k{number}/config", smoke_config(state_topic=f"t/{number}"))]
        )
    decoder.decode([frame(f"u/{number}", "ON", retain=True) for number in range(3)])

    result = [values(decoder.decode([frame(f"t/{number}", "ON")])) for number in range(4)]
    late = [
        decoder.decode([frame(f"homeassistant/binary_sensor/u{n}/config", smoke_config(state_topic=f"u/{n}"))])
        for n in range(3)
    ]

    assert [[], [], [{"alarm": True}], [{"alarm": True}]] == result
    assert [[], [], []] == [values(each) for each in late[:2]] + [[]]
