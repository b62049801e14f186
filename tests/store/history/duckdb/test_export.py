"""A time of the history in a file of its own, while the history goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain import DAY, HOUR, Lane, Reading
from store.history.duckdb.history import DuckDbHistory

T0 = 1_795_219_200_000  # the beginning of a day, UTC


@pytest.fixture
async def history(tmp_path: Path) -> AsyncIterator[DuckDbHistory]:
    held = DuckDbHistory(tmp_path / "history.duckdb")
    past = [
        Reading(device, "door", T0 + hour * HOUR, T0 + hour * HOUR, {"opened": hour % 2 == 0, "step": hour})
        for hour in range(72)
        for device in ("a", "it's")
    ]
    held.append(Lane.BULK, 1, past[:100])
    await held.roll_up(T0 + 3 * DAY)
    held.append(Lane.BULK, 2, past[100:])
    yield held
    await held.close()


async def test_what_was_taken_out_is_what_was_said_in_that_time(history: DuckDbHistory, tmp_path: Path) -> None:
    parts: list[float] = []
    history.export(tmp_path / "o'clock.duckdb", T0 + 12 * HOUR, T0 + 60 * HOUR, on_progress=parts.append)
    taken = DuckDbHistory(tmp_path / "o'clock.duckdb")
    whole = (T0, T0 + 3 * DAY)
    assert list(taken.sorted_replay(*whole)) == list(history.sorted_replay(T0 + 12 * HOUR, T0 + 60 * HOUR))
    assert (taken.first_received(), history.first_received()) == (T0 + 12 * HOUR, T0)
    assert parts == sorted(parts)
    await taken.close()


async def test_some_devices_may_be_taken_out_alone_and_the_history_goes_on(
    history: DuckDbHistory, tmp_path: Path
) -> None:
    history.export(tmp_path / "one.duckdb", T0, T0 + 3 * DAY, ["it's", "unknown"])
    history.export(tmp_path / "none.duckdb", T0, T0 + 3 * DAY, [])
    taken, empty = DuckDbHistory(tmp_path / "one.duckdb"), DuckDbHistory(tmp_path / "none.duckdb")
    assert {one.device for one in taken.sorted_replay(T0, T0 + 3 * DAY)} == {"it's"}
    assert (empty.first_received(), list(empty.sorted_replay(T0, T0 + 3 * DAY))) == (None, [])
    history.append(Lane.BULK, 3, [Reading("a", "door", T0 + 4 * DAY, T0 + 4 * DAY, {"opened": True})])
    await history.flush()
    assert history.position() == {Lane.BULK: 3}
    await taken.close()
    await empty.close()


async def test_whoever_wants_it_no_more_ends_it_and_nothing_is_left_attached(
    history: DuckDbHistory, tmp_path: Path
) -> None:
    def stop(_part: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        history.export(tmp_path / "half.duckdb", T0, T0 + 3 * DAY, on_progress=stop)
    history.export(tmp_path / "whole.duckdb", T0, T0 + 3 * DAY)
    assert len(list(history.sorted_replay(T0, T0 + 3 * DAY))) == 144


async def test_what_arrived_days_after_it_was_measured_belongs_to_its_arrival(tmp_path: Path) -> None:
    history = DuckDbHistory(tmp_path / "late.duckdb")
    late = Reading("a", "door", T0 - 2 * DAY, T0 + 2 * HOUR, {"opened": True})
    on_time = Reading("a", "door", T0 + HOUR, T0 + HOUR, {"opened": False})
    history.append(Lane.BULK, 1, [late, on_time])
    await history.roll_up(T0 + DAY)
    assert history.first_received() == T0 + HOUR
    assert list(history.sorted_replay(T0, T0 + 3 * HOUR)) == [on_time, late]
    assert list(history.sorted_replay(T0 - 3 * DAY, T0)) == []
    history.export(tmp_path / "copy.duckdb", T0 + 2 * HOUR, T0 + 3 * HOUR)
    taken = DuckDbHistory(tmp_path / "copy.duckdb")
    assert list(taken.sorted_replay(0, T0 + DAY)) == [late]
    await taken.close()
    await history.close()
