"""Faults of providers are a health alert while the service runs, and end when they are mended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from alerts.channels.preflight import PreflightScope, ProviderFault
from app.pipeline.self_monitoring import SelfMonitoring
from app.server import provider_checks
from app.server.provider_checks import check_providers_regularly
from domain import Finding, FindingPhase

NOW = 1_767_333_900_000


class Account:
    """A provider whose answers are given, one a question; an exception is a bug of ours."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self.scopes: list[PreflightScope] = []
        self.asked = asyncio.Event()

    async def preflight(self, scope: PreflightScope, now: int) -> Sequence[ProviderFault]:
        self.scopes.append(scope)
        answer = self._answers.pop(0)
        if not self._answers:
            self.asked.set()
        if isinstance(answer, Exception):
            raise answer
        return [ProviderFault(problem) for problem in answer]


async def test_a_fault_begins_a_finding_and_its_end_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider_checks, "REPEAT_S", 0.0)
    findings: list[Finding] = []

    async def change(work: Callable[[], Sequence[Finding]]) -> None:
        findings.extend(work())

    monitoring = SelfMonitoring(change)
    account = Account(["wecom.trusted_ip"], RuntimeError("a bug"), ["wecom.trusted_ip"], [], [])
    checks = check_providers_regularly({"wecom": account}, lambda: (), monitoring, lambda: NOW, 0.0)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(checks), group.create_task(monitoring.run())]
        await account.asked.wait()
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
    assert [(one.rule, one.phase) for one in findings] == [
        ("provider-fault", FindingPhase.BEGAN),
        ("provider-fault", FindingPhase.ENDED),
    ]
    assert "企业可信IP" in str(findings[0].evidence[0].value)
    assert not any(scope.templates for scope in account.scopes)
