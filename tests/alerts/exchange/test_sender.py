"""Sending to targets on a virtual clock: order, retries, dead letters, pauses, reports of failing targets."""

from __future__ import annotations

import asyncio
import itertools
import shutil
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from alerts.exchange.messages import MessageState, NewEvent
from alerts.exchange.retries import RetryPolicy
from alerts.exchange.sender import FAILING_AFTER_MS, MAX_CONCURRENT, ExchangeSender, TargetHealth
from alerts.exchange.targets import Request, WebhookTarget
from domain import DAY, MINUTE, SECOND
from domain.secret import Secret
from store.database.alerts.transactions import Transactions
from store.database.database import Database, sqlite_url
from store.database.exchange import outbox
from store.database.exchange.outbox import MessageFilter
from store.database.exchange.repository import ExchangeTransactions
from tests.support.timeouts import LONG_TIMEOUT_S

GIVE_UP = RetryPolicy(30 * MINUTE)


class SenderHarness:
    """A sender to two boards, of which each answers with the next status it was given, else 200."""

    def __init__(self, database: Database) -> None:
        self.database, self.now = database, 0
        self.answers: dict[str, list[int | Exception]] = {"a": [], "b": []}
        self.received: list[tuple[int, str, str]] = []
        self.health: list[tuple[str, str]] = []
        targets = [WebhookTarget(name, f"https://{name}", "urn:x", (Secret("s" * 32),)) for name in ("a", "b")]
        transact = ExchangeTransactions(database, Transactions(database))
        self.sender = ExchangeSender(
            transact, targets, self.post, lambda: self.now, TargetHealth(self.failing, self.recovered), GIVE_UP
        )

    async def failing(self, target: str, since: int, error: str) -> None:
        self.health.append((target, f"failing since {since}: {error}"))

    async def recovered(self, target: str, at: int) -> None:
        self.health.append((target, f"recovered at {at}"))

    async def post(self, request: Request) -> tuple[int, Mapping[str, str], bytes]:
        name = request.url.removeprefix("https://")
        self.received.append((self.now, name, request.headers["webhook-id"]))
        answers = self.answers[name]
        answer = answers.pop(0) if answers else 200
        if isinstance(answer, Exception):
            raise answer
        return answer, {}, b""

    def add(self, *subjects: str, targets: tuple[str, ...] = ("a", "b"), size: int = 0) -> None:
        events = [NewEvent("t", subject, None, 0, {"x": "x" * size}, targets) for subject in subjects]
        self.database.write_blocking(lambda tx: outbox.append(tx, events, self.now))

    async def run_until(self, end: int) -> None:
        """Send whatever becomes due, on the virtual clock."""
        while True:
            await self.sender.send_due()
            due = await self.sender.next_due()
            if due is None or due > end:
                self.now = end
                return
            self.now = max(due, self.now + 1)

    def ids(self, target: str) -> list[str]:
        return [number for _, name, number in self.received if name == target]

    def states(self) -> dict[str, int]:
        page = self.database.write_blocking(lambda tx: outbox.list_messages(tx, MessageFilter(), 999))
        counted = [message.state.value for message in page.items]
        return {state: counted.count(state) for state in sorted(set(counted))}


@pytest.fixture
async def harness(tmp_path: Path, empty_database: Path) -> AsyncIterator[SenderHarness]:
    database = Database(sqlite_url(shutil.copy(empty_database, tmp_path / "ledger.db")))
    yield SenderHarness(database)
    database.close()


async def test_each_target_gets_every_event_of_a_case_once_in_order(harness: SenderHarness) -> None:
    harness.add("case:1", "case:1", "case:2")
    await harness.run_until(SECOND)

    assert harness.ids("a") == harness.ids("b") == ["fengshao-1", "fengshao-3", "fengshao-2"]
    assert harness.states() == {"delivered": 6}


async def test_a_target_that_is_down_delays_no_other_and_loses_nothing(harness: SenderHarness) -> None:
    harness.answers["a"] = [OSError("connection refused")] * 12
    harness.add("case:1", "case:1", "case:2")
    await harness.run_until(DAY)

    assert [at for at, name, _ in harness.received if name == "b"] == [0, 0, 0]
    attempts = [at for at, name, _ in harness.received if name == "a"]
    assert [later - earlier for earlier, later in itertools.pairwise(attempts)][1:4] == [
        1 * SECOND, 2 * SECOND, 4 * SECOND
    ]  # fmt: skip
    assert max(later - earlier for earlier, later in itertools.pairwise(attempts)) <= 5 * MINUTE + 1
    assert list(dict.fromkeys(harness.ids("a"))) == ["fengshao-1", "fengshao-3", "fengshao-2"]
    assert harness.states() == {"delivered": 6}


async def test_a_target_that_fails_for_ten_minutes_is_reported_once_and_its_recovery_too(
    harness: SenderHarness,
) -> None:
    harness.answers["a"] = [503] * 11
    harness.add("case:1", targets=("a",))
    await harness.run_until(DAY)

    failing, recovered = harness.health
    assert failing == ("a", "failing since 0: HTTP 503")
    assert recovered[1].startswith("recovered at")
    counts = harness.sender.counts["a"]
    assert (counts.accepted, counts.failed, counts.refused, counts.dead) == (1, 11, 0, 0)


