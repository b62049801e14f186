"""Rotations of a town's staff, judged by the roster of the service: hours, and who works when."""

from __future__ import annotations

from collections import Counter
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from alerts.roster.on_duty import on_duty_ranked
from domain import HOUR, Instant
from domain.people import Community, community
from simulators.town.population.build import build_town

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
TUESDAY: Final[Instant] = 1_794_844_800_000
WEEKS: Final = 3
ROLES: Final = {"g01": "worker", "g02": "worker", "g03": "worker", "community": "community", "street": "street"}


@pytest.fixture(scope="module")
def people() -> Community:
    town = build_town("small", 1)
    return community(town.places, town.cells, town.people, town.duties, rotations=town.rotations)


def first_called(people: Community, cell: str, role: str, at: Instant) -> list[str]:
    return [person.id for rank, person in on_duty_ranked(people, cell, role, at, SHANGHAI) if rank == 0]


def test_a_grid_worker_has_a_working_week(people: Community) -> None:
    """At most 44 hours a week on average (labour law), the nights included."""
    hours = Counter[str]()
    for hour in range(WEEKS * 7 * 24):
        hours.update(
            {who for cell, role in ROLES.items() for who in first_called(people, cell, role, TUESDAY + hour * HOUR)}
        )
    workers = {who: count / WEEKS for who, count in hours.items() if who.startswith(("worker-", "deputy-", "relief-"))}
    assert len(workers) == 9
    assert max(workers.values()) <= 44
    assert {who for who in hours if who.startswith("community-")} == {
        "community-day", "community-night", "community-relief", "community-reserve",
    }  # fmt: skip
    assert sum(who.startswith("street-duty") for who in hours) == 8


def test_the_night_is_of_one_worker_for_all_grids_of_an_area_who_was_off_that_day(people: Community) -> None:
    for day in range(WEEKS * 7):
        night = TUESDAY + (day * 24 + 22) * HOUR
        on_call = {tuple(first_called(people, cell, "worker", night)) for cell in ("g01", "g02", "g03")}
        assert len(on_call) == 1
        by_day = {
            who
            for hour in (-12, 12)
            for cell in ("g01", "g02", "g03")
            for who in first_called(people, cell, "worker", night + hour * HOUR)
        }
        assert not by_day & {who for team in on_call for who in team}


def test_the_demonstration_has_one_person_for_each_post_at_any_hour() -> None:
    town = build_town("demo", 1)
    demo = community(town.places, town.cells, town.people, town.duties, rotations=town.rotations)
    found = {tuple(first_called(demo, "g01", "worker", TUESDAY + hour * HOUR)) for hour in range(0, 96, 5)}
    assert found == {("worker-01",)}


def test_posts_at_any_hour_are_held_in_turns(people: Community) -> None:
    """Gas and water companies, patrol, property, doctor: four persons each; out of hours the clinic has three."""
    posts = {("street", "department", "gas"): 4, ("street", "department", "water"): 4, ("street", "patrol", None): 4}
    posts |= {("street", "gas_company", None): 4, ("community", "doctor", None): 4, ("m01", "property", None): 4}
    posts[("community", "clinic", None)] = 4
    for (cell, role, hazard), size in posts.items():
        hours = Counter[str]()
        for hour in range(WEEKS * 7 * 24):
            found = on_duty_ranked(people, cell, role, TUESDAY + hour * HOUR, SHANGHAI, hazard)
            first = [person.id for rank, person in found if rank == found[0][0]]
            assert len(first) == 1, (cell, role, hour)
            hours.update(first)
        assert len(hours) == size, (cell, role)
        assert max(hours.values()) / WEEKS <= 60
