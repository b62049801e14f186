"""Walking up a tree of places."""

from __future__ import annotations

from domain import Place
from domain.places import is_below, self_and_ancestors

TREE = {
    place.id: place
    for place in (
        Place("compound", "枫林苑", "compound", "missing"),
        Place("building", "3栋", "building", "compound"),
        Place("a", "a", "zone", "b"),
        Place("b", "b", "zone", "a"),
    )
}


def test_the_nearest_comes_first_and_a_missing_parent_ends_the_walk() -> None:
    assert [place.id for place in self_and_ancestors(TREE, "building")] == ["building", "compound"]
    assert list(self_and_ancestors(TREE, "missing")) == []
    assert list(self_and_ancestors(TREE, None)) == []


def test_a_loop_ends_the_walk() -> None:
    assert [place.id for place in self_and_ancestors(TREE, "a")] == ["a", "b"]


def test_a_place_is_below_itself_and_everything_on_its_path() -> None:
    assert is_below(TREE, "building", "building")
    assert is_below(TREE, "building", "compound")
    assert is_below(TREE, "building", "missing")
    assert is_below(TREE, "missing", "missing")
    assert not is_below(TREE, "compound", "building")
    assert not is_below(TREE, None, "compound")
    assert is_below(TREE, "a", "b")
