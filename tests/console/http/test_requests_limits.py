"""Times outside the calendar and values that cannot be stored are 422 everywhere."""

from __future__ import annotations

from typing import Any

import pytest

from domain import Duty
from store.database import registry
from tests.support.api_sweep import sweep_requests
from tests.support.console_harness import T0, Client, ConsoleHarness

NO_TIMES = (
    "0001-01-01",
    "0001-01-01T00:00:00",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "1899-12-31T23:59:59+00:00",
    "9999-12-31T23:59:59",
    "9999-12-31T23:59:59-14:00",
    "9999-12-31T23:59:59.999999Z",
    "2026-02-30T00:00:00Z",
    "2026-11-21T22:05:00+99:99",
    "0000-01-01T00:00:00Z",
    "10000-01-01T00:00:00Z",
    "-0001-01-01T00:00:00Z",
    "-1",
    "0",
    "1795269900",
    "9" * 400,
    "NaN",
    "Infinity",
    "1e400",
    "٢٠٢٦-١١-٢١T22:05:00Z",
)
TIMES = ("1900-01-01T00:00:00Z", "9998-12-31T23:59:59.999Z")
NAMES = ("at", "from", "to", "since", "until")


async def requests_with(harness: ConsoleHarness, time: str) -> list[Any]:
    """Every read endpoint with this time wherever it takes one."""
    values = {name: [time] for name in NAMES}
    known = {"alert_id": ["1"], "device_id": ["gas-402"], "device": ["gas-402"], "row_id": ["b3"]}
    other = {"name": ["gas-alarm"], "job_id": ["j"], "channel": ["sms"], "secret": ["s"], "token": ["t"]}
    reports = {"photo_id": ["1"], "report_id": ["1"], "place_id": ["b3"]}
    names = {**values, **known, **other, **reports, "silence_id": ["1"]}
    requests = sweep_requests(harness.app, names, methods=["GET"])
    return [sweep for sweep in requests if any(name in NAMES and value == time for name, value in sweep.query)]


@pytest.mark.parametrize("time", NO_TIMES)
async def test_a_time_outside_the_calendar_breaks_no_endpoint(
    harness: ConsoleHarness, admin: Client, time: str
) -> None:
    await harness.alert()
    taken = []
    for sweep in await requests_with(harness, time):
        response = await sweep.send(admin)
        assert response.status_code < 500, sweep
        if response.status_code == 200:
            taken.append((sweep.path, sweep.query))
    assert taken == []


@pytest.mark.parametrize("time", TIMES)
async def test_the_first_and_the_last_time_are_accepted_everywhere(
    harness: ConsoleHarness, admin: Client, time: str
) -> None:
    await harness.alert()
    answers = {sweep.path: (await sweep.send(admin)).status_code for sweep in await requests_with(harness, time)}

    assert {path for path, status in answers.items() if status == 200} >= {
        "/api/v1/alerts",
        "/api/v1/devices/gas-402/readings",
        "/api/v1/refusals",
        "/api/v1/why",
    }
    assert max(answers.values()) < 500


@pytest.mark.parametrize("time", NO_TIMES)
async def test_no_body_may_contain_a_time_outside_the_calendar(
    harness: ConsoleHarness, admin: Client, time: str
) -> None:
    number = await harness.alert()
    duty = {"id": "d-7", "cell": "grid-3", "role": "worker", "person": "w-zhang", "since": time, "until": time}
    put = await admin.put("/api/v1/rosters/d-7", json=duty)
    shelved = await admin.post(f"/api/v1/alerts/{number}/shelve", json={"reason": "检修", "until": time})

    assert [fault["field"] for fault in put.json()["errors"]] == ["since"]
    assert (put.status_code, shelved.status_code) == (422, 422)


async def test_a_duty_of_long_ago_is_shown_and_breaks_no_list(harness: ConsoleHarness, admin: Client) -> None:
    """Files are read by others than the API: whatever stands in the registry must be told."""
    odd = Duty("d-8", "grid-3", "worker", "w-li", since=-(10**17), until=10**17)
    await harness.database.write(lambda tx: registry.put_duties(tx, [odd], T0))
    await harness.load_community()

    requests = (await admin.get("/api/v1/rosters/d-8")).json()
    assert (requests["since"][:10], requests["until"][:10]) == ("0001-01-02", "9999-12-02")


@pytest.mark.parametrize(
    "body",
    [
        '{"id": "p9", "name": "x", "level": "y", "lon": NaN}',
        '{"id": "p9", "name": "x", "level": "y", "lon": Infinity}',
        '{"id": "p9", "name": "x", "level": "y", "lon": 1e400}',
        '{"id": "p9", "name": "x", "level": "y", "attributes": {"n": 1e400}}',
        '{"id": "p9", "name": "x", "level": "y", "attributes": {"n": 123456789012345678901234567890}}',
        '{"id": "p9", "name": "x", "level": "y", "attributes": {"n": -9223372036854775809}}',
        '{"id": "p9", "name": "x\\ud800", "level": "y"}',
        '{"id": "p9", "name": "x\\u0000", "level": "y"}',
        '{"id": "p9", "name": "x", "level": "y", "attributes": {"a\\u0000": "b"}}',
        "[" * 5_000,
    ],
)
async def test_a_number_or_text_that_cannot_be_stored_is_a_422(admin: Client, body: str) -> None:
    response = await admin.post("/api/v1/places", content=body, headers={"content-type": "application/json"})

    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert (await admin.get("/api/v1/places/p9")).status_code == 404


@pytest.mark.parametrize("step", ["9" * 30, "9" * 5_000, "1000000000000h", "401d", "-1s", "0", "NaN"])
async def test_a_step_out_of_range_is_a_422(admin: Client, step: str) -> None:
    assert (await admin.get("/api/v1/devices/gas-402/readings", params={"step": step})).status_code == 422


async def test_the_cursor_of_another_list_is_a_422(harness: ConsoleHarness, admin: Client) -> None:
    await harness.alert()
    for name in ("a", "b"):
        await admin.post("/api/v1/tokens", json={"role": "viewer", "person": "w-li"})
        await harness.alert(f"elsewhere-{name}")
    following = {
        path: (await admin.get(f"/api/v1/{path}?limit=1")).json()["next"] for path in ("places", "audit", "alerts")
    }
    assert all(following.values())
    for path in ("places", "audit", "alerts", "refusals", "devices", "people", "devices/gas-402/readings"):
        for of, cursor in following.items():
            response = await admin.get(f"/api/v1/{path}", params={"next": cursor})
            assert response.status_code == (200 if of == path else 422), (path, of)
