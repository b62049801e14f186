"""The status of a finding that was reported and has not ended."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.handling.finding_status import FindingStatus
from app.server.rule_state import EngineRuleState

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
