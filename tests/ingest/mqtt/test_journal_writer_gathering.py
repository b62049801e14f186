"""Messages that come one by one share an append; nothing urgent, nothing after a pause and no full window waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import mqtt5
import pytest

from app.score.virtual_loop import VirtualLoop
from domain import Lane
from ingest.frame import Frame
from ingest.mqtt.journal_writer import (
    LARGE_WINDOW,
    SMALL_WINDOW,
    FindDangers,
    Gathering,
    JournalWriter,
    WriterSettings,
)
from ingest.mqtt.redelivery import InflightPackets

APPEND_S = 0.0005


class SlowJournal:
    """An append takes APPEND_S."""

    def __init__(self) -> None:
        self.appends: list[tuple[float, Lane, int]] = []

    async def append(self, lane: Lane, frames: Sequence[Frame]) -> int:
        await asyncio.sleep(APPEND_S)
        self.appends.append((asyncio.get_running_loop().time(), lane, len(frames)))
        return len(self.appends)


class Acknowledged:
    """In place of a session: when each packet was acknowledged."""

    name, connection = "bulk", None

    def __init__(self) -> None:
        self.inflight = InflightPackets()
        self.at: dict[int, float] = {}

    def acknowledge(self, _connection: object, packet_ids: list[int]) -> None:
        self.at |= dict.fromkeys(packet_ids, asyncio.get_running_loop().time())


Publish = Callable[[int], None]


def delays_ms(
    lane: Lane,
    pattern: Callable[[Publish], Coroutine[Any, Any, None]],
    find_dangers: FindDangers | None = None,
    gathering: Gathering = SMALL_WINDOW,
) -> tuple[list[float], list[tuple[float, Lane, int]]]:
    """How long each message of the pattern waited for its acknowledgement, and the appends."""

    async def run() -> tuple[list[float], list[tuple[float, Lane, int]]]:
        session, journal, sent = Acknowledged(), SlowJournal(), dict[int, float]()
        writer = JournalWriter(
            lane, session, journal, lambda _: None, lambda: 0,  # type: ignore[arg-type]
            WriterSettings(10**9, 10**6, 1_000, 1.0, gathering), lambda *_: True, find_dangers,
        )  # fmt: skip

        def publish(number: int) -> None:
            sent[number] = asyncio.get_running_loop().time()
            packet = mqtt5.PublishPacket("t", payload=b"%d" % number, qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=number)
            writer.enqueue(None, [packet])  # type: ignore[arg-type]

        running = asyncio.create_task(writer.run())
        await asyncio.sleep(1)
        await pattern(publish)
        await writer.drain()
        running.cancel()
        return [round((session.at[number] - at) * 1000, 2) for number, at in sent.items()], journal.appends

    with asyncio.Runner(loop_factory=lambda: VirtualLoop(0)) as runner:
        return runner.run(run())


async def one_by_one(publish: Publish) -> None:
    for number in range(1, 41):
        publish(number)
        await asyncio.sleep(SMALL_WINDOW.wait_s / 4)


async def with_pauses(publish: Publish) -> None:
    for number in range(1, 11):
        publish(number)
        await asyncio.sleep(1)


async def twenty_in_flight(publish: Publish) -> None:
    """As a broker that sends no more before it has the acknowledgements."""
    for first in range(1, 101, 20):
        for number in range(first, first + 20):
            publish(number)
        await asyncio.sleep(APPEND_S * 1.01)


def test_messages_one_by_one_share_an_append_and_wait_no_longer_than_the_gathering() -> None:
    delays, appends = delays_ms(Lane.BULK, one_by_one)
    assert len(appends) <= 12
    assert max(delays) <= (SMALL_WINDOW.wait_s + APPEND_S) * 1000


async def five_thousand_a_second(publish: Publish) -> None:
    for number in range(1, 501):
        publish(number)
        await asyncio.sleep(0.0002)


def test_a_broker_that_sends_without_acknowledgements_has_fewer_larger_appends() -> None:
    """An append is synced to the disk: 360 a second took a third of the processor time of 5,000 messages a second."""
    delays, appends = delays_ms(Lane.BULK, five_thousand_a_second, gathering=LARGE_WINDOW)
    assert len(appends) <= 11
    assert max(delays) <= (LARGE_WINDOW.wait_s + 2 * APPEND_S) * 1000
    _, many = delays_ms(Lane.BULK, five_thousand_a_second)
    assert len(many) > 3 * len(appends)


@pytest.mark.parametrize("pattern", [with_pauses, twenty_in_flight])
def test_a_message_after_a_pause_and_a_full_window_of_a_broker_are_appended_at_once(
    pattern: Callable[[Publish], Coroutine[Any, Any, None]],
) -> None:
    delays, _ = delays_ms(Lane.BULK, pattern)
    assert max(delays) <= 2 * APPEND_S * 1000


def test_an_urgent_session_and_a_danger_on_the_other_do_not_gather() -> None:
    delays, _ = delays_ms(Lane.URGENT, one_by_one)
    assert max(delays) <= 2 * APPEND_S * 1000

    delays, appends = delays_ms(Lane.BULK, one_by_one, lambda frames: [one for one in frames if one.payload == b"30"])
    assert delays[29] <= 3 * APPEND_S * 1000
    assert [1] == [count for _, lane, count in appends if lane is Lane.URGENT]
