"""A bare state bears the names that its description gives it."""

from __future__ import annotations

from ingest.discovery.hints import DiscoveryHints


def test_a_bare_state_is_called_what_its_description_calls_it() -> None:
    known = DiscoveryHints([("homeassistant", "garden", ("moisture",))])

    assert known.explain("homeassistant", "garden", {"state": "ON", "x": 1}) == {"moisture": "ON", "x": 1}
    assert known.explain("homeassistant", "kitchen", {"state": "ON"}) == {"state": "ON"}
    assert known.explain("homeassistant", "garden", {"x": 1}) == {"x": 1}
