"""Who read whose phone number and health data is written down, once in ten minutes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from console.http.personal_data import PEOPLE_MAX
from console.security import personal_reads
from console.security.personal_reads import SAME_READ_MS, PersonalReads
from domain import MINUTE, Person
from store.database import registry
from tests.support.console_harness import T0, Client, ConsoleHarness

NOW = 1_795_269_903_123


def test_a_read_counts_once_in_ten_minutes_for_each_reader() -> None:
    reads = PersonalReads()
    assert reads.unrecorded("li", ["a", "b", "a"], NOW) == ["a", "b"]
    assert reads.unrecorded("li", ["a", "c"], NOW + 1) == ["c"]
    assert reads.unrecorded("zhao", ["a"], NOW + 1) == ["a"]
    assert reads.unrecorded("li", ["a"], NOW + SAME_READ_MS) == ["a"]


def test_what_is_remembered_is_bounded(monkeypatch: Any) -> None:
    monkeypatch.setattr(personal_reads, "PAIRS_MAX", 2)
    reads = PersonalReads()
    reads.unrecorded("li", ["a", "b", "c"], NOW)
    assert reads.unrecorded("li", ["a", "c"], NOW) == ["a"]


async def entries(admin: Client, about: str) -> list[dict[str, Any]]:
    found = await admin.get(f"/api/v1/audit?action=personal data read&about={about}")
    return [{"actor": one["actor"], **one["detail"]} for one in found.json()["items"]]


async def test_the_trail_says_who_read_whose_data(
    harness: ConsoleHarness, admin: Client, bearer: Callable[..., Any]
) -> None:
    alert = await harness.alert()
    clerk, viewer = await bearer("operator", person="w-li"), await bearer("viewer")
    for client in (viewer, clerk, clerk):
        assert (await client.get(f"/api/v1/alerts/{alert}")).status_code == 200
        assert (await client.get("/api/v1/people")).status_code == 200
    assert await entries(admin, "r-wang") == [
        {"actor": "w-li", "people": "r-wang", "fields": "phone, health", "alert": alert}
    ]
    assert await entries(admin, "w-zhang") == []
    harness.now += SAME_READ_MS
    assert (await clerk.get("/api/v1/people/r-wang")).status_code == 200
    assert len(await entries(admin, "r-wang")) == 2


async def test_a_phone_number_read_after_the_health_is_written_too(
    harness: ConsoleHarness, admin: Client, bearer: Callable[..., Any]
) -> None:
    alert, clerk = await harness.alert(), await bearer("operator", person="w-li")
    assert (await clerk.get(f"/api/v1/alerts/{alert}/surroundings")).status_code == 200
    assert (await clerk.get("/api/v1/people/r-wang")).status_code == 200
    assert [one["fields"] for one in await entries(admin, "r-wang")] == ["phone, health", "health"]


async def test_a_long_list_is_several_entries(harness: ConsoleHarness, admin: Client) -> None:
    people = [Person(f"r-{n:04}", f"住户{n}", home="b3-402") for n in range(PEOPLE_MAX + 5)]
    await harness.database.write(lambda tx: registry.put_people(tx, people, T0))
    await harness.load_community()
    assert (await admin.get("/api/v1/people?limit=1000")).status_code == 200
    found = await admin.get("/api/v1/audit?action=personal data read")
    assert sorted(len(one["detail"]["people"].split()) for one in found.json()["items"]) == [6, PEOPLE_MAX]


async def test_a_list_that_is_read_again_and_again_is_two_rows_a_minute(
    harness: ConsoleHarness, admin: Client, bearer: Callable[..., Any]
) -> None:
    await harness.alert()
    clerk, viewer = await bearer("operator", person="w-li"), await bearer("viewer")
    for query in ("?state=open", "?limit=5", "?limit=5", ""):
        for client in (viewer, clerk):
            assert (await client.get(f"/api/v1/alerts{query}")).status_code == 200
    harness.now += MINUTE
    assert (await clerk.get("/api/v1/supervision")).status_code == 200
    assert (await clerk.get("/api/v1/reports?q=19900001111")).status_code == 200
    found = (await admin.get("/api/v1/audit?action=personal data listed")).json()["items"]
    fields, reports = "address, health, text", "phone, text"
    assert [(one["actor"], one["detail"]) for one in reversed(found)] == [
        ("w-li", {"endpoint": "GET /api/v1/alerts", "fields": fields, "count": 1, "query": "state=open"}),
        ("w-li", {"endpoint": "GET /api/v1/alerts", "fields": fields, "count": 3, "query": "limit=5"}),
        ("w-li", {"endpoint": "GET /api/v1/supervision", "fields": fields, "count": 1, "query": ""}),
        ("w-li", {"endpoint": "GET /api/v1/reports", "fields": reports, "count": 1, "query": "q=199****1111"}),
    ]
