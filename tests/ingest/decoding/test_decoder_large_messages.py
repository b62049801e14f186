"""Messages with many items: which refusals they make, that no danger among them is lost, and pauses."""

from __future__ import annotations

import json

import pytest

from app.config.catalog import load_kinds, load_mappings
from domain import Device, Identity
from ingest.decoding.decoder import STEP_READINGS, Decoder
from ingest.decoding.device_index import DeviceIndex
from ingest.decoding.message import FIELDS_MAX
from ingest.decoding.refused_items import SINGLE_REFUSALS_MAX
from ingest.frame import Frame
from ingest.results import IngestResult

START = 1_795_269_600_000
KINDS = load_kinds()
MAPPINGS = load_mappings(KINDS)
DEVICES = [
    Device("meter", "water_meter"),
    Device("gas", "gas_alarm"),
    Device("band", "wristband", identities=(Identity("thingsboard", "Band 1"),)),
    Device("button", "sos_button"),
]
ITEMS = 5_000
BACKFILL = [{"ts": START - at * 1_000, "volume_m3": at} for at in range(ITEMS, 0, -1)]


def frame(topic: str, payload: object) -> Frame:
    return Frame(topic, json.dumps(payload).encode(), START, "bulk", 1)


@pytest.fixture
def decoder() -> Decoder:
    decoder = Decoder(KINDS, MAPPINGS)
    decoder.device_index = DeviceIndex(DEVICES)
    return decoder


def test_five_thousand_bad_items_are_no_five_thousand_refusals_and_none_is_silent(decoder: Decoder) -> None:
    refused = decoder.decode([frame("fengshao/v1/gas/up", [{"lel_pct": "much"}] * 5_000)]).refusals
    assert len(refused) == SINGLE_REFUSALS_MAX + 1
    assert refused[-1].detail.startswith(f"{5_000 - SINGLE_REFUSALS_MAX} more items of this message, the first: ")


def test_items_that_are_no_objects_are_counted(decoder: Decoder) -> None:
    refused = decoder.decode([frame("fengshao/v1/gas/up", [*([7] * 1_000), {"alarm": True}, "x"])]).refusals
    assert refused[0].detail == "item 0 is a int instead of an object"
    assert refused[-1].detail == "951 more items are no objects, the last of them item 1001"


def test_of_a_flood_of_dangers_every_device_is_named_once_whatever_was_refused_before_it(decoder: Decoder) -> None:
    """A gateway's message: 500 harmless strangers, and ten who call for help behind them."""
    payload = {f"harmless {number}": [{"ts": START, "values": {"humidity": number}}] for number in range(500)}
    payload |= {f"calls {number}": [{"ts": START, "values": {"sos": True}}] for number in range(10)}
    refused = decoder.decode([frame("v1/gateway/telemetry", payload)]).refusals
    assert [f"calls {number}" for number in range(10)] == [one.identity for one in refused if one.danger]
    assert "400 more items" in refused[-1].detail


def test_dangers_beyond_the_limit_are_still_one_danger(decoder: Decoder) -> None:
    payload = {f"calls {number}": [{"ts": START, "values": {"sos": True}}] for number in range(3 * SINGLE_REFUSALS_MAX)}
    refused = [one for one in decoder.decode([frame("v1/gateway/telemetry", payload)]).refusals if one.danger]
    assert len(refused) == SINGLE_REFUSALS_MAX + 1
    assert f"{2 * SINGLE_REFUSALS_MAX} more items" in refused[-1].detail


def test_a_danger_in_readings_of_the_message_is_not_reported_again_for_its_bad_items(decoder: Decoder) -> None:
    result = decoder.decode([frame("fengshao/v1/gas/alarm", [{"ts": START, "alarm": True}, *([7] * 400)])])
    assert [reading.values for reading in result.readings] == [{"alarm": True}]
    assert not any(refusal.danger for refusal in result.refusals)


def test_an_object_of_a_hundred_thousand_fields_is_refused_and_its_danger_is_not_lost(decoder: Decoder) -> None:
    payload = {"alarm": True, **{f"field-{number}": number for number in range(100_000)}}
    (refused,) = decoder.decode([frame("fengshao/v1/gas/up", payload)]).refusals
    assert f"100001 fields, {FIELDS_MAX} at most" == refused.detail
    assert refused.danger


def test_decoding_pauses_within_a_message_and_other_messages_are_decoded_meanwhile(decoder: Decoder) -> None:
    result, between = IngestResult(), 0
    for _ in decoder.decode_in_steps([frame("fengshao/v1/meter/up", BACKFILL)], result):
        between += 1
        other = decoder.decode([frame("fengshao/v1/gas/up", {"ts": START + between, "alarm": False})])
        assert len(other.readings) == 1
    assert between == ITEMS // STEP_READINGS
    assert [START - at * 1_000 for at in range(ITEMS, 0, -1)] == [reading.at for reading in result.readings]
