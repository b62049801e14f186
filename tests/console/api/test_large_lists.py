"""What a page of a large registry reads: its own records, whatever the size of the registry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs

from domain import Person, Place
from domain.people import community
from tests.support.console_harness import Client, ConsoleHarness

FLATS = 2_000
LIMIT = 10


class CountedRows(dict[str, Any]):
    """Counts how many records were looked at."""

    read = 0

    def get(self, key: str, default: Any = None) -> Any:
        self.read += 1
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        self.read += 1
        return super().__getitem__(key)

    def items(self) -> Any:
        self.read += len(self)
        return super().items()

    def values(self) -> Any:
        self.read += len(self)
        return super().values()


@pytest.fixture
def counted(harness: ConsoleHarness) -> tuple[CountedRows, CountedRows]:
    """Places and people of a town with one flat and one resident in each of many buildings, in two streets."""
    known = harness.community
    flats = [Place(f"flat-{n:05}", f"{n}", "household", f"street-{n % 2}", "grid-3") for n in range(FLATS)]
    streets = [Place(f"street-{n}", f"{n}街", "street") for n in range(2)]
    people = [Person(f"r{n:05}", f"居民{n}", home=flat.id) for n, flat in enumerate(flats)]
    built = community(
        [*known.places.values(), *streets, *flats],
        known.cells.values(),
        [*known.people.values(), *people],
        known.duties,
    )
    places, persons = CountedRows(built.places), CountedRows(built.people)
    harness.community = structs.replace(built, places=places, people=persons)
    return places, persons


async def ids_of_pages(client: Client, path: str, pages: int) -> list[str]:
    found, cursor = [], ""
    for _ in range(pages):
        page = (await client.get(f"{path}{'&' if '?' in path else '?'}limit={LIMIT}{cursor}")).json()
        found += [one["id"] for one in page["items"]]
        if not page.get("next"):
            break
        cursor = f"&next={page['next']}"
    return found


def read_by(*rows: CountedRows) -> int:
    read = sum(one.read for one in rows)
    for one in rows:
        one.read = 0
    return read


@pytest.mark.parametrize(
    "path",
    [
        "places",
        "places?level=household&parent=street-1",
        "places/overview?place=street-1",
        "people",
        "people?home=flat-01999",
        "people/directory?staff=false",
        "people/directory?role=worker",
    ],
)
async def test_a_page_reads_its_own_records(counted: tuple[CountedRows, CountedRows], admin: Client, path: str) -> None:
    await admin.get(f"/api/v1/{path}")  # indices that the registry's load would have built
    read_by(*counted)

    got = await ids_of_pages(admin, f"/api/v1/{path}", 2)

    assert read_by(*counted) < FLATS / 4
    assert "overview" in path or got == sorted(set(got))


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/people",
        "/api/v1/people/directory",
        "/api/v1/places",
        "/api/v1/alerts",
        "/api/v1/rosters/on-duty?place=flat-00001",
    ],
)
async def test_neither_does_one_for_a_user_of_one_street_read_the_other_streets(
    counted: tuple[CountedRows, CountedRows], bearer: Callable[..., Any], path: str
) -> None:
    flat = await bearer("operator", place="flat-00001")
    await flat.get(path)
    read_by(*counted)

    got = (await flat.get(path)).json()["items"]

    assert read_by(*counted) < FLATS / 4
    if path in ("/api/v1/people", "/api/v1/people/directory"):
        assert [one["id"] for one in got if one["id"].startswith("r0")] == ["r00001"]
    if path == "/api/v1/places":
        assert [one["id"] for one in got] == ["flat-00001"]
