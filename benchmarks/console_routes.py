"""`python -m benchmarks.console_routes SITE [PART_OF_PATH]`: what one GET of each route of the console costs; prints
JSON, a line for each route.

A `fengshao up` of SITE with one open gas alarm is asked for every GET route of its OpenAPI document that needs no
path parameter, for the records of that alarm, and for the lists with filters and their second page; the lists also as
an operator limited to the street of the alarm. With PART_OF_PATH only the routes whose path contains it.

`first_ms`, `best_ms`: wall time of the first of five requests and of the fastest. `processor_ms`: the least processor
time that the service's process took for one, which contains what it does anyway. `bytes`: of the body as sent,
compressed. `unavailable_ms`: a second connection asks `/healthz`, which does nothing, again and again from a process of
its own; this is the longest of its answers that were under way while one of the five requests ran, less the median of
those in a pause. In that time the event loop, or the interpreter, was taken and no alarm was processed. On a machine
with other work only `processor_ms` is a figure of the service.
"""

from __future__ import annotations

import asyncio
import gzip
import http.client
import json
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import aiomqtt

from benchmarks.event_loop import Poller, polling
from benchmarks.service import Service, service
from benchmarks.town_service import processor_s

REQUESTS: Final = 5
LONG_S: Final = 20
"""After so long a route is not asked again."""
QUIET_WITHIN_S: Final = 60
QUIET_SHARE: Final = 0.1
_NO_LISTS: Final = ("/stream", "/docs", "/openapi", "/backups/")


@dataclass(frozen=True)
class Route:
    """One request: as whom, and of what."""

    user: str
    path: str


class Client:
    """One connection with the tokens of the users."""

    def __init__(self, running: Service, tokens: Mapping[str, str]) -> None:
        self._running, self._tokens = running, tokens
        self._connection = http.client.HTTPConnection("127.0.0.1", running.http, timeout=300)

    def get(self, route: Route) -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {self._tokens[route.user]}", "Accept-Encoding": "gzip"}
        self._connection.close()  # one that was idle may be closed by the service at any time
        self._connection.connect()
        self._connection.request("GET", route.path, headers=headers)
        response = self._connection.getresponse()
        return response.status, response.read()


def measure(route: Route, client: Client, poller: Poller, pid: int) -> dict[str, Any]:
    wall_ms, processor_ms, unavailable_ms = [], [], []
    status, body = 0, b""
    started = time.time()
    while len(wall_ms) < REQUESTS and (not wall_ms or time.time() - started < LONG_S):
        taken, begin = process_time_s(pid), time.time()
        status, body = client.get(route)
        end = time.time()
        processor_ms.append((process_time_s(pid) - taken) * 1000)
        wall_ms.append((end - begin) * 1000)
        unavailable_ms.append(poller.unavailable_ms(begin, end))
    return {
        "user": route.user,
        "path": route.path,
        "status": status,
        "first_ms": round(wall_ms[0], 1),
        "best_ms": round(min(wall_ms), 1),
        "processor_ms": round(min(processor_ms), 1),
        "bytes": len(body),
        "unavailable_ms": round(max(unavailable_ms), 1),
    }


def process_time_s(pid: int) -> float:
    """Processor time of all threads of a process in seconds; finer than the hundredths of /proc/PID/stat."""
    files = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(file.read_text().split()[0]) for file in files) / 1e9


def routes(running: Service, alarm: Mapping[str, str], client: Client) -> Iterator[Route]:
    """Every route once, then filters, second pages and single records."""
    document = running.get("/api/v1/openapi.json")
    for path, methods in document["paths"].items():
        if "get" in methods and "{" not in path and not any(part in path for part in _NO_LISTS):
            yield Route("administrator", path)
    for path in (*_filtered(alarm), *_single(alarm)):
        yield Route("administrator", path)
        yield Route("street", path)
    for path in _LISTS:
        yield Route("street", path)
        for user in ("administrator", "street"):
            status, body = client.get(Route(user, path))
            cursor = json.loads(_plain(body)).get("next") if status == 200 else None
            if cursor:
                yield Route(user, f"{path}?next={quote(cursor)}")


_LISTS: Final = tuple(
    f"/api/v1/{path}"
    for path in (
        "alerts",
        "cells",
        "devices",
        "people",
        "people/directory",
        "places",
        "places/overview",
        "places/summary",
        "reports",
        "rosters",
        "rotations",
        "rosters/on-duty",
        "rosters/schedule",
        "silences",
        "statistics",
        "supervision",
    )
)


