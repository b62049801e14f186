"""The short form of `python -m benchmarks.fuzz`: mutated real frames crash nobody, and each becomes something."""

from __future__ import annotations

import pytest

from benchmarks.fuzz import fuzz


@pytest.mark.parametrize("seed", [11, 12])
def test_every_mutated_message_is_accounted_for(seed: int) -> None:
    became = fuzz(10_000, seed)

    assert 10_000 == sum(became.values())
    assert {"read", "noted", "refused", "duplicate", "mixed"} == set(became)
