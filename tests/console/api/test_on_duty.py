"""`/rosters/on-duty`: the people whom the escalation would call for a place at an instant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs

from alerts.roster.schedule import RosterSchedule
from console.api.roster_overrides import gaps_left_by
from console.security.auth import AccessRole, Principal
from domain import DAY, Cell, Duty
from domain.people import community
from domain.rosters import Override, OverrideKind
from tests.support.console_harness import T0, Client, ConsoleHarness

PATH = "/api/v1/rosters/on-duty"


async def test_the_people_of_the_cell_of_a_place_are_listed_by_role_and_rank(
    harness: ConsoleHarness, admin: Client
) -> None:
    response = await admin.get(PATH, params={"place": "b3"})
    assert response.status_code == 200, response.text
    workers = [item for item in response.json()["items"] if item["role"] == "worker"]
    duties = [duty for duty in harness.community.duties if duty.role == "worker"]
    assert workers
    assert {item["id"] for item in workers} <= {duty.person for duty in duties}
    assert set(workers[0]) == {"role", "rank", "id", "name", "phone", "wecom", "because"}
    assert workers[0]["because"] == {
        "cell": "grid-3", "scheduled": "w-zhang", "duty": "d-1", "rotation": None,
        "shift": "", "hazards": [], "overrides": [],
    }  # fmt: skip


async def test_an_absence_at_another_hour_shows_in_the_answer_for_that_hour(admin: Client) -> None:
    now = (await admin.get(PATH, params={"place": "b3"})).json()["items"]
    person = next(item["id"] for item in now if item["role"] == "worker")
    absence = {
        "id": "leave", "cell": "grid-3", "role": "worker", "person": person, "absent": True,
        "since": "2026-11-22T00:00:00+08:00", "until": "2026-11-23T00:00:00+08:00",
    }  # fmt: skip
    assert (await admin.post("/api/v1/rosters", json=absence)).status_code in (200, 201)
    then = (await admin.get(PATH, params={"place": "b3", "at": "2026-11-22T12:00:00+08:00"})).json()["items"]
    still = (await admin.get(PATH, params={"place": "b3"})).json()["items"]
    assert person not in {item["id"] for item in then if item["role"] == "worker"}
    assert person in {item["id"] for item in still}


async def test_an_unknown_place_and_a_bad_time_are_refused(admin: Client) -> None:
    assert (await admin.get(PATH, params={"place": "nowhere"})).status_code == 404
    assert (await admin.get(PATH, params={"at": "tomorrow"})).status_code == 422


async def test_without_a_place_the_topmost_cells_answer(admin: Client) -> None:
    assert (await admin.get(PATH)).status_code == 200


async def test_a_role_and_a_hazard_narrow_the_answer(admin: Client) -> None:
    fire = {"id": "d-f", "cell": "grid-3", "role": "department", "person": "w-li", "hazards": ["fire"]}
    general = {"id": "d-g", "cell": "grid-3", "role": "department", "person": "w-zhang"}
    assert (await admin.post("/api/v1/rosters", json=[fire, general])).status_code == 201

    async def department(hazard: str) -> list[str]:
        params = {"place": "b3", "role": "department", "hazard": hazard}
        return [item["id"] for item in (await admin.get(PATH, params=params)).json()["items"]]

    assert (await department("fire"), await department("gas")) == (["w-li"], ["w-zhang"])


SCHEDULE = "/api/v1/rosters/schedule"


async def test_the_schedule_of_a_place_has_shifts_as_intervals(admin: Client) -> None:
    params = {"place": "b3", "from": "2026-11-23T00:00:00+08:00", "to": "2026-11-25T00:00:00+08:00"}
    response = await admin.get(SCHEDULE, params=params)
    assert response.status_code == 200, response.text
    lines = [
        (item["role"], item["from"][8:16], item["until"][8:16], [one["id"] for one in item["people"]], item["gap"])
        for item in response.json()["items"]
    ]
    assert lines == [
        ("lead", "23T08:00", "23T18:00", ["w-li"], False),
        ("lead", "24T08:00", "24T18:00", ["w-li"], False),
        ("worker", "23T00:00", "25T00:00", ["w-zhang"], False),
    ]


async def test_without_a_place_every_cell_with_a_roster_is_listed_and_names_are_masked_for_viewers(
    admin: Client, bearer: Callable[..., Any]
) -> None:
    every = (await admin.get(SCHEDULE)).json()["items"]
    assert {(item["cell"], item["role"]) for item in every} == {("grid-3", "worker"), ("grid-3", "lead")}
    assert every == (await admin.get(SCHEDULE, params={"cell": "grid-3"})).json()["items"]
    only = (await admin.get(SCHEDULE, params={"role": "worker"})).json()["items"]
    assert {item["role"] for item in only} == {"worker"}
    viewer = await bearer("viewer")
    assert (await viewer.get(SCHEDULE)).status_code == 200
    assert (await admin.get(SCHEDULE, params={"place": "court-101"})).json()["items"] == []


async def test_a_schedule_is_of_a_known_place_or_cell_and_of_two_months_at_most(admin: Client) -> None:
    assert (await admin.get(SCHEDULE, params={"place": "nowhere"})).status_code == 404
    assert (await admin.get(SCHEDULE, params={"cell": "nowhere"})).status_code == 404
    long = {"from": "2026-01-01T00:00:00+08:00", "to": "2026-04-01T00:00:00+08:00"}
    assert (await admin.get(SCHEDULE, params=long)).status_code == 422


async def test_pages_of_a_schedule_are_together_what_one_page_is(harness: ConsoleHarness, admin: Client) -> None:
    whole = (await admin.get(SCHEDULE, params={"limit": 1000})).json()["items"]
    found, cursor = [], None
    for _ in range(100):
        page = (await admin.get(SCHEDULE, params={"limit": 2, **({"next": cursor} if cursor else {})})).json()
        assert 0 < len(page["items"]) <= 2
        found, cursor = found + page["items"], page["next"]
        harness.now += 60_000  # the period stays that of the first page
        if cursor is None:
            break
    assert len(whole) > 4
    assert found == whole


async def test_a_page_of_a_schedule_computes_the_cells_on_it(
    harness: ConsoleHarness, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = [Cell(f"g{number:03}", f"{number}", "grid") for number in range(200)]
    duties = [Duty(f"d{number:03}", cell.id, "worker", "w-li", to_minute=480) for number, cell in enumerate(cells)]
    harness.community = community(people=harness.community.people.values(), cells=cells, duties=duties)
    computed: list[str | None] = []
    segments = RosterSchedule.segments

    def counted(self: RosterSchedule, cell: str | None, role: str, hazard: str | None = None) -> Any:
        computed.append(cell)
        return segments(self, cell, role, hazard)

    monkeypatch.setattr(RosterSchedule, "segments", counted)
    page = (await admin.get(SCHEDULE)).json()
    assert (len(page["items"]), page["items"][0]["cell"]) == (100, "g000")
    assert page["next"] is not None
    assert len(set(computed)) < 20


async def test_a_leave_computes_the_cells_of_its_person_and_no_others(
    harness: ConsoleHarness, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = [Cell(f"g{number:03}", f"{number}", "grid") for number in range(50)]
    duties = [Duty(f"d{number:03}", cell.id, "worker", "w-zhang") for number, cell in enumerate(more)]
    known = harness.community
    harness.community = community(
        known.places.values(), [*known.cells.values(), *more], known.people.values(), [*known.duties, *duties]
    )
    computed: list[str | None] = []
    segments = RosterSchedule.segments

    def counted(self: RosterSchedule, cell: str | None, role: str, hazard: str | None = None) -> Any:
        computed.append(cell)
        return segments(self, cell, role, hazard)

    monkeypatch.setattr(RosterSchedule, "segments", counted)
    override = Override("o1", OverrideKind.LEAVE, "w-li", T0, T0 + 7 * DAY)
    harness.community = structs.replace(harness.community, overrides_of={"w-li": (override,)})
    left = gaps_left_by(harness.deps, Principal(AccessRole.ADMINISTRATOR, "t"), override, T0)
    assert [(item.cell, item.role) for item in left] == [("grid-3", "lead")] * len(left) != []
    assert set(computed) == {"grid-3"}