def _filtered(alarm: Mapping[str, str]) -> Iterator[str]:
    place, cell, parent = alarm["place"], alarm["cell"], alarm["parent"]
    for query in (
        f"alerts?place={parent}",
        f"devices?place={parent}",
        "devices?kind=gas_alarm",
        f"devices?q={quote('1栋')}",
        "devices?condition=offline",
        f"places?parent={parent}",
        "places?level=street",
        f"places?cell={cell}",
        f"places/directory?q={quote('1栋')}",
        f"places/overview?place={parent}",
        f"places/summary?place={parent}",
        f"people?home={place}",
        f"people/directory?q={quote('王')}",
        "people/directory?q=nobody-has-this-name",
        "people/directory?role=worker",
        "people/directory?staff=true",
        f"rosters?cell={cell}",
        "rosters?role=worker",
        "rosters?person=nobody",
        "rotations?role=worker",
        f"rosters/on-duty?place={place}",
        f"rosters/schedule?place={place}",
        f"rosters/schedule?cell={cell}",
        f"statistics?place={parent}",
    ):
        yield f"/api/v1/{query}"


def _single(alarm: Mapping[str, str]) -> Iterator[str]:
    device = alarm["device"]
    for path in (
        f"alerts/{alarm['id']}",
        f"alerts/{alarm['id']}/surroundings",
        f"why?alert={alarm['id']}",
        f"devices/{device}",
        f"devices/{device}/state",
        f"devices/{device}/readings",
        f"devices/{device}/rollups?quantity=methane_lel",
        f"places/{alarm['place']}",
        f"cells/{alarm['cell']}",
        f"people/{alarm['person']}",
        f"rosters/{alarm['duty']}",
        f"rotations/{alarm['rotation']}",
    ):
        yield f"/api/v1/{path}"


def _plain(body: bytes) -> bytes:
    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body


def open_alarm(running: Service) -> dict[str, str]:
    """Publishes a gas alarm; the ids of its alert and of records near it."""
    detectors = _items(running, "/api/v1/devices?kind=gas_alarm&limit=1000")
    native = next(one for one in detectors if one["place"] and not one["identities"])
    asyncio.run(_publish(running.mqtt, native["id"]))
    found: list[Any] = []
    for _ in range(600):
        found = running.get("/api/v1/alerts?kind=gas_alarm")["items"]
        if found:
            break
        time.sleep(0.1)
    path = list(_path(running, native["place"]))
    street = path[-2] if len(path) > 1 else path[-1]
    cell = next(node["cell"] for node in path if node["cell"])
    people = [one for node in path for one in running.get(f"/api/v1/people?home={node['id']}&limit=1")["items"]]
    return {
        "id": str(found[0]["id"]),
        "device": native["id"],
        "place": native["place"],
        "parent": path[min(3, len(path) - 1)]["id"],
        "street": street["id"],
        "cell": cell,
        "person": people[0]["id"] if people else "nobody",
        "duty": _first(running, "rosters"),
        "rotation": _first(running, "rotations"),
    }


def _items(running: Service, path: str) -> Iterator[Any]:
    """The items of all pages of a list."""
    cursor = ""
    while True:
        page = running.get(path + cursor)
        yield from page["items"]
        if page["next"] is None:
            return
        cursor = f"&next={quote(page['next'])}"


def _first(running: Service, table: str) -> str:
    items = running.get(f"/api/v1/{table}?limit=1")["items"]
    return str(items[0]["id"]) if items else "none"


def _path(running: Service, place: str | None) -> Iterator[Any]:
    while place is not None:
        node = running.get(f"/api/v1/places/{place}")
        yield node
        place = node["parent"]


async def _publish(port: int, device: str) -> None:
    async with aiomqtt.Client("127.0.0.1", port) as client:
        await client.publish(f"fengshao/v1/{device}/alarm", '{"alarm":true,"lel_pct":22}', qos=1)


def wait_quiet(pid: int) -> None:
    """Until the service takes less than QUIET_SHARE of a processor."""
    for _ in range(QUIET_WITHIN_S // 2):
        before = processor_s(pid)
        time.sleep(2)
        if (processor_s(pid) - before) / 2 < QUIET_SHARE:
            return
    print(f"still busy {QUIET_WITHIN_S} s after its start", file=sys.stderr)


def main(site: Path, part: str = "") -> None:
    with service(site=site) as running, polling(running.http) as poller:
        alarm = open_alarm(running)
        made = running.post("/api/v1/tokens", {"role": "operator", "place": alarm["street"]})
        client = Client(running, {"administrator": running.token, "street": made["token"]})
        pid = running.process.pid
        wait_quiet(pid)
        poller.settle()
        for route in routes(running, alarm, client):
            if part in route.path:
                print(json.dumps(measure(route, client, poller, pid), ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
