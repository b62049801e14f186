"""The texts of the doctor."""

from __future__ import annotations

from app.config.catalog import load_kinds
from app.doctor.wording import texts
from domain.kind import Kind


def test_masked_quantities_exist() -> None:
    """A misspelt name would print a personal value."""
    kinds: dict[str, Kind] = dict(load_kinds())
    quantities = {name for kind in kinds.values() for name in kind.quantities}

    assert texts().masked <= quantities | {"lat", "lon"}
    assert {"understood", "unregistered", "unread", "outside", "unknown", "notes"} <= texts().state.keys()
