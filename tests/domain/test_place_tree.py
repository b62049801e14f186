"""What lies in a place, from spans of one order of all places."""

from __future__ import annotations

import random

from domain import Place
from domain.place_tree import PlaceTree
from domain.places import is_below

STREET = [
    Place("b", "B", "compound", "a"),
    Place("a", "A", "street"),
    Place("c", "C", "building", "b"),
    Place("d", "D", "compound", "a"),
]
ORPHAN = [Place("o", "O", "building", "gone"), Place("p", "P", "household", "o")]
LOOP = [Place("x", "X", "floor", "y"), Place("y", "Y", "floor", "x"), Place("z", "Z", "floor", "y")]


def tree_of(*places: Place) -> PlaceTree:
    return PlaceTree({place.id: place for place in places})


def test_a_place_contains_itself_and_everything_below_also_in_a_loop_or_under_a_parent_that_is_gone() -> None:
    tree = tree_of(*STREET, *ORPHAN, *LOOP)

    assert tree.inside("a") == {"a", "b", "c", "d"}
    assert set(tree.inside("b")) == {"b", "c"}
    assert tree.inside("gone") == {"gone", "o", "p"}
    assert tree.inside("x") == {"x", "y", "z"}
    assert tree.inside("unknown") == {"unknown"}
    assert [one.id for one in tree.outermost] == ["a", "o"]
    assert [tree.number_below(one) for one in ("a", "b", "c", "x", "unknown")] == [3, 1, 0, 0, 0]
    assert sorted(tree.in_loops) == ["x", "y", "z"]


def test_two_places_have_in_common_the_inner_one_or_nothing() -> None:
    tree = tree_of(*STREET, *LOOP)

    assert tree.inside("a") & tree.inside("b") == {"b", "c"}
    assert tree.inside("b") & tree.inside("a") == {"b", "c"}
    assert tree.inside("b") & tree.inside("d") == set()
    assert tree.inside("a") & tree.inside("x") == set()
    assert tree.inside("a") & tree_of(*STREET[:3]).inside("b") == {"b", "c"}
    assert {"c", "elsewhere"} & tree.inside("a") == {"c"}


def test_several_places_are_one_set_in_which_an_inner_one_counts_once() -> None:
    tree = tree_of(*STREET, *LOOP)

    both = tree.inside_any(["c", "d", "b", "x", "unknown"])
    assert both == {"b", "c", "d", "x", "y", "z", "unknown"}
    assert len(both) == 7
    assert both.intersection(tree.inside("a")) == {"b", "c", "d"}
    assert tree.inside("a").intersection(both) == {"b", "c", "d"}
    assert both.intersection(tree.inside_any(["c", "z"])) == {"c", "z"}
    assert "elsewhere" not in both


def test_outer_places_come_first_and_of_two_beside_each_other_the_one_with_the_short_name() -> None:
    named = [
        Place("l", "long name", "compound", "a"),
        Place("m", "M", "building", "l"),
        Place("n", "N", "compound", "gone"),
    ]
    tree = tree_of(*STREET, *named, *LOOP)

    assert list(tree.outer_first(tree.inside_any(["a", "gone", "x"]))) == [
        *("gone", "a", "b", "d", "n", "l", "c", "m"),
        *("x", "y", "z"),
    ]


def test_spans_contain_what_the_way_upwards_contains_in_any_tree() -> None:
    drawn = random.Random(7)
    names = [f"p{number}" for number in range(60)]
    for _ in range(30):
        places = {
            name: Place(name, name, "zone", drawn.choice([None, "gone", *names])) for name in drawn.sample(names, 40)
        }
        tree = PlaceTree(places)
        for root in [*places, "gone", "unknown"]:
            assert {one for one in places if one in tree.inside(root)} == {
                one for one in places if is_below(places, one, root)
            }
            assert set(tree.inside(root)) - {root} == {
                one for one in places if one != root and is_below(places, one, root)
            }
