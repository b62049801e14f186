"""Changes between two journal entries, and those that an earlier run recorded."""

from __future__ import annotations

from app.pipeline.changes import Change, PendingChanges
from domain import Lane


def change() -> Change:
    return lambda: []


async def test_a_change_added_while_another_is_applied_waits_for_the_next_gap() -> None:
    changes, applied = PendingChanges(), list[str]()

    async def first() -> None:
        applied.append("first")
        changes.add_function(lambda: applied.append("second"))

    changes.add(first)
    assert await changes.apply_all()
    assert applied == ["first"]
    assert await changes.apply_all()
    assert applied == ["first", "second"]
    assert not await changes.apply_all()


def test_a_recorded_change_is_due_when_every_lane_has_reached_its_position() -> None:
    changes, first, second = PendingChanges(), change(), change()
    changes.recorded = [({Lane.URGENT: 5, Lane.BULK: 3}, first), ({Lane.BULK: 9}, second)]

    assert list(changes.due_recorded({Lane.URGENT: 5, Lane.BULK: 2})) == []
    assert list(changes.due_recorded({Lane.URGENT: 5, Lane.BULK: 3})) == [first]
    assert list(changes.due_recorded({Lane.BULK: 8})) == []
    assert list(changes.due_recorded(None)) == [second]


def test_a_recorded_change_never_overtakes_an_earlier_one() -> None:
    changes = PendingChanges()
    changes.recorded = [({Lane.BULK: 9}, change()), ({Lane.BULK: 1}, change())]

    assert list(changes.due_recorded({Lane.BULK: 5})) == []
