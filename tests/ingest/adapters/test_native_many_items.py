"""A message with more items, fields or unregistered devices than any gateway sends: bounded, nothing lost silently."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from domain import Device, Identity, RefusalReason
from ingest.adapters.native import NON_OBJECTS_MAX
from ingest.decoding.decoder import STEP_READINGS, Decoder
from ingest.decoding.message import FIELDS_MAX
from ingest.decoding.refused_items import SINGLE_REFUSALS_MAX
from ingest.decoding.unregistered_devices import NAMES_MAX
from ingest.frame import Frame

NOW = 1_795_269_600_000
GAS = Device("gas-1", "gas_alarm")


def frame(topic: str, content: object) -> Frame:
    return Frame(topic, msgspec.json.encode(content), NOW, "bulk")


def test_array_items_that_are_no_objects_are_refused_singly_up_to_a_limit(
    build_decoder: Callable[..., Decoder],
) -> None:
    result = build_decoder(GAS).decode([frame("fengshao/v1/gas-1/up", [7] * (NON_OBJECTS_MAX + 9) + [{"lel_pct": 1}])])

    assert [{"lel_pct": 1}] == [reading.values for reading in result.readings]
    assert NON_OBJECTS_MAX + 1 == len(result.refusals)
    assert f"9 more items are no objects, the last of them item {NON_OBJECTS_MAX + 8}" == result.refusals[-1].detail


def test_an_object_of_too_many_fields_is_refused_as_a_whole(build_decoder: Callable[..., Decoder]) -> None:
    content = {f"field-{number}": number for number in range(FIELDS_MAX + 1)}

    (refusal,) = build_decoder(GAS).decode([frame("fengshao/v1/gas-1/up", content)]).refusals
    assert (RefusalReason.BAD_PAYLOAD, "gas-1") == (refusal.reason, refusal.identity)
    assert f"{FIELDS_MAX + 1} fields, {FIELDS_MAX} at most" == refusal.detail


def test_unregistered_devices_of_a_gateway_are_counted_and_the_one_with_a_gas_alarm_is_kept(
    build_decoder: Callable[..., Decoder],
) -> None:
    count = STEP_READINGS + 50
    content = {f"stranger-{number}": [{"lel_pct": 1}] for number in range(count)}
    content["stranger-last"] = [{"gas_alarm": True}]

    decoder = build_decoder(GAS)
    refusals = decoder.decode([frame("v1/gateway/telemetry", content)]).refusals
    assert [("stranger-last", True)] == [(refusal.identity, refusal.danger) for refusal in refusals if refusal.danger]
    assert f"{count - SINGLE_REFUSALS_MAX} more items of this message" in refusals[-1].detail
    assert SINGLE_REFUSALS_MAX + 2 == len(refusals)


def test_refusals_beyond_the_limit_are_counted_by_reason_also_for_one_device(
    build_decoder: Callable[..., Decoder],
) -> None:
    wide = {f"field-{number}": number for number in range(FIELDS_MAX + 1)}
    content = [wide] * (SINGLE_REFUSALS_MAX + 3) + [{"alarm": True}]

    result = build_decoder(GAS).decode([frame("fengshao/v1/gas-1/up", content)])
    assert [{"alarm": True}] == [reading.values for reading in result.readings]
    assert SINGLE_REFUSALS_MAX + 1 == len(result.refusals)
    assert result.refusals[-1].detail.startswith("3 more items of this message, the first: ")
    assert not any(refusal.danger for refusal in result.refusals)


def test_the_kind_of_an_unregistered_device_is_guessed_from_its_first_fields(
    build_decoder: Callable[..., Decoder],
) -> None:
    first = {f"field-{number}": number for number in range(NAMES_MAX)}

    (refusal,) = (
        build_decoder().decode([frame("fengshao/v1/who/up", [first, {"lel_pct": 3}, {"alarm": True}])]).refusals
    )
    assert (RefusalReason.UNKNOWN_DEVICE, True, None) == (refusal.reason, refusal.danger, refusal.proposed_kind)


def test_a_refusal_has_the_likely_kind_and_whether_the_device_is_registered(
    build_decoder: Callable[..., Decoder],
) -> None:
    decoder = build_decoder(Device("gas-1", "gas_alarm", identities=(Identity("zigbee2mqtt", "kitchen"),)))

    assert decoder.is_registered("zigbee2mqtt", "kitchen")
    assert not decoder.is_registered("zigbee2mqtt", "hall")
    assert "gas_alarm" == decoder.guess_kind("native", ["lel_pct", "alarm", "gas_valve_closed"])
