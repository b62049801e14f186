"""Definitions that are replaced while others hold their kinds."""

from __future__ import annotations

from app.reload.active_definitions import ActiveDefinitions
from app.reload.definitions import Definitions, load_definitions


def test_replaced_definitions_are_seen_by_those_who_hold_the_kinds_and_are_to_be_stored() -> None:
    built_in, _ = load_definitions(Definitions(), None)
    active = ActiveDefinitions(Definitions())
    kinds = active.kinds
    active.stored = True
    active.replace(built_in)
    assert kinds["gas_alarm"] == built_in.kinds["gas_alarm"]
    assert len(kinds) == len(built_in.kinds_by_file) == len(list(kinds))
    assert not active.stored
