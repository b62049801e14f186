"""Overrides, leave and swaps: who works in place of whom, in which order, and what removing one restores."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alerts.roster.on_duty import absent_people, assignments, last_resort_people, on_duty
from domain import HOUR, Duty
from domain.rosters import Override, OverrideKind, Swap, SwapState
from tests.alerts.roster.roster_builders import TZ, at, override, site

NOON = at(12, 1, 12)
SINCE, UNTIL = NOON - HOUR, NOON + HOUR
DUTY, OTHER = Duty("1", "g1", "worker", "a"), Duty("2", "g2", "worker", "b")


def working(*overrides: Override, cell: str = "g1", now: int = NOON, absent: str = "") -> list[str]:
    absences = [Duty("x", "street", "street", absent, absent=True)] if absent else []
    community = site(DUTY, OTHER, *absences, overrides=overrides)
    return [person.id for person in on_duty(community, cell, "worker", now, TZ)]


def test_a_cover_works_in_its_hours_only() -> None:
    cover = override("1", "a", "c", SINCE, UNTIL)
    assert [working(cover, now=now) for now in (SINCE - 1, SINCE, UNTIL - 1, UNTIL)] == [["a"], ["c"], ["c"], ["a"]]


def test_a_cover_of_one_cell_or_role_leaves_the_others() -> None:
    assert working(override("1", "a", "c", SINCE, UNTIL, cell="g2")) == ["a"]
    assert working(override("1", "a", "c", SINCE, UNTIL, role="lead")) == ["a"]
    assert working(override("1", "a", "c", SINCE, UNTIL, cell="g1", role="worker")) == ["c"]


def test_the_newest_of_overlapping_overrides_is_followed_and_removing_it_restores_the_one_before() -> None:
    first = override("1", "a", "c", SINCE, UNTIL, made_at=1)
    second = override("2", "a", "d", SINCE, UNTIL, made_at=2)
    same_time = override("3", "a", "e", SINCE, UNTIL, made_at=2)
    assert working(first, second) == working(second, first) == ["d"]
    assert working(first, second, same_time) == ["e"]
    assert working(first) == ["c"]
    assert working() == ["a"]


def test_a_substitute_may_be_replaced_and_the_reason_names_both() -> None:
    first, second = override("1", "a", "c", SINCE, UNTIL, made_at=1), override("2", "c", "d", SINCE, UNTIL, made_at=2)
    assert working(first, second) == ["d"]
    (found,) = assignments(site(DUTY, overrides=[first, second]), "g1", "worker", NOON, TZ)
    assert (found.duty, found.scheduled, [one.id for one in found.overrides]) == ("1", "a", ["1", "2"])


def test_a_leave_takes_off_duty_everywhere_and_its_substitute_works() -> None:
    leave = override("1", "a", None, SINCE, UNTIL, OverrideKind.LEAVE, leave="病假")
    assert working(leave) == []
    assert working(override("1", "a", "d", SINCE, UNTIL, OverrideKind.LEAVE)) == ["d"]
    community = site(DUTY, overrides=[leave])
    assert absent_people(community, NOON, TZ) == {"a"}
    assert absent_people(community, UNTIL, TZ) == frozenset()
    assert [person.id for person in last_resort_people(community, ("a", "b"), NOON, TZ)] == ["b"]


def test_an_arrangement_is_not_lost_by_a_leave_registered_after_it() -> None:
    cover = override("1", "a", "c", SINCE, UNTIL, made_at=1)
    assert working(cover, override("2", "a", None, SINCE, UNTIL, OverrideKind.LEAVE, made_at=2)) == ["c"]
    assert working(cover, absent="a") == ["c"]
    assert working(absent="a") == []


def test_an_absent_substitute_is_passed_over_for_an_earlier_one() -> None:
    cover = override("1", "a", "c", SINCE, UNTIL, made_at=2)
    assert working(cover, absent="c") == []
    assert working(cover, override("0", "a", "d", SINCE, UNTIL, made_at=1), absent="c") == ["d"]
    on_leave = override("3", "c", None, SINCE, UNTIL, OverrideKind.LEAVE)
    assert working(cover, on_leave) == []


def test_a_swap_within_the_same_hours_exchanges_both() -> None:
    swap = Swap("s", "a", "b", SINCE, UNTIL, UNTIL, back_since=SINCE, back_until=UNTIL)
    assert swap.state_at(UNTIL - 1) is SwapState.PROPOSED
    assert swap.state_at(UNTIL) is SwapState.EXPIRED
    halves = swap.overrides(NOON, "token")
    assert [(half.id, half.person, half.substitute, half.kind) for half in halves] == [
        ("s-1", "a", "b", OverrideKind.SWAP),
        ("s-2", "b", "a", OverrideKind.SWAP),
    ]
    assert (working(*halves), working(*halves, cell="g2")) == (["b"], ["a"])


def test_a_favour_is_a_swap_without_a_way_back() -> None:
    assert len(Swap("s", "a", "b", SINCE, UNTIL, UNTIL).overrides(NOON, "token")) == 1


people = st.sampled_from("abcde")
hours = st.tuples(st.integers(-3, 3), st.integers(1, 4)).map(
    lambda span: (NOON + span[0] * HOUR, NOON + (span[0] + span[1]) * HOUR)
)
records = st.lists(
    st.tuples(people, st.none() | people, hours, st.sampled_from(OverrideKind), st.integers(0, 3)), max_size=6
).map(
    lambda rows: [
        override(str(number), who, None if to == who else to, *span, kind, made_at=made_at)
        for number, (who, to, span, kind, made_at) in enumerate(rows)
    ]
)


@given(records, st.randoms(use_true_random=False))
def test_the_order_of_storing_does_not_matter_and_removing_all_restores_the_roster(
    overrides: list[Override], random: object
) -> None:
    shuffled = list(overrides)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert working(*overrides) == working(*shuffled)
    assert len(working(*overrides)) <= 1
    for removed in overrides:
        rest = [one for one in overrides if one is not removed]
        held = removed.since <= NOON < removed.until
        assert held or working(*overrides) == working(*rest)
