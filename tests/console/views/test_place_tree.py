"""Places under a place."""

from __future__ import annotations

from console.views.place_tree import descendants
from domain import Place


def test_descendants_end_even_when_the_tree_has_a_loop() -> None:
    tree = [Place("a", "A", "street"), Place("b", "B", "compound", "a"), Place("c", "C", "building", "b")]
    loop = [Place("x", "X", "floor", "y"), Place("y", "Y", "floor", "x")]
    places = {place.id: place for place in (*tree, *loop)}

    assert descendants(places, "a") == {"a", "b", "c"}
    assert descendants(places, "x") == {"x", "y"}
    assert descendants(places, "unknown") == {"unknown"}
