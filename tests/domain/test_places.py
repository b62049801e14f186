"""Walking up a tree of places."""

from __future__ import annotations

from domain import Place
from domain.places import self_and_ancestors

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
