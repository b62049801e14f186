"""The short form of `python -m benchmarks.fuzz`: mutated real frames crash nobody, and each becomes something."""

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


@pytest.mark.parametrize("seed", [11, 12])
def test_every_mutated_message_is_accounted_for(seed: int) -> None:
    became = fuzz(10_000, seed)

    assert 10_000 == sum(became.values())
    assert {"read", "noted", "refused", "duplicate", "mixed"} == set(became)


def test_codecs_are_in_the_loop_and_the_worst_of_them_costs_the_others_nothing() -> None:
    kinds, radio, chance = load_kinds(), Radio(), random.Random(1)
    listener = Decoder(kinds, load_mappings(kinds, None))
    listener.device_index, listener.codecs = DeviceIndex(radio.devices), radio.codecs
    frames = [Frame(*radio.message(chance), 1_767_225_660_000 + number, "bulk") for number in range(400)]
    heard = listener.decode(frames)
    reasons = Counter(refusal.reason for refusal in heard.refusals)

    assert len({reading.device for reading in heard.readings}) > 3
    assert reasons[RefusalReason.CODEC_FAILED] > 10
    assert any("stopped after" in refusal.detail for refusal in heard.refusals)
