"""A danger that a message reports as a reading is not reported again by its unreadable part."""

from __future__ import annotations

from typing import Any

import pytest

from ingest.decoding.decoder import Decoder
from tests.ingest.decoding.native_messages import native_frames


@pytest.mark.parametrize("payload", [[{"alarm": True}, 5], [5, {"alarm": True}], {"alarm": True, "gas_alarm": []}])
def test_a_danger_reported_as_a_reading_is_not_reported_again_by_the_unreadable_part(
    decoder: Decoder, payload: Any
) -> None:
    result = decoder.decode(native_frames("gas-1", payload, leaf="alarm"))

    assert [True] == [reading.values["alarm"] for reading in result.readings]
    assert [False] * len(result.refusals) == [refusal.danger for refusal in result.refusals]


def test_of_two_dangers_the_unreadable_one_is_reported_beside_the_other(decoder: Decoder) -> None:
    assert [True] == [
        each.danger for each in decoder.decode(native_frames("band-1", {"sos": True, "fall": "x"})).refusals
    ]
