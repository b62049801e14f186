"""The short form of `python -m benchmarks.fuzz`: mutated real frames raise no exception, and each has an outcome."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from app.config.catalog import load_kinds, load_mappings
from benchmarks.fuzz import fuzz
from benchmarks.fuzz_radio import Radio
from domain import RefusalReason
from ingest.decoding.decoder import Decoder
from ingest.decoding.device_index import DeviceIndex
from ingest.frame import Frame
from tests.support.long_form import examples

MESSAGES = examples(10_000, short=3_000)


@pytest.mark.long_form
@pytest.mark.parametrize("seed", [11, 12])
def test_every_mutated_message_is_accounted_for(seed: int) -> None:
    outcomes = fuzz(MESSAGES, seed)

    assert MESSAGES == sum(outcomes.values())
    assert {"read", "noted", "refused", "duplicate", "mixed"} == set(outcomes)


def test_a_hostile_codec_does_not_affect_other_codecs() -> None:
    kinds, radio, chance = load_kinds(), Radio(), random.Random(1)
    decoder = Decoder(kinds, load_mappings(kinds, None))
    decoder.device_index, decoder.codecs = DeviceIndex(radio.devices), radio.codecs
    frames = [Frame(*radio.message(chance), 1_767_225_660_000 + number, "bulk") for number in range(400)]
    result = decoder.decode(frames)
    reasons = Counter(refusal.reason for refusal in result.refusals)

    assert len({reading.device for reading in result.readings}) > 3
    assert reasons[RefusalReason.CODEC_FAILED] > 10
    assert any("stopped after" in refusal.detail for refusal in result.refusals)
