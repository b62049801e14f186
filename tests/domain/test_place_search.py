"""Places by a word of their path, as somebody types it."""

from __future__ import annotations

import random

from domain import Place
from domain.addresses import NO_NAME
from domain.place_search import PlaceSearch
from domain.place_tree import PlaceTree
from domain.places import is_below

PLACES = {
    place.id: place
    for place in (
        Place("u1", NO_NAME, "unit", "b3"),
        Place("b3", "3栋", "building", "g"),
        Place("b13", "13栋", "building", "g"),
        Place("d402", "402", "household", "u1"),
        Place("g", "Maple苑", "compound"),
        Place("loop", "环", "zone", "loop"),
    )
}


def search_in(places: dict[str, Place]) -> PlaceSearch:
    return PlaceSearch(places, PlaceTree(places))


def test_a_word_is_looked_for_in_the_whole_path_without_levels_that_have_no_name() -> None:
    search = search_in(PLACES)
    assert [set(search.find(word)) for word in ("maple", "3栋402", "苑3", NO_NAME, "环", "x")] == [
        {"g", "b3", "b13", "u1", "d402"},
        {"d402"},
        {"b3", "u1", "d402"},
        set(),
        {"loop"},
        set(),
    ]


def test_it_finds_what_a_look_at_every_path_finds_in_any_tree() -> None:
    drawn, names = random.Random(11), [f"p{number}" for number in range(30)]
    for _ in range(40):
        places = {
            name: Place(
                name,
                drawn.choice([NO_NAME, "1", "1栋", "栋", "A1", "苑"]),
                "zone",
                drawn.choice([None, "gone", *names]),
            )
            for name in drawn.sample(names, 20)
        }
        search = search_in(places)
        for word in ("1", "栋", "1栋", "栋1", "苑1栋a", "a1苑", "11", "无"):
            having = [place for place in places if word in search.path(place)]
            below = {place for place in places if any(is_below(places, place, one) for one in having)}
            looped = set(PlaceTree(places).in_loops)
            assert set(search.find(word)) - looped == below - looped
            assert looped.intersection(having) <= set(search.find(word))
