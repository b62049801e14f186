"""People by name or phone."""

from __future__ import annotations

from domain import Person
from domain.people_search import PLACES_MAX, PeopleSearch


def test_a_name_is_found_by_a_part_and_a_phone_as_a_whole_only() -> None:
    search = PeopleSearch(
        [Person("a", "Anna王", phone="13800000001"), Person("b", "王伟"), Person("c", "139", phone="13900000001")]
    )
    assert search.find("王") == {"a", "b"}
    assert search.find("ANNA") == {"a"}
    assert search.find("13800000001") == {"a"}
    assert search.find("1380000") == set()
    assert search.find("139") == {"c"}


def test_what_was_collected_for_a_place_is_kept_for_some_places() -> None:
    search, collected = PeopleSearch([]), list[str]()

    def ask(place: str) -> list[str]:
        def collect() -> list[str]:
            collected.append(place)
            return [place]

        return list(search.kept_ids(place, collect))

    places = [f"p{number}" for number in range(PLACES_MAX)]
    assert [ask(place) for place in (*places, "p0")] == [[place] for place in (*places, "p0")]
    assert collected == places
    assert ask("one more") == ["one more"]
    assert ask("p0") == ["p0"]
    assert collected == [*places, "one more", "p0"]
