"""The numbers of the status line."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from alerts.cases.canary import CanaryResult
from alerts.channels.channel import SendOutcome
from alerts.delivery.breaker import CircuitBreaker
from alerts.handling.audit import AuditResult
from app.pipeline.counters import Counters
from app.server.status import RATE_WINDOW_MS, StatusLine, start_of_day
from domain import MINUTE, Cell, Duty, Person
from domain.people import community
from store.database.alerts.statistics import closed_of_opened
from store.errors import LedgerUnread

ZONE = ZoneInfo("Asia/Shanghai")
NIGHT = 1_795_269_600_000
"""2026-11-21 22:00 in Shanghai."""


class World:
    """What the status line reads."""

    def __init__(self) -> None:
        self.now = NIGHT
        self.counters = Counters()
        self.backlog = SimpleNamespace(entries=4)
        self.ready, self.journal_error = True, ""
        self.median: int | None = None
        self.since: list[int] = []
        self.community = community(
            cells=[Cell("g1", "第一网格", "grid")],
            people=[Person("li", "李伟", "19900000001"), Person("chen", "陈芳", "19900000002")],
            duties=[
                Duty("1", "g1", "worker", "li", from_minute=480, to_minute=1200),
                Duty("2", "g1", "worker", "chen", from_minute=1200, to_minute=480),
            ],
        )

    def status(self) -> Any:
        return SimpleNamespace(journal_error=self.journal_error)

    async def read(self, query: Any) -> Any:
        self.since.append(query.keywords["since"])
        return (3, 5) if query.func is closed_of_opened else self.median


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def status(world: World) -> StatusLine:
    parts: Any = world
    return StatusLine(parts, parts, parts, parts, ZONE, lambda: world.now)


def test_it_names_those_on_duty_now_and_the_whole_backlog(world: World, status: StatusLine) -> None:
    numbers = status()
    assert numbers["on_duty"] == {"worker": ["陈芳"], "community": []}
    assert (numbers["connected"], numbers["backlog"], numbers["journal_error"]) == (True, 4, "")
    world.ready, world.journal_error = False, "disk full"
    numbers = status()
    assert (numbers["connected"], numbers["journal_error"]) == (False, "disk full")


def test_readings_per_second_are_those_of_the_last_ten_seconds(world: World, status: StatusLine) -> None:
    assert status()["readings_per_s"] == 0.0
    for _ in range(2 * RATE_WINDOW_MS // 2_000):
        world.now += 2_000
        world.counters.readings += 100
        rate = status()["readings_per_s"]
    assert rate == 50.0
    world.now += 2 * RATE_WINDOW_MS
    status()
    world.now += 2_000
    assert status()["readings_per_s"] == 0.0


async def test_the_time_to_send_is_the_median_of_the_last_day_as_last_refreshed(
    world: World, status: StatusLine
) -> None:
    assert status()["detect_to_send_ms"] is None
    world.median = 150
    await status.refresh()
    assert status()["detect_to_send_ms"] == 150
    assert (status()["closed_today"], status()["opened_today"]) == (3, 5)
    assert world.since == [NIGHT - 86_400_000, start_of_day(NIGHT, ZONE)]


def test_providers_that_are_not_asked_for_a_while_are_in_the_status_line(status: StatusLine) -> None:
    works, refused = CircuitBreaker(), CircuitBreaker()
    refused.record(SendOutcome.CONFIG, NIGHT)
    assert status()["open_breakers"] == []
    status.providers = lambda: iter([("sms", "aliyun", refused), ("sms", "tencent", works)])
    assert status()["open_breakers"] == [{"channel": "sms", "provider": "aliyun"}]


def test_the_last_audit_and_the_last_self_test_are_in_the_status_line(status: StatusLine) -> None:
    assert (status()["audit"], status()["canary"]) == ({"at": None, "faults": 0}, None)
    status.audited = lambda: AuditResult(1, 0, 2, 0, NIGHT)
    status.self_test = lambda: CanaryResult(NIGHT, 1, 2, 40, 900)
    assert status()["audit"] == {"at": NIGHT, "faults": 3}
    assert status()["canary"] == {"at": NIGHT, "sent_ms": 40, "delivered_ms": 900, "problem": ""}


async def test_those_on_duty_are_found_once_a_minute_and_after_a_change_of_the_registry(
    world: World, status: StatusLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("app.server.status.first_on_duty", lambda _community, role, *_: asked.append(role) or [])
    for moved_ms in (0, 2_000, 57_999):
        world.now += moved_ms
        await status.refresh_duty()
        status()
    assert len(asked) == 2
    world.now += 1
    await status.refresh_duty()
    world.community = community()
    status()
    assert len(asked) == 4, "those of a district are not looked for in the event loop"
    await status.refresh_duty()
    assert len(asked) == 6


async def test_a_search_that_fails_names_nobody_and_is_tried_again_in_the_next_minute(
    world: World, status: StatusLine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await status.refresh_duty()
    with monkeypatch.context() as failing:
        failing.setattr("app.server.status.first_on_duty", lambda *_: 1 / 0)
        world.now += MINUTE
        for _ in range(3):
            await status.refresh_duty()
        assert status()["on_duty"] == {"worker": (), "community": ()}
    assert caplog.text.count("people on duty not found") == 1
    world.now += MINUTE
    await status.refresh_duty()
    assert status()["on_duty"]["worker"] == ["陈芳"]


async def test_a_change_of_those_on_duty_is_published_at_once(world: World, status: StatusLine) -> None:
    published: list[Any] = []
    status.duty_changed = lambda: published.append(status()["on_duty"])
    await status.refresh_duty()
    world.now += MINUTE
    await status.refresh_duty()
    assert published == [], "the same people"
    world.community = community()
    await status.refresh_duty()
    assert published == [{"worker": [], "community": []}]


async def test_a_ledger_that_does_not_answer_leaves_the_last_figures(
    status: StatusLine, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.median = 900
    await status.refresh()

    async def no_answer(_query: Any) -> Any:
        raise LedgerUnread("the ledger does not answer")

    with monkeypatch.context() as down:
        down.setattr(world, "read", no_answer)
        await status.refresh()
        assert status()["detect_to_send_ms"] == 900
    world.median = 700
    await status.refresh()
    assert status()["detect_to_send_ms"] == 700
