"""Nobody reads what belongs to a resident without an entry in the audit trail: every operation of the document.

The markers stand in what is kept about two residents. An answer that has one is a read, of which the trail must tell.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from domain import Evidence, Lane, Reading, Subject
from store.database.system import audit
from tests.console.access.matrix import World, body_of, close_world, open_world, operations, path_of, query_of
from tests.support.console_harness import ADMIN, T0, client_of
from tests.support.documented_responses import document

READERS: Final = ("operator", "dispatcher", "administrator")
"""Roles to whom nothing is masked."""
PULSE: Final = 137.25
MARKERS: Final = ("王小明", "远方的人", "19900001111", "19955550000", "19966660000", str(PULSE), "lives_alone")
"""Names, numbers, health, and the numbers that residents left in a report."""
READ_ACTIONS: Final = ("personal data read", "personal data listed")
SKIPPED: Final = {
    "get /api/v1/stream": "does not end: tests/console/api/test_stream.py",
    "delete /api/v1/session": "ends the session that asks",
    "get /api/v1/audit": "the trail itself, of whom data was read; its readers are administrators of the whole site",
    "get /api/v1/audit.csv": "likewise; an export is an entry of its own",
}
OWN_ACTION: Final = {
    "post /api/v1/people": "people put",
    "put /api/v1/people/{row_id}": "people put",
    "patch /api/v1/people/{row_id}": "people put",
}
"""Changes that answer with the record: the entry of the change names the person."""
PERSONAL_SCHEMAS: Final = {
    "AlertDetail", "AlertItem", "Contact", "CareNote", "DeviceItem", "DeviceDetail", "DirectoryEntry", "Person",
    "ReadingPoint", "ReportDetail", "ReportItem", "RollupPoint", "Surroundings", "Why",
}  # fmt: skip


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    opened = await open_world(tmp_path)
    harness = opened.harness
    await harness.alert(
        "band-101", "pulse-high", title="心率过高", place="court-101", subject=Subject("person", "r-far"),
        evidence=(Evidence("heart_rate_bpm", PULSE, at=T0),),
    )  # fmt: skip
    harness.history.append(Lane.BULK, 9, [Reading("band-101", "wristband", T0, T0, {"heart_rate_bpm": PULSE})])
    await harness.history.flush()
    yield opened
    await close_world(opened)


async def reader(world: World, role: str) -> httpx2.AsyncClient:
    """A login of this role for the whole site."""
    admin = client_of(world.harness.app, authorization=f"Bearer {ADMIN}")
    token = (await admin.post("/api/v1/tokens", json={"role": role})).json()["token"]
    await admin.aclose()
    return client_of(world.harness.app, authorization=f"Bearer {token}")


async def entries(world: World) -> list[str]:
    page = await world.harness.database.read(lambda tx: audit.list_entries(tx, 1000))
    return [f"{one.actor} {one.action} {one.detail}" for one in page.items]


async def test_every_answer_with_data_of_a_resident_is_declared_and_in_the_trail(world: World) -> None:
    unrecorded, undeclared = [], []
    client = await reader(world, "operator")
    for method, path in operations():
        name = f"{method} {path}"
        if name in SKIPPED:
            continue
        for zone in ("below", "foreign"):
            world.harness.now += 3_600_000
            before = len(await entries(world))
            ids = world.ids[zone]
            response = await client.request(
                method.upper(), path_of(path, ids), params=query_of(method, path, ids), json=body_of(method, path, ids)
            )
            asked = f"{response.request.url} {response.request.content.decode()}"
            shown = [one for one in MARKERS if one in response.text and one not in asked]
            if shown and response.is_success:
                new = (await entries(world))[: len(await entries(world)) - before]
                if not any(one.split(" ", 1)[1].startswith(READ_ACTIONS) for one in new) and name not in OWN_ACTION:
                    unrecorded.append((name, zone, shown))
                if "x-personal-data" not in document()["paths"][path][method] and name not in OWN_ACTION:
                    undeclared.append(name)
    await client.aclose()
    assert (unrecorded, undeclared) == ([], [])


def schemas_of(operation: dict[str, Any]) -> set[str]:
    """Names of all schemas that a successful answer can have."""
    schemas: dict[str, Any] = document()["components"]["schemas"]
    found = set[str]()

    def collect(node: Any) -> None:
        if isinstance(node, list):
            for item in node:
                collect(item)
        elif isinstance(node, dict):
            name = str(node.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                found.add(name)
                collect(schemas[name])
            for item in node.values():
                collect(item)

    collect([answer for status, answer in operation["responses"].items() if status.startswith("2")])
    return found


def test_every_read_whose_schema_has_data_of_people_is_declared() -> None:
    undeclared = [
        f"{method} {path}"
        for method, path in operations()
        if method == "get"
        and schemas_of(document()["paths"][path][method]) & PERSONAL_SCHEMAS
        and "x-personal-data" not in document()["paths"][path][method]
    ]
    assert undeclared == []
