"""The buffer of a history: order, replays, and a lane that is cut off when it is full."""

from __future__ import annotations

from domain import Lane, Reading
from store.history.buffer import Buffer, last_positions


def readings(count: int) -> list[Reading]:
    return [Reading("g1", "gas_alarm", 0, 0, {"alarm": False}) for _ in range(count)]


def test_entries_stay_until_they_are_dropped() -> None:
    buffer = Buffer(10)
    for pos in (1, 2, 3):
        assert buffer.append(Lane.BULK, pos, readings(2))
    front = buffer.front(3)
    assert [pos for _, pos, _ in front] == [1, 2]
    assert buffer.front(3) == front
    buffer.drop(front)
    assert (buffer.readings, last_positions(buffer.front(99))) == (2, {Lane.BULK: 3})


def test_an_entry_appended_before_is_ignored() -> None:
    buffer = Buffer(10)
    buffer.resume({Lane.BULK: 5})
    assert buffer.append(Lane.BULK, 5, readings(1))
    assert buffer.append(Lane.URGENT, 5, readings(1))
    assert last_positions(buffer.front(99)) == {Lane.URGENT: 5}


def test_a_full_buffer_cuts_off_the_lane_and_not_the_other_one() -> None:
    buffer = Buffer(3)
    assert buffer.append(Lane.BULK, 1, readings(2))
    assert not buffer.append(Lane.BULK, 2, readings(2))
    assert not buffer.append(Lane.BULK, 3, readings(0)), "positions must have no gaps"
    assert buffer.append(Lane.URGENT, 1, readings(1))
    assert buffer.overflowed
    assert last_positions(buffer.front(99)) == {Lane.BULK: 1, Lane.URGENT: 1}
