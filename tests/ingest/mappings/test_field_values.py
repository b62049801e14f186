"""Fields of one message as values of our quantities."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from app.config.catalog import load_kinds, load_mappings
from domain import Device, Identity
from ingest.decoding.decoder import Decoder
from ingest.frame import Frame
from ingest.mappings.field_values import read_fields
from ingest.mappings.plan import compile_plan

COVER = Device("cover-1", "manhole", identities=(Identity("zigbee2mqtt", "cover"),))
BUTTON = Device("button-1", "sos_button", identities=(Identity("zigbee2mqtt", "button"),))


@pytest.mark.parametrize(
    ("stated", "temp_c"),
    [
        ({"temperature_unit": "°"}, 50),  # a bare degree sign on a thermometer is degrees Celsius
        ({"temperature_unit": "°F"}, 10),
        ({"outdoor_unit": "°F"}, 50),  # stated for another field
    ],
)
def test_a_cover_that_states_a_unit_is_read_in_it_and_in_no_other_fields_unit(
    build_decoder: Callable[..., Decoder], stated: dict[str, str], temp_c: float
) -> None:
    frame = Frame("zigbee2mqtt/cover", json.dumps({"temperature": 50} | stated).encode(), 1_795_269_600_000, "bulk")

    (reading,) = build_decoder(COVER).decode([frame]).readings
    assert {"temp_c": pytest.approx(temp_c)} == reading.values


def test_a_button_that_sends_normal_was_neither_pressed_nor_cancelled(
    build_decoder: Callable[..., Decoder],
) -> None:
    frame = Frame("zigbee2mqtt/button", b'{"action": "normal", "battery": 50}', 1_795_269_600_000, "bulk")

    result = build_decoder(BUTTON).decode([frame])
    assert ([{"battery_pct": 50}], []) == ([reading.values for reading in result.readings], result.refusals)


@pytest.mark.parametrize(
    ("fields", "values"),
    [
        ({"alarms": []}, {}),  # no alarm in the list: nothing of an alarm told before is over
        ({"leak": []}, {}),
        ({"leak": [False, True]}, {"leak": True}),
        ({"leak": [0]}, {"leak": False}),
    ],
)
def test_lists_of_verdicts_are_read_item_by_item_and_an_empty_one_ends_nothing(
    build_decoder: Callable[..., Decoder], fields: dict[str, Any], values: dict[str, bool]
) -> None:
    device = Device("l", "water_leak", identities=(Identity("thingsboard", "x"),))
    payload = json.dumps({"x": [{"ts": 1_795_269_600_000, "values": fields}]}).encode()
    result = build_decoder(device).decode([Frame("v1/gateway/telemetry", payload, 1_795_269_600_000, "bulk")])

    assert ([values] if values else []) == [reading.values for reading in result.readings]
    assert [] == result.refusals
    assert bool(values) is not bool(result.events)


def test_two_objects_of_one_list_keep_both_values_of_an_unmapped_field() -> None:
    kinds = load_kinds()
    plan = compile_plan(kinds["manhole"], load_mappings(kinds), "zigbee2mqtt")

    result = read_fields({"alarms": [{"colour": "red"}, {"colour": "blue"}, {"colour": "grey"}]}, plan)

    assert ["red", "blue", "grey"] in result.unmapped.values()
