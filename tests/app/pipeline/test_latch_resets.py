"""Latched rules in a running service: reset over the API, by dealing with the alert, and again after a crash."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from app.pipeline.changes import PendingChanges
from app.pipeline.latch_resets import ResetMark, recorded_resets
from app.rule_tools.recorded_data import _resets
from domain import Lane
from rules.hosts.replay import Reset
from store.journal import MarkKind, SqliteJournal
from tests.conftest import Broker
from tests.support.rulebook_harness import LATCHED, RulebookHarness

URL = "/api/v1/rules/gas-alarm/reset"


@pytest.fixture
async def harness(tmp_path: Path, broker: Broker, free_port: Callable[[], int]) -> AsyncIterator[RulebookHarness]:
    async with RulebookHarness(tmp_path / "data", broker.port, free_port()) as running:
        running.save_file(LATCHED)
        await running.service.rulebook_reloader.poll()
        assert any(rule.latch for book in running.service.processing.engine.books for rule in book.rules)
        yield running


async def rings(harness: RulebookHarness, *alarms: bool) -> None:
    for alarm in alarms:
        await harness.receives(alarm=alarm)
        await harness.fast_forward(minutes=0.1)


def marks(harness: RulebookHarness) -> list[ResetMark]:
    found = [mark for mark in harness.stores.journal.marks() if mark.kind is MarkKind.RESET]
    return [msgspec.json.decode(mark.detail, type=ResetMark) for mark in found]


async def test_a_person_resets_a_latched_alarm_over_the_api_and_it_alarms_again(harness: RulebookHarness) -> None:
    await rings(harness, True, False)
    alert = (await harness.until_items("/api/v1/alerts?ledger=danger"))[0]
    assert harness.phase("gas-alarm") == "firing"
    (latched,) = await harness.items(f"/api/v1/rules/latched?alert={alert['id']}")
    assert (latched["rule"], latched["device"], latched["title"]) == ("gas-alarm", "gas-402", "燃气泄漏")

    answer = await harness.api.post(URL, json={"device": "gas-402", "reason": "已到现场查看"})
    assert (answer.status_code, answer.json()["ended"]) == (200, True)
    assert harness.phase("gas-alarm") == "quiet"
    assert await harness.items("/api/v1/rules/latched") == []
    (mark,) = marks(harness)
    assert (mark.rule, mark.device, mark.reason) == ("gas-alarm", "gas-402", "已到现场查看")
    (deed, *_) = await harness.items("/api/v1/audit")
    assert (deed["action"], deed["detail"]["reason"]) == ("rule reset", "已到现场查看")

    await rings(harness, True)
    assert harness.phase("gas-alarm") == "firing"


async def test_an_alarm_that_is_still_active_is_released_and_ends_with_its_all_clear(harness: RulebookHarness) -> None:
    await rings(harness, True)
    answer = await harness.api.post(URL, json={"device": "gas-402", "reason": "误按"})
    assert (answer.status_code, answer.json()["ended"]) == (200, False)
    assert harness.phase("gas-alarm") == "firing"
    assert (await harness.api.post(URL, json={"device": "gas-402", "reason": "再按"})).status_code == 409
    await rings(harness, False)
    assert harness.phase("gas-alarm") == "clearing"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (URL, {"device": "gas-402"}, 422),
        (URL, {"device": "gas-402", "reason": " "}, 422),
        (URL, {"reason": "x"}, 422),
        (URL, {"device": "gas-402", "subject": "building/b", "reason": "x"}, 422),
        (URL, {"device": "gas-402", "reason": "x"}, 409),
        (URL, {"subject": "building:b1", "reason": "x"}, 409),
        ("/api/v1/rules/nothing/reset", {"device": "gas-402", "reason": "x"}, 404),
    ],
)
async def test_an_impossible_reset_is_refused(
    harness: RulebookHarness, path: str, body: dict[str, str], status: int
) -> None:
    assert (await harness.api.post(path, json=body)).status_code == status
    assert marks(harness) == []


async def test_settling_the_alert_resets_its_latched_rule(harness: RulebookHarness) -> None:
    """The reported case: people resolve the alert, and the next real alarm is silent."""
    await rings(harness, True, False)
    alert = (await harness.until_items("/api/v1/alerts?ledger=danger"))[0]
    for action in ("acknowledge", "arrive", "resolve"):
        answer = await harness.api.post(f"/api/v1/alerts/{alert['id']}/{action}", json={"comment": "已关阀"})
        assert answer.status_code == 200, answer.text
    await harness.until(lambda: harness.phase("gas-alarm") == "quiet", "the reset")
    assert marks(harness)[0].reason == f"alert {alert['id']}"
    await rings(harness, True)
    assert harness.phase("gas-alarm") == "firing"


async def test_a_start_after_a_crash_repeats_recorded_resets_at_their_positions(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "journal.db")
    body = ResetMark("r", "g", "w1", "x", {"urgent": 3, "bulk": 7})
    await journal.mark(MarkKind.RESET, 100, msgspec.json.encode(body).decode())
    await journal.mark(MarkKind.ALIVE, 200)
    assert list(_resets(journal)) == [Reset(100, "r", "g")]

    released: list[tuple[str, str, int]] = []

    class Engine:
        def release(self, device: str, rule: str, now: int) -> list[object]:
            released.append((device, rule, now))
            return []

    changes = PendingChanges()
    changes.recorded += recorded_resets(Engine(), journal, 50)  # type: ignore[arg-type]
    assert list(recorded_resets(Engine(), journal, 150)) == []  # type: ignore[arg-type]
    journal.close()
    assert [work() for work in changes.due_recorded({Lane.URGENT: 3, Lane.BULK: 6})] == []
    assert [work() for work in changes.due_recorded({Lane.URGENT: 3, Lane.BULK: 7})] == [[]]
    assert released == [("g", "r", 100)]
    changes.recorded += [({Lane.BULK: 9}, lambda: [])]
    assert [work() for work in changes.due_recorded(None)] == [[]]
