"""Scheduled faults: each used once, in order."""

from __future__ import annotations

from simulators.providers.faults import Fault, FaultKind, FaultPlan


def test_faults_are_used_in_the_order_in_which_they_were_scheduled() -> None:
    plan, rejected, silent = FaultPlan(), Fault(FaultKind.REJECT, code="1"), Fault(FaultKind.SILENT)
    plan.schedule(rejected, times=2)
    plan.schedule(silent)
    assert [plan.next() for _ in range(4)] == [rejected, rejected, silent, None]
    plan.schedule(silent)
    plan.clear()
    assert plan.next() is None
