"""`/rosters/on-duty`: the people whom the escalation would call for a place at an instant."""

from __future__ import annotations

from tests.support.console_harness import Client, ConsoleHarness

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
    assert set(workers[0]) == {"role", "rank", "id", "name", "phone", "wecom"}


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
