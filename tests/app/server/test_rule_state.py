"""The status of a finding that was reported and has not ended."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.handling.finding_status import FindingStatus
from app.config.catalog import load_active_rulebooks, load_kinds
from app.server.rule_state import EngineRuleState
from domain import MINUTE, Device, Place, Reading
from domain.people import community
from rules.engine.engine import Engine
from rules.lifecycle.transitions import Phase

FINDING = "gas-alarm@1/device:gas-1/5"


@pytest.mark.parametrize(
    ("phase", "status"),
    [
        ("firing", FindingStatus.ACTIVE),
        ("clearing", FindingStatus.NOT_RECEIVED),
        ("stale", FindingStatus.NOT_RECEIVED),
        ("pending", FindingStatus.OVER),
        ("quiet", FindingStatus.OVER),
    ],
)
def test_a_finding_in_its_release_time_is_not_over(
    phase: str, status: FindingStatus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A case closed while it cleared was never rechecked, and the alarm went on under the same finding."""
    engine: Any = object()
    monkeypatch.setattr("app.server.rule_state.rule_standing", lambda *_: (Phase(phase), 100))
    assert EngineRuleState(engine).finding_status(FINDING, "gas-1", 50) is status


def test_a_finding_of_another_host_holds_until_it_reports_the_end() -> None:
    """The alert of a gas alarm that goes on was closed, and nobody was called again: this engine knew nothing of it."""
    kinds = load_kinds()
    engine = Engine(load_active_rulebooks(kinds), kinds, community())
    assert EngineRuleState(engine).finding_status(FINDING, "gas-1", 50) is FindingStatus.OVER
    remote = EngineRuleState(engine, is_remote=True)
    assert remote.finding_status(FINDING, "gas-1", 50) is FindingStatus.ACTIVE
    assert remote.finding_status("unknown-device@1/device:x/5", "x", 50) is FindingStatus.OVER
    gas = next(book for book in engine.books if any(rule.name == "gas-alarm" for rule in book.rules))
    engine.reload(
        [gas.model_copy(update={"rules": [rule.model_copy(update={"latch": True}) for rule in gas.rules]})], 0
    )
    assert remote.finding_status(FINDING, "gas-1", 50) is FindingStatus.ACTIVE


def test_a_fire_of_a_building_goes_on_only_while_one_of_its_detectors_reports() -> None:
    """A detector that burned kept it firing: the worker was sent there again three times in a night."""
    kinds = load_kinds()
    engine = Engine(load_active_rulebooks(kinds), kinds, community([Place("house", "3栋", "楼栋")]))
    engine.register([Device(f"smoke-{n}", "smoke_alarm", place="house") for n in (1, 2)], 0)

    def smokes(device: str, at: int) -> list[str]:
        return [one.id for one in engine.feed([Reading(device, "smoke_alarm", at, at, {"alarm": True})], at)]

    smokes("smoke-1", MINUTE)
    fire = next(one for one in smokes("smoke-2", 2 * MINUTE) if one.startswith("fire-building"))
    state = EngineRuleState(engine)
    assert state.finding_status(fire, None, None) is FindingStatus.ACTIVE
    assert state.finding_status(fire, None, 5 * MINUTE) is FindingStatus.NOT_RECEIVED
    smokes("smoke-2", 6 * MINUTE)
    assert state.finding_status(fire, None, 5 * MINUTE) is FindingStatus.ACTIVE
