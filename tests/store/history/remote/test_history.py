"""The history on a VictoriaMetrics server."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from domain import DAY, HOUR, MINUTE, Lane, Quality, Reading, Value
from store.errors import CannotWrite, StoreError
from store.history import Point, next_cursor
from store.history.remote.history import LineProtocolHistory

BOOLEANS = frozenset({"alarm", "sos"})


class Victoria:
    """A real VictoriaMetrics on a free port, with its data in a folder of the test."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port, self.url = folder, port, f"http://127.0.0.1:{port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        binary = shutil.which("victoria-metrics") or shutil.which("victoria-metrics", path="/usr/sbin:/usr/bin")
        if binary is None:
            pytest.skip("victoria-metrics is not installed (Debian package victoria-metrics)")
        self.process = subprocess.Popen(
            [
                binary,
                f"-storageDataPath={self.folder}",
                f"-httpListenAddr=127.0.0.1:{self.port}",
                "-retentionPeriod=2y",
                "-loggerLevel=ERROR",
                "-memory.allowedBytes=128MB",
            ],
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        for _ in range(400):
            if self._get("/health"):
                return
            time.sleep(0.025)
        raise RuntimeError("victoria-metrics did not answer within 10 s")

    def settle(self) -> None:
        """Make what was written visible at once; a server does this by itself every second."""
        assert self._get("/internal/force_flush")

    def _get(self, path: str) -> bool:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            try:
                connection.request("GET", path)
                return connection.getresponse().status == 200
            except OSError:
                return False

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None


@pytest.fixture(scope="module")
def now() -> int:
    return int(time.time()) * 1000


@pytest.fixture
def victoria(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Victoria]:
    server = Victoria(tmp_path / "victoria", free_port())
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def history(victoria: Victoria) -> AsyncIterator[LineProtocolHistory]:
    opened = LineProtocolHistory(victoria.url, boolean_quantities=BOOLEANS)
    yield opened
    await opened.close()


def reading(at: int, device: str = "g1", received: int | None = None, **values: Value) -> Reading:
    return Reading(device, "gas_alarm", at, at + 50 if received is None else received, values)


async def settled(history: LineProtocolHistory, victoria: Victoria) -> None:
    await history.flush()
    victoria.settle()


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
    history.append(Lane.BULK, 7, [reading(now, hard, **odd), reading(now, "other", co_ppm=1)])
    await settled(history, victoria)
    expected = [f"0 {name} {odd[name]!r} good" for name in sorted(odd)]
    assert exact(await history.series(hard, None, now, now + 1), now) == expected
    assert exact(await history.latest(hard), now) == expected
    assert exact(await history.series(hard, "co_ppm", now, now + 1), now) == ["0 co_ppm 24 good"]
    assert await history.series(hard, None, now + 1, now + 2) == []
    heard = reading(now, hard.replace("\\", "_"), **dict(sorted(odd.items())))
    assert list(history.sorted_replay(now, now + 1, [hard])) == [heard]


@pytest.mark.victoria
async def test_the_position_survives_and_a_replay_shows_nothing_twice(
    history: LineProtocolHistory, victoria: Victoria, now: int
) -> None:
    history.append(Lane.BULK, 3, [reading(now, lel_pct=1)])
    history.append(Lane.URGENT, 9, [reading(now + 1, lel_pct=2)])
    history.append(Lane.BULK, 4, [])
    await settled(history, victoria)
    assert history.position() == {Lane.BULK: 4, Lane.URGENT: 9}
    # As after a crash between data and position: another writer knows nothing and writes the same again.
    again = LineProtocolHistory(victoria.url, boolean_quantities=BOOLEANS)
    assert again.position() == {Lane.BULK: 4, Lane.URGENT: 9}
    again._buffer = type(again._buffer)(100)
    again.append(Lane.BULK, 3, [reading(now, lel_pct=1)])
    again.append(Lane.BULK, 5, [reading(now + 2, lel_pct=3)])
    await settled(again, victoria)
    assert [point.value for point in await again.series("g1", None, now, now + DAY)] == [1, 2, 3]
    await again.close()


@pytest.mark.victoria
async def test_quality_buckets_pages_and_order(history: LineProtocolHistory, victoria: Victoria, now: int) -> None:
    start = now - now % HOUR
    doubted = Reading("g1", "gas_alarm", start, start, {"lel_pct": 900, "co_ppm": 1}, {"lel_pct": Quality.IMPLAUSIBLE})
    late = reading(start + 10_000, received=start + HOUR, lel_pct=2.5, alarm=True)
    soon = reading(start + 20_000, lel_pct=4, alarm=False)
    history.append(Lane.BULK, 1, [doubted, late, soon])
    await settled(history, victoria)
    whole = await history.series("g1", None, start, start + MINUTE)
    assert [(p.quantity, p.quality) for p in whole[:2]] == [
        ("co_ppm", Quality.GOOD),
        ("lel_pct", Quality.IMPLAUSIBLE),
    ]
    steps = await history.series("g1", None, start, start + MINUTE, MINUTE)
    assert exact(steps, start) == ["0 alarm False good", "0 co_ppm 1.0 good", "0 lel_pct 3.25 good"]
    first = await history.series("g1", None, start, start + MINUTE, limit=1)
    cursor = next_cursor(first, 1)
    rest = await history.series("g1", None, start, start + MINUTE, after=cursor)
    assert [*first, *rest] == whole
    replayed = list(history.sorted_replay(start, start + MINUTE))
    assert [one.received - start for one in replayed] == [0, 20_050, HOUR]
    assert replayed[0].doubts == {"lel_pct": Quality.IMPLAUSIBLE}
    await history.roll_up(now)
    await history.delete_expired(now, 1, 1, 1)


@pytest.mark.victoria
async def test_readings_stay_in_memory_while_the_server_is_unreachable(
    history: LineProtocolHistory, victoria: Victoria, now: int
) -> None:
    victoria.stop()
    history.append(Lane.BULK, 1, [reading(now, lel_pct=1)])
    with pytest.raises(CannotWrite, match="took nothing"):
        await history.flush()
    assert (history.position(), history.pending, history.overflowed) == ({}, 1, False)
    victoria.start()
    await settled(history, victoria)
    assert [point.value for point in await history.series("g1", None, now, now + 1)] == [1]
    assert history.position() == {Lane.BULK: 1}


def test_a_server_that_is_unreachable_at_the_start_raises_a_store_error(free_port: Callable[[], int]) -> None:
    with pytest.raises(StoreError, match="did not answer"):
        LineProtocolHistory(f"http://127.0.0.1:{free_port()}")
