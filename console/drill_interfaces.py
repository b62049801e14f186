"""Interfaces of the service for exercises and self-tests. The application fills them in (app.server.console)."""

from __future__ import annotations

from typing import Protocol

from alerts.alert import Actor, Alert
from alerts.cases.canary import CanaryResult
from alerts.cases.exercise_scenarios import Scenario
from domain import Instant


class SelfTest(Protocol):
    """The canary: a message of a synthetic device on the path of a real one (app.server.canary)."""

    @property
    def last(self) -> CanaryResult | None: ...

    async def test(self, now: Instant, /) -> CanaryResult | None:
        """One self-test; None when nobody would receive it."""
        ...


class DrillDesk(Protocol):
    """Exercises (alerts.drills)."""

    async def start(self, scenario: Scenario, place: str | None, actor: Actor, text: str = "", /) -> Alert: ...

    async def end(self, alert_id: int, now: Instant, /) -> Alert | None: ...
