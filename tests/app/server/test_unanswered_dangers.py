"""The dangers kept for the time without the ledger: only what changed is read, and all of it at times."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection

from app.server import unanswered_dangers
from app.server.unanswered_dangers import UnansweredDangers
from store.database.alerts.audits import unanswered_dangers as query
from store.errors import LedgerUnread
from tests.conftest import Broker
from tests.support.service_harness import ServiceHarness


@pytest.fixture
async def town(tmp_path: Path, broker: Broker, free_port: Callable[[], int]) -> AsyncIterator[ServiceHarness]:
    async with ServiceHarness(tmp_path / "data", broker.port, free_port()) as running:
        await running.publish("fengshao/v1/gas-402/alarm", {"alarm": True, "lel_pct": 22})
        await running.phone("李伟").expects_sms("紧急：燃气泄漏", "回复")
        yield running


async def test_only_alerts_that_changed_are_read_again(town: ServiceHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[int] | None] = []

    def recorded(tx: Connection, among: list[int] | None = None) -> object:
        asked.append(among)
        return query(tx, among)

    monkeypatch.setattr(unanswered_dangers, "unanswered_dangers", recorded)
    dangers = UnansweredDangers(town.stores.database)
    await dangers.read()
    [(alert, called)] = dangers()
    assert called == {"li"}
    await dangers.read()
    assert asked == [None]

    for action in ("acknowledge", "arrive", "resolve"):
        answer = await town.api.post(f"/api/v1/alerts/{alert.id}/{action}", json={"comment": "已关阀"})
        assert answer.status_code == 200, answer.text
    assert [one.id for one, _ in dangers()] == [alert.id]
    dangers.alert_changed(str(alert.id))
    await dangers.read()
    assert (dangers(), asked) == ([], [None, [alert.id]])


@pytest.mark.parametrize("read_before", [True, False])
async def test_what_a_ledger_did_not_answer_is_read_by_the_next_poll(
    town: ServiceHarness, monkeypatch: pytest.MonkeyPatch, read_before: bool
) -> None:
    """After a takeover on a ledger that flickered nothing was read for a minute."""
    dangers = UnansweredDangers(town.stores.database)
    [alert] = await town.items("/api/v1/alerts")
    if read_before:
        await dangers.read()
        dangers._found = {}
        dangers.alert_changed(alert["id"])

    def unread(*_: object, **__: object) -> None:
        raise LedgerUnread

    with monkeypatch.context() as away:
        away.setattr(unanswered_dangers, "unanswered_dangers", unread)
        await dangers.read()
    assert dangers() == []
    await dangers.read()
    assert [str(one.id) for one, _ in dangers()] == [alert["id"]]
