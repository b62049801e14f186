"""Asks every endpoint as every role about the own place, a place below it and a foreign one.

The answers stand in `matrix.txt`, one line for each operation of the OpenAPI document; see `test_matrix.py`.
`python -m tests.console.access.matrix` writes the file anew: read its difference before it is committed.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2

from console.events import EventHub
from domain import Device, Identity, Lane, Person, Place, RefusalReason
from ingest.results import Refusal
from store.database import registry
from store.database.database import Database, sqlite_url
from store.database.refusals import refusals
from store.history.duckdb.history import DuckDbHistory
from tests.support.console_harness import ADMIN, T0, ConsoleHarness, client_of, seed_registry
from tests.support.documented_responses import document

MATRIX: Final = Path(__file__).with_name("matrix.txt")
ROLES: Final = ("viewer", "worker", "operator", "dispatcher", "administrator")
ZONES: Final = ("own", "below", "foreign")
"""A token limited to the building `b3` asks about `b3`, about the flat `b3-402` in it, and about `court-101`."""
LIMIT: Final = "b3"
PLACES: Final = {"own": "b3", "below": "b3-402", "foreign": "court-101"}
DEVICES: Final = {"own": "gas-hall", "below": "gas-402", "foreign": "band-101"}
MARKERS: Final = ("court-101", "梧桐里", "r-far", "远方的人", "19955550000", "band-101", "foreign的告警")
"""What a token limited to `b3` must not read: it stands in everything that is kept about the foreign place. An answer
that repeats an id of the question tells nothing."""
SKIPPED: Final = {
    ("get", "/api/v1/stream"): "does not end; tests/console/api/test_stream.py",
    ("delete", "/api/v1/session"): "ends the session that asks",
}
PUBLIC_NAMES: Final = {"/api/v1/report/places", "/api/v1/report/position"}
"""Names of compounds and buildings, which anybody may read without a login."""


Rows = dict[tuple[str, str], dict[str, tuple[int, ...]]]
"""Operation -> role -> statuses for own, below, foreign."""


@dataclass(frozen=True)
class World:
    """The harness, a client for each role, the ids that a path may name in each zone, and the pristine database."""

    harness: ConsoleHarness
    clients: Mapping[str, httpx2.AsyncClient]
    ids: Mapping[str, Mapping[str, str]]
    connection: sqlite3.Connection
    """To the database, with a copy of its first state attached as `pristine`."""
    tables: tuple[str, ...]

    async def restore(self) -> None:
        """The database as it was: some requests change it."""
        self.connection.execute("BEGIN IMMEDIATE")
        for table in self.tables:
            self.connection.execute(f'DELETE FROM "{table}"')
            self.connection.execute(f'INSERT INTO "{table}" SELECT * FROM pristine."{table}"')
        self.connection.execute("COMMIT")
        await self.harness.load_community()


def operations() -> Iterator[tuple[str, str]]:
    """Method and path of every operation of the document."""
    for path, methods in document()["paths"].items():
        for method in methods:
            yield method, path


async def open_world(folder: Path) -> World:
    """Two places with the same things in each, and a token of each role limited to one of them."""
    file = folder / "ledger.db"
    database = Database(sqlite_url(file))
    database.migrate()
    harness = ConsoleHarness(database, DuckDbHistory(folder / "history.duckdb"), EventHub(T0), folder / "blobs")
    await database.write(_seed)
    await harness.load_community()
    admin = client_of(harness.app, authorization=f"Bearer {ADMIN}")
    ids = {zone: await _things(harness, admin, zone) for zone in ZONES}
    clients = {}
    for role in ROLES:
        made = await admin.post("/api/v1/tokens", json={"role": role, "place": LIMIT})
        clients[role] = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=harness.app),
            base_url="http://console",
            headers={"authorization": f"Bearer {made.json()['token']}", "x-fengshao": "1"},
        )
    await admin.aclose()
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("VACUUM INTO ?", (str(folder / "pristine.db"),))
    connection.execute("ATTACH ? AS pristine", (str(folder / "pristine.db"),))
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name != 'sqlite_stat1'")
    return World(harness, clients, ids, connection, tuple(name for (name,) in found))


def _seed(tx: Any) -> None:
    seed_registry(tx)
    registry.put_people(tx, [Person("r-far", "远方的人", "19955550000", home="court-101")], T0)
    registry.put_places(tx, [Place("b4", "4栋", "building", "garden", "grid-3")], T0)
    registry.put_devices(tx, [Device("gas-hall", "gas_alarm", "JT-1", "b3", (Identity("native", "gas-hall"),))], T0)
    refused = Refusal(T0 - 1, "native", "t", b"{}", RefusalReason.BAD_VALUE, "band-101 said", "native", "band-101")
    refusals.store_refusals(tx, Lane.BULK, 1, [refused], 10)


async def _things(harness: ConsoleHarness, admin: httpx2.AsyncClient, zone: str) -> dict[str, str]:
    """Ids of this zone, by the names that parameters have."""
    device, place = DEVICES[zone], PLACES[zone]
    alert = await harness.alert(device, title=f"{zone}的告警", place=place)
    public, phone = ("court", "19955550000") if zone == "foreign" else ("b3", "19966660000")
    report = {"category": "exit", "text": f"{zone}的告警", "place": public, "phone": phone, "consent": True}
    made = await admin.post("/api/v1/report", json=report)
    assert made.status_code == 201, made.text
    silence = {"matchers": {"place": place, "hazard": "fire"}, "until": "2026-11-21T23:00:00+08:00", "reason": "检修"}
    silenced = await admin.post("/api/v1/silences", json={**silence, "person": "w-li"})
    assert silenced.status_code == 201, silenced.text
    people = {"own": "r-wang", "below": "r-wang", "foreign": "r-far"}
    return {
        "alert_id": alert, "alert": alert, "device_id": device, "device": device, "place_id": place, "place": place,
        "person_id": people[zone], "person": people[zone], "report_id": "3" if zone == "foreign" else "1",
        "silence_id": silenced.json()["id"], "photo_id": "1", "name": "gas-alarm",
        "channel": "aliyun_sms", "action": "comment", "subject": f"place/{place}", "of": "rulebook", "table": "duties",
    }  # fmt: skip


def path_of(template: str, ids: Mapping[str, str]) -> str:
    """The path with the ids of a zone; `row_id` is of the kind that its list has."""
    rows = {"places": ids["place"], "people": ids["person"], "cells": "grid-4", "rosters": "d-1", "rotations": "x"}
    kind = template.removeprefix("/api/v1/").partition("/")[0]
    return re.sub(
        r"{(\w+)}", lambda found: rows.get(kind, "x") if found[1] == "row_id" else ids.get(found[1], "x"), template
    )


def query_of(method: str, path: str, ids: Mapping[str, str]) -> dict[str, str]:
    """The filters of an operation that name something of a zone."""
    named = {one["name"] for one in document()["paths"][path][method].get("parameters", ()) if one["in"] == "query"}
    chosen = {name: ids[name] for name in ("place", "device", "alert") if name in named}
    if path == "/api/v1/statistics/report":
        chosen["month"] = "2026-11"
    return {"alert": ids["alert"]} if path == "/api/v1/why" else chosen


def body_of(method: str, path: str, ids: Mapping[str, str]) -> Any:
    """A body that names things of the zone, and is good enough for what is checked before a place is."""
    if method not in ("post", "put", "patch"):
        return None
    bodies: dict[str, Any] = {
        "/api/v1/alerts": {"title": "测试", "hazard": "gas", "severity": "low", "place": ids["place"]},
        "/api/v1/silences": {
            "matchers": {"place": ids["place"]},
            "until": "2026-11-21T23:00:00+08:00",
            "reason": "检修",
            "person": "w-li",
        },
        "/api/v1/reports/{report_id}/verify": {},
        "/api/v1/reports/{report_id}/answer": {"text": "已经清理"},
        "/api/v1/reports/{report_id}/merge": {"alert": ids["alert"]},
        "/api/v1/reports/{report_id}/separate": {"alert": ids["alert"]},
        "/api/v1/drills": {"scenario": "gas-leak", "place": ids["place"]},
        "/api/v1/rules/{name}/reset": {"device": ids["device"], "reason": "看过"},
        "/api/v1/alerts/{alert_id}/link": {"person": "w-zhang"},
    }
    return bodies.get(path, {"comment": "矩阵", "reason": "矩阵"})


async def answer(world: World, role: str, method: str, path: str, zone: str) -> httpx2.Response:
    """The answer to one request; afterwards the database is as before."""
    ids = world.ids[zone]
    response = await world.clients[role].request(
        method.upper(),
        path_of(path, ids),
        params=query_of(method, path, ids),
        json=body_of(method, path, ids),
    )
    if method != "get" and response.is_success:
        await world.restore()
    return response


async def close_world(world: World) -> None:
    """Close the clients and the stores."""
    for client in world.clients.values():
        await client.aclose()
    world.connection.close()
    await world.harness.history.close()
    world.harness.database.close()


def read_matrix() -> Rows:
    """The stored answers: operation -> role -> statuses for own, below, foreign."""
    rows = Rows()
    for line in MATRIX.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            method, path, *cells = line.split()
            rows[method, path] = {
                role: tuple(int(status) for status in cell.split("/")) for role, cell in zip(ROLES, cells, strict=True)
            }
    return rows


async def observed(world: World) -> tuple[Rows, list[str]]:
    """The answers now, in the form of `read_matrix`, and every answer that told something of the foreign place."""
    rows, leaks = Rows(), list[str]()
    for method, path in operations():
        if (method, path) not in SKIPPED:
            rows[method, path] = {role: await _cell(world, role, method, path, leaks) for role in ROLES}
    return rows, leaks


async def _cell(world: World, role: str, method: str, path: str, leaks: list[str]) -> tuple[int, ...]:
    statuses = []
    for zone in ZONES:
        if zone == "below" and statuses == [403]:
            statuses.append(403)  # refused by its role: a place below makes no difference
            continue
        response = await answer(world, role, method, path, zone)
        statuses.append(response.status_code)
        asked = f"{response.request.url} {response.request.content.decode()}"
        told = [marker for marker in MARKERS if marker in response.text and marker not in asked]
        if told and path not in PUBLIC_NAMES:
            leaks.append(f"{role} limited to {LIMIT} reads {told}: {method} {path} ({zone}, {response.status_code})")
    return tuple(statuses)


async def _main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = await open_world(Path(folder))
        rows, leaks = await observed(world)
        await close_world(world)
    lines = [
        "# Statuses for a token limited to a building: about the building / a flat in it / a flat elsewhere.",
        f"# {'operation':<78}" + " ".join(f"{role:<13}" for role in ROLES),
    ]
    for (method, path), cells in rows.items():
        statuses = " ".join(f"{'/'.join(map(str, cells[role])):<13}" for role in ROLES)
        lines.append(f"{method:<7}{path:<73} {statuses}".rstrip())
    MATRIX.write_text("\n".join(lines) + "\n", "utf-8")
    sys.stdout.write("".join(f"{leak}\n" for leak in leaks) + f"{MATRIX}: {len(rows)} operations\n")


if __name__ == "__main__":
    asyncio.run(_main())
