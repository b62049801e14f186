"""The status of a finding that was reported and has not ended."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.handling.finding_status import FindingStatus
from app.config.catalog import load_active_rulebooks, load_kinds
from app.server.rule_state import EngineRuleState
from domain.people import community
from rules.engine.engine import Engine

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
    monkeypatch.setattr("app.server.rule_state.explain", lambda *_: {"phase": phase, "heard": 100})
    assert EngineRuleState(engine).finding_status(FINDING, "gas-1", 50) is status


def test_a_finding_of_another_host_holds_until_it_reports_the_end() -> None:
    """The alert of a gas alarm that goes on was closed, and nobody was called again: this engine knew nothing of it."""
    kinds = load_kinds()
    engine = Engine(load_active_rulebooks(kinds), kinds, community())
    assert EngineRuleState(engine).finding_status(FINDING, "gas-1", 50) is FindingStatus.OVER
    remote = EngineRuleState(engine, is_remote=True)
    assert remote.finding_status(FINDING, "gas-1", 50) is FindingStatus.ACTIVE
    assert remote.finding_status("unknown-device@1/device:x/5", "x", 50) is FindingStatus.OVER
