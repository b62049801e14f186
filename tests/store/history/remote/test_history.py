"""The history on a VictoriaMetrics server."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from domain import DAY, HOUR, MINUTE, Lane, Quality, Reading, Value
from store.errors import CannotWrite, StoreError
from store.history import Point, ServerStatus, next_cursor
from store.history.remote.history import LineProtocolHistory
from store.history.remote.sender import Timing
from tests.support.timeouts import LONG_TIMEOUT_S
from tests.support.victoriametrics import Victoria

BOOLEANS = frozenset({"alarm", "sos"})
FAST = Timing(first_pause_s=0.02, longest_pause_s=0.1, check_every_s=0.1, stored_after_s=60.0)


@pytest.fixture(scope="module")
def now() -> int:
    return int(time.time()) * 1000


@pytest.fixture(scope="module")
def victoria(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Victoria]:
    """One server for all tests: each has devices of its own."""
    server = Victoria(tmp_path_factory.mktemp("victoria"), free_port())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def device(request: pytest.FixtureRequest) -> str:
    """The name of a device that no other test has."""
    return request.node.name[5:35]


@pytest.fixture
async def history(victoria: Victoria, tmp_path: Path) -> AsyncIterator[LineProtocolHistory]:
    opened = open_history(victoria, tmp_path)
    yield opened
    await opened.close()


def open_history(victoria: Victoria, folder: Path, **changes: Any) -> LineProtocolHistory:
    return LineProtocolHistory(victoria.url, folder / "spool", boolean_quantities=BOOLEANS, timing=FAST, **changes)


def reading(at: int, device: str, received: int | None = None, **values: Value) -> Reading:
    return Reading(device, "gas_alarm", at, at + 50 if received is None else received, values)


async def write(history: LineProtocolHistory, *readings: Reading, lane: Lane = Lane.BULK) -> int:
    """Append one entry after all before it; returns its position."""
    pos = max(history.position().values(), default=0) + 1
    history.append(lane, pos, readings)
    await history.flush()
    return pos


async def settled(history: LineProtocolHistory, victoria: Victoria) -> None:
    """Everything is accepted by the server and visible."""
    deadline = time.monotonic() + LONG_TIMEOUT_S
    while not await history.sent(1.0):
        assert time.monotonic() < deadline, history.server_status()
        await asyncio.sleep(0.02)
    victoria.settle()


def status(history: LineProtocolHistory) -> ServerStatus:
    found = history.server_status()
    assert found is not None
    return found


def exact(points: list[Point], since: int) -> list[str]:
    return [f"{point.at - since} {point.quantity} {point.value!r} {point.quality.value}" for point in points]


@pytest.mark.victoria
async def test_values_come_back_from_a_real_server(history: LineProtocolHistory, victoria: Victoria, now: int) -> None:
    odd: dict[str, Value] = {
        "lel_pct": 312.407,
        "co_ppm": 24,
        "alarm": True,
        "sos": False,
        "small": 0.1,
        "negative": -273.15,
        "large": 2**53,
        "key": '双击 "x",a=b',
    }
    hard = 'd,e=v "1" 号\\ x'
    await write(history, reading(now, hard, **odd), reading(now, "other", co_ppm=1))
    await settled(history, victoria)
    expected = [f"0 {name} {odd[name]!r} good" for name in sorted(odd)]
    assert exact(await history.series(hard, None, now, now + 1), now) == expected
    assert exact(await history.latest(hard), now) == expected
    assert exact(await history.series(hard, "co_ppm", now, now + 1), now) == ["0 co_ppm 24 good"]
    assert await history.series(hard, None, now + 1, now + 2) == []
    heard = reading(now, hard.replace("\\", "_"), **dict(sorted(odd.items())))
    assert list(history.sorted_replay(now, now + 1, [hard])) == [heard]


@pytest.mark.victoria
async def test_s5_texts_with_any_characters_and_the_empty_one_read_back_as_sent(
    history: LineProtocolHistory, victoria: Victoria, now: int, device: str
) -> None:
    draw, alphabet = random.Random(7), "\n\r\t\"'\\\\%,= 枫\0\u2028🍁a0"
    texts = ["", "%", "%0A", " ", *("".join(draw.choices(alphabet, k=draw.randint(1, 12))) for _ in range(200))]
    await write(history, *(reading(now + n, device, key=text) for n, text in enumerate(texts)))
    await settled(history, victoria)
    found = await history.series(device, "key", now, now + len(texts))
    assert [point.value for point in found] == texts


@pytest.mark.victoria
async def test_s1_a_number_a_verdict_and_a_text_of_one_quantity_lie_apart(
    history: LineProtocolHistory, victoria: Victoria, now: int, device: str
) -> None:
    await write(history, reading(now, device, level=True), reading(now + 1, device, level=5))
    await write(history, reading(now + 2, device, level="高"), reading(now + 3, device, level=False))
    await settled(history, victoria)
    found = await history.series(device, "level", now, now + 9)
    assert exact(found, now) == ["0 level True good", "1 level 5 good", "2 level '高' good", "3 level False good"]


@pytest.mark.victoria
async def test_what_an_earlier_version_wrote_is_read(
    history: LineProtocolHistory, victoria: Victoria, now: int, device: str
) -> None:
    tags = f"fengshao,device={device},kind=gas_alarm"
    victoria.post(f"{tags} alarm=true,lel_pct=24,received_ms={now} {now}\n{tags},word=100%\\ 双击 key=1 {now}")
    victoria.settle()
    await write(history, reading(now + 1, device, alarm=False))
    await settled(history, victoria)
    found = exact(await history.series(device, None, now, now + 9), now)
    assert found == ["0 alarm True good", "0 key '100% 双击' good", "0 lel_pct 24 good", "1 alarm False good"]


@pytest.mark.victoria
async def test_s6_the_newest_of_each_quantity_however_old_and_also_ahead(
    history: LineProtocolHistory, victoria: Victoria, now: int, device: str
) -> None:
    await write(
        history,
        reading(now - 400 * DAY, device, lel_pct=1),
        reading(now - 31 * DAY, device, alarm=True),
        reading(now + 5 * MINUTE, device, co_ppm=3),
        reading(now, device, co_ppm=4),
    )
    await settled(history, victoria)
    newest = exact(await history.latest(device), now)
    assert newest == [
        f"{-31 * DAY} alarm True good",
        f"{5 * MINUTE} co_ppm 3 good",
        f"{-400 * DAY} lel_pct 1 good",
    ]


@pytest.mark.victoria
async def test_the_position_survives_and_a_replay_shows_nothing_twice(
    history: LineProtocolHistory, victoria: Victoria, now: int, device: str, tmp_path: Path
) -> None:
    first = await write(history, reading(now, device, lel_pct=1))
    urgent = await write(history, reading(now + 1, device, lel_pct=2), lane=Lane.URGENT)
    await settled(history, victoria)
    assert history.position() == {Lane.BULK: first, Lane.URGENT: urgent}
    # As after a crash before the position was saved: another writer writes the same again.
    again = open_history(victoria, tmp_path / "other")
    assert again.position() == {Lane.BULK: first, Lane.URGENT: urgent}
    again._buffer = type(again._buffer)(100)
    again.append(Lane.BULK, first, [reading(now, device, lel_pct=1)])
    again.append(Lane.BULK, first + 1, [reading(now + 2, device, lel_pct=3)])
    await again.flush()
    await settled(again, victoria)
    assert [point.value for point in await again.series(device, None, now, now + DAY)] == [1, 2, 3]
    await again.close()


@pytest.mark.victoria
async def test_quality_buckets_pages_and_order(
    history: LineProtocolHistory, victoria: Victoria, now: int, device: str
) -> None:
    start = now - now % HOUR
    doubted = Reading(
        device, "gas_alarm", start, start, {"lel_pct": 900, "co_ppm": 1}, {"lel_pct": Quality.IMPLAUSIBLE}
    )
    late = reading(start + 10_000, device, received=start + HOUR, lel_pct=2.5, alarm=True)
    soon = reading(start + 20_000, device, lel_pct=4, alarm=False)
    await write(history, doubted, late, soon)
    await settled(history, victoria)
    whole = await history.series(device, None, start, start + MINUTE)
    assert [(p.quantity, p.quality) for p in whole[:2]] == [
        ("co_ppm", Quality.GOOD),
        ("lel_pct", Quality.IMPLAUSIBLE),
    ]
    steps = await history.series(device, None, start, start + MINUTE, MINUTE)
    assert exact(steps, start) == ["0 alarm False good", "0 co_ppm 1.0 good", "0 lel_pct 3.25 good"]
    first = await history.series(device, None, start, start + MINUTE, limit=1)
    cursor = next_cursor(first, 1)
    rest = await history.series(device, None, start, start + MINUTE, after=cursor)
    assert [*first, *rest] == whole
    replayed = list(history.sorted_replay(start, start + MINUTE, [device]))
    assert [one.received - start for one in replayed] == [0, 20_050, HOUR]
    assert replayed[0].doubts == {"lel_pct": Quality.IMPLAUSIBLE}
    await history.roll_up(now)
    await history.delete_expired(now, 1, 1, 1)


@pytest.mark.victoria
async def test_readings_wait_on_disk_while_the_server_is_unreachable(
    history: LineProtocolHistory, victoria: Victoria, now: int, device: str
) -> None:
    victoria.stop()
    pos = await write(history, reading(now, device, lel_pct=1))
    assert not await history.sent(5.0)
    assert (history.position()[Lane.BULK], history.pending, history.overflowed) == (pos, 0, False)
    assert "was not reached" in status(history).problem or "does not answer" in status(history).problem
    victoria.start()
    await settled(history, victoria)
    assert [point.value for point in await history.series(device, None, now, now + 1)] == [1]


@pytest.mark.victoria
async def test_what_a_server_accepted_and_lost_by_a_kill_is_sent_again(
    history: LineProtocolHistory, victoria: Victoria, now: int, device: str
) -> None:
    for n in range(20):
        await write(history, *(reading(now + 100 * n + i, device, lel_pct=100 * n + i) for i in range(100)))
        assert await history.sent(LONG_TIMEOUT_S)
    victoria.kill()
    victoria.start()
    await write(history, reading(now + 5_000, device, lel_pct=-1))
    deadline = time.monotonic() + LONG_TIMEOUT_S
    while status(history).resent < 2_000:  # the restart is seen when the server is asked next
        assert time.monotonic() < deadline, history.server_status()
        await asyncio.sleep(0.02)
    await settled(history, victoria)
    found = [point.value for point in await history.series(device, "lel_pct", now, now + 9_000, limit=9_000)]
    assert found == [*range(2_000), -1]
    assert status(history).resent >= 2_000


@pytest.mark.victoria
async def test_s2_rows_that_the_server_leaves_out_without_a_word_are_counted(
    history: LineProtocolHistory, victoria: Victoria, now: int, device: str
) -> None:
    await write(history, reading(now - 900 * DAY, device, lel_pct=1), reading(now, device, lel_pct=2))
    await settled(history, victoria)
    await write(history, reading(now + 1, device, lel_pct=float("nan")))
    await settled(history, victoria)
    deadline = time.monotonic() + LONG_TIMEOUT_S
    while not status(history).left_out.get("small_timestamp"):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    assert [point.value for point in await history.series(device, None, now, now + 9)] == [2]


async def test_a_server_that_is_unreachable_at_the_first_start_raises_a_store_error(
    free_port: Callable[[], int], tmp_path: Path
) -> None:
    with pytest.raises(StoreError, match="did not answer"):
        LineProtocolHistory(f"http://127.0.0.1:{free_port()}", tmp_path)


@pytest.mark.victoria
async def test_a_full_spool_refuses_and_the_readings_stay_in_memory(
    victoria: Victoria, now: int, device: str, tmp_path: Path
) -> None:
    history = open_history(victoria, tmp_path, spool_bytes_max=100)
    with pytest.raises(CannotWrite, match="the history spool is full"):
        await write(history, reading(now, device, lel_pct=1))
    assert history.pending == 1
    with pytest.raises(CannotWrite):
        await history.close()
