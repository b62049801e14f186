"""Overrides, swaps and calendar links in the database."""

from __future__ import annotations

from datetime import date

from msgspec.structs import replace
from sqlalchemy import Connection

from domain import DayType, Duty
from domain.rosters import (
    Handover,
    Override,
    OverrideKind,
    Rotation,
    RotationLayer,
    Shift,
    Swap,
    SwapState,
)
from store.database import registry
from store.database.registry import rosters

ROTATION = Rotation(
    "r",
    "三班倒",
    ("g1", "g2"),
    "worker",
    (
        RotationLayer(
            0,
            (("a",), ("b", "c")),
            (Shift("早", 480, 480, (1, 2), (DayType.WORKDAY,)),),
            Handover(date(2026, 11, 30), 480, 7, 1),
        ),
    ),
    ("fire",),
    5,
    None,
)
LEAVE = Override("o1", OverrideKind.LEAVE, "a", 10, 20, leave="年假", reason="回家", made_by="t1", made_at=3)
SWAP = Swap("s1", "a", "b", 10, 20, 15, back_since=30, back_until=40, reason="换班", proposed_at=2, proposed_by="t1")


def test_rotations_and_overrides_are_part_of_the_community(tx: Connection) -> None:
    duty = Duty("1", "g1", "department", "a", hazards=("fire",), days=(DayType.MAKEUP_WORKDAY,))
    registry.put_duties(tx, [duty], 1)
    assert registry.put_rotations(tx, [ROTATION], 1).created == ("r",)
    assert registry.put_rotations(tx, [ROTATION], 1).unchanged == ("r",)
    rosters.add_overrides(tx, [LEAVE], 1)
    people = registry.community(tx)
    assert (people.duties, people.rotations, list(people.overrides)) == ((duty,), (ROTATION,), [LEAVE])


def test_every_change_of_overrides_is_a_new_version_of_the_registry(tx: Connection) -> None:
    before = registry.registry_version(tx)
    rosters.add_overrides(tx, [], 1)
    assert registry.registry_version(tx) == before
    rosters.add_overrides(tx, [LEAVE], 1)
    rosters.add_overrides(tx, [replace(LEAVE, until=25)], 2)
    assert rosters.get_override(tx, "o1") == replace(LEAVE, until=25)
    assert rosters.remove_override(tx, "o1", 3)
    assert not rosters.remove_override(tx, "o1", 3)
    assert rosters.get_override(tx, "o1") is None
    assert registry.registry_version(tx) == before + 3


def test_an_accepted_swap_is_settled_once_and_its_halves_are_removed_together(tx: Connection) -> None:
    rosters.add_swap(tx, SWAP)
    assert rosters.get_swap(tx, "s1") == SWAP
    assert rosters.get_swap(tx, "s2") is None
    accepted = replace(SWAP, state=SwapState.ACCEPTED, answered_at=5, answered_by="b")
    assert rosters.settle_swap(tx, accepted, SwapState.PROPOSED)
    assert not rosters.settle_swap(tx, replace(SWAP, state=SwapState.DECLINED), SwapState.PROPOSED)
    assert rosters.list_swaps(tx, 10) == [accepted]
    rosters.add_overrides(tx, [LEAVE, *accepted.overrides(5, "b")], 5)
    rosters.remove_overrides_of_swap(tx, "s1", 6)
    rosters.remove_overrides_of_swap(tx, "s1", 6)
    assert list(registry.community(tx).overrides) == [LEAVE]


def test_what_ended_long_ago_is_deleted(tx: Connection) -> None:
    rosters.add_overrides(tx, [LEAVE, replace(LEAVE, id="o2", until=90)], 1)
    rosters.add_swap(tx, SWAP)
    assert rosters.purge_overrides(tx, 50, 60) == 2
    assert [one.id for one in registry.community(tx).overrides] == ["o2"]


def test_calendar_links_are_found_by_their_hash_until_they_are_revoked(tx: Connection) -> None:
    rosters.add_calendar_link(tx, rosters.CalendarLink("hash", "a", 1, "t1"))
    assert rosters.person_of_calendar_link(tx, "hash") == "a"
    assert rosters.person_of_calendar_link(tx, "other") is None
    assert rosters.revoke_calendar_links(tx, "a") == 1
    assert rosters.person_of_calendar_link(tx, "hash") is None