async def test_a_short_failure_is_only_its_recovery(harness: SenderHarness) -> None:
    harness.answers["a"] = [503]
    harness.add("case:1", targets=("a",))
    await harness.run_until(FAILING_AFTER_MS)

    assert [text for _, text in harness.health] == ["recovered at 1000"]


async def test_a_refused_message_becomes_a_dead_letter_and_the_next_one_goes_on(harness: SenderHarness) -> None:
    harness.answers["a"] = [422, 422, 422]
    harness.add("case:1", "case:1", targets=("a",))
    await harness.run_until(MINUTE)

    assert harness.ids("a") == ["fengshao-1"] * 3 + ["fengshao-2"]
    assert harness.states() == {"dead": 1, "delivered": 1}
    assert harness.sender.counts["a"].refused == 3
    assert await harness.database.write(lambda tx: outbox.resend(tx, 1, harness.now))
    harness.sender.resume("a")
    await harness.run_until(2 * MINUTE)
    assert harness.states() == {"delivered": 2}


async def test_what_a_target_does_not_take_for_long_is_given_up(harness: SenderHarness) -> None:
    harness.answers["a"] = [503] * 999
    harness.add("case:1", targets=("a",))
    await harness.run_until(DAY)

    assert harness.states() == {"dead": 1}
    assert (await harness.sender.next_due()) is None
    message = harness.database.write_blocking(lambda tx: outbox.get_message(tx, 1))
    assert message is not None
    assert (message.state, message.status, message.error) == (MessageState.DEAD, 503, "HTTP 503")


async def test_an_event_that_cannot_be_written_down_stops_no_other(harness: SenderHarness) -> None:
    harness.add("case:1", targets=("a",), size=70_000)
    harness.add("case:2", targets=("a",))
    await harness.run_until(MINUTE)

    assert harness.ids("a") == ["fengshao-2"]
    assert harness.states() == {"dead": 1, "delivered": 1}


async def test_few_messages_are_in_memory_and_a_failing_target_gets_one_at_a_time(harness: SenderHarness) -> None:
    harness.add(*(f"case:{number}" for number in range(30)), targets=("a",))
    harness.answers["a"] = [503] * MAX_CONCURRENT
    await harness.sender.send_due()
    assert len(harness.received) == MAX_CONCURRENT
    harness.now = MINUTE
    harness.answers["a"] = [503]
    await harness.sender.send_due()

    assert len(harness.received) == MAX_CONCURRENT + 1


async def test_running_workers_send_at_once_and_survive_a_store_that_cannot_write(
    harness: SenderHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived = asyncio.Event()
    send = harness.post

    async def post(request: Request) -> tuple[int, Mapping[str, str], bytes]:
        arrived.set()
        return await send(request)

    monkeypatch.setattr(harness.sender, "_post", post)
    working, failures = harness.sender._transact, [OSError("disk full")]

    async def sometimes(work: object) -> object:
        if failures:
            raise failures.pop()
        return await working(work)  # type: ignore[arg-type]

    monkeypatch.setattr(harness.sender, "_transact", sometimes)
    running = asyncio.create_task(harness.sender.run())
    await asyncio.sleep(0)
    harness.add("case:1", targets=("a",))
    while not arrived.is_set():
        harness.sender.wake()
        await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert harness.ids("a") == ["fengshao-1"]


async def test_after_a_crash_between_answer_and_commit_the_same_event_is_sent_again(
    harness: SenderHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """kill -9 after the target accepted: what the process knew is gone, the database still has the message."""

    def die(*_: object) -> int:
        raise OSError("killed")

    harness.add("case:1", "case:1", targets=("a",))
    monkeypatch.setattr(harness.sender, "_record_accepted", die)
    with pytest.raises(OSError, match="killed"):
        await harness.sender.send_due()
    restarted = SenderHarness(harness.database)
    await restarted.run_until(SECOND)

    assert harness.ids("a") + restarted.ids("a") == ["fengshao-1", "fengshao-1", "fengshao-2"]
    assert restarted.states() == {"delivered": 2}


async def test_a_target_that_never_answers_holds_up_no_other(
    harness: SenderHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived, send = asyncio.Event(), harness.post

    async def post(request: Request) -> tuple[int, Mapping[str, str], bytes]:
        if request.url == "https://a":
            await asyncio.Event().wait()
        answer = await send(request)
        if len(harness.ids("b")) == 2:
            arrived.set()
        return answer

    monkeypatch.setattr(harness.sender, "_post", post)
    harness.add("case:1", "case:1")
    running = asyncio.create_task(harness.sender.run())
    await asyncio.wait_for(arrived.wait(), LONG_TIMEOUT_S)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert (harness.ids("a"), harness.ids("b")) == ([], ["fengshao-1", "fengshao-2"])
