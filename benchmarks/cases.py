"""Two years of cases: lists, filters, the work queue, statistics and the monthly report, measured on one database.

    python -m benchmarks.cases [--folder DIR] [--open 100000] [--closed 200000]

The database is built once (`--folder` keeps it for the next run): `--closed` cases of two years with ten timeline
entries each, and `--open` alerts nobody has dealt with. Each figure is the median of some runs; `worst` the slowest,
`cpu` the processor time, which other programs on the machine do not lengthen.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from alerts.alert import ACTIVE_STATES
from alerts.analysis.case_figures import GroupBy
from alerts.analysis.statistics import Period, summarize
from benchmarks.result import Result
from domain import DAY, HOUR, MINUTE, SECOND, Severity
from store.database.alerts import case_facts, queries
from store.database.database import Database, sqlite_url

NOW = int(datetime(2026, 11, 29, 4, tzinfo=UTC).timestamp() * 1000)
YEARS_MS = 730 * DAY
PLACES = 4000
DEVICES = 20_000
HAZARDS = (("gas", "gas-alarm", "燃气泄漏"), ("fall", "band-fall", "跌倒"), ("water", "meter-leak", "持续用水"))
SEVERITIES = ("critical", "high", "medium", "low")
RUNS = 5
BATCH = 5000


def build(folder: Path, open_count: int, closed_count: int) -> Database:
    """The database of the measurements; one that `folder` already contains is used as it is."""
    file = folder / "ledger.db"
    exists = file.exists()
    database = Database(sqlite_url(file))
    database.migrate()
    if not exists:
        began = time.perf_counter()
        database.write_blocking(lambda tx: _fill(tx, open_count, closed_count))
        database.write_blocking(lambda tx: tx.exec_driver_sql("ANALYZE"))
        print(f"built in {time.perf_counter() - began:.0f} s", file=sys.stderr)
    return database


def _fill(tx: Connection, open_count: int, closed_count: int) -> None:
    chance = random.Random(7)
    for table, columns, rows in (
        ("devices", _DEVICE, _devices()),
        ("alerts", _ALERT, _alerts(chance, open_count, closed_count)),
        ("alert_milestones", _MILESTONE, _milestones(tx)),
        ("alert_findings", _FINDING, _findings(tx)),
        ("timeline", _TIMELINE, _timeline(tx)),
        ("deliveries", _DELIVERY, _deliveries(tx)),
    ):
        _insert(tx, table, columns, rows)


def _insert(tx: Connection, table: str, columns: tuple[str, ...], rows: Iterator[tuple[object, ...]]) -> None:
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # constants
    batch: list[tuple[object, ...]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            tx.exec_driver_sql(statement, batch)
            batch.clear()
    if batch:
        tx.exec_driver_sql(statement, batch)


_DEVICE = ("id", "kind", "model", "place", "attributes", "created_at", "updated_at")
_ALERT = (
    *("id", "rule", "title", "hazard", "severity", "ledger", "state", "subject_type", "subject_id", "device", "place"),
    *("building", "cell", "address", "advice", "evidence", "started_at", "opened_at", "updated_at", "late_ms", "stale"),
    *("passed", "round", "rung", "due_at", "wake_at", "joined", "state_since", "danger_at", "ladder_rule", "doors"),
    *("escalation", "disposition", "overdue_count"),
)
_MILESTONE = ("alert", "opened_at", "role", "acknowledged_at", "arrived_at", "resolved_at", "verified_at", "closed_at")
_FINDING = ("finding", "phase", "at", "alert", "severity", "heard_at", "device")
_TIMELINE = ("alert", "at", "kind", "text", "person")
_DELIVERY = (
    *("id", "key", "alert", "round", "rung", "person", "name", "role", "channel", "kind", "priority", "address"),
    *("payload", "state", "attempts", "created_at", "not_before", "expires_at", "code", "sent_at"),
)
_STEPS = (*("opened", "told", "message", "message", "acknowledge", "message", "arrive", "resolve", "verify", "close"),)


def _devices() -> Iterator[tuple[object, ...]]:
    kinds = ("gas_alarm", "wristband", "water_meter")
    for number in range(DEVICES):
        yield f"d{number}", kinds[number % 3], None, f"p{number % PLACES}", "{}", 0, 0


def _alerts(chance: random.Random, open_count: int, closed_count: int) -> Iterator[tuple[object, ...]]:
    for number in range(1, closed_count + open_count + 1):
        is_open = number > closed_count
        ago = chance.randrange(2 * DAY) if is_open else YEARS_MS - YEARS_MS * number // (closed_count + 1)
        opened = NOW - ago
        device = chance.randrange(DEVICES) if chance.random() < 0.8 else chance.randrange(20)
        hazard, rule, title = HAZARDS[device % 3]
        severity = chance.choices(SEVERITIES, (5, 15, 30, 50))[0]
        state = "open" if is_open else "closed"
        disposition = None if is_open else chance.choices(("real", "false_alarm", "device_fault"), (5, 3, 2))[0]
        place = f"p{device % PLACES}"
        yield (
            *(number, rule, title, hazard, severity, "danger", state, "device", f"d{device}", f"d{device}", place),
            *(None, f"cell-{device % 40}", f"{place}室", "", "[]", opened, opened, opened, 0, False),
            *("[]", 0, 0, None, NOW + HOUR if is_open else None, 0, opened, opened, rule, "[]"),
            *('{"cause": "unanswered"}', disposition, int(chance.random() < 0.1)),
        )


def _milestones(tx: Connection) -> Iterator[tuple[object, ...]]:
    chance = random.Random(8)
    for alert, opened, state in tx.exec_driver_sql("SELECT id, opened_at, state FROM alerts").all():
        if state == "open":
            yield alert, opened, None, None, None, None, None, None
            continue
        taken = opened + round(chance.lognormvariate(3.5, 0.8) * SECOND)
        arrived = taken + round(chance.lognormvariate(1.5, 0.6) * MINUTE)
        done = arrived + round(chance.lognormvariate(3, 0.7) * MINUTE)
        yield alert, opened, chance.choice(("worker", "lead")), taken, arrived, done, done + HOUR, done + 2 * HOUR


def _findings(tx: Connection) -> Iterator[tuple[object, ...]]:
    rows = tx.exec_driver_sql("SELECT id, rule, device, severity, opened_at FROM alerts").all()
    for alert, rule, device, severity, opened in rows:
        yield f"{rule}@1/{device}/{alert}", "began", 0, alert, severity, opened, device


def _timeline(tx: Connection) -> Iterator[tuple[object, ...]]:
    for alert, opened, state in tx.exec_driver_sql("SELECT id, opened_at, state FROM alerts").all():
        for number, kind in enumerate(_STEPS if state == "closed" else _STEPS[:1]):
            yield alert, opened + number * MINUTE, kind, "张三已接警，正在前往 3栋2单元402", "w-1"


def _deliveries(tx: Connection) -> Iterator[tuple[object, ...]]:
    for alert, opened in tx.exec_driver_sql("SELECT id, opened_at FROM alerts").all():
        for number, channel in enumerate(("sms", "wecom")):
            yield (
                *(f"m{alert}-{number}", f"k{alert}-{number}", alert, 0, 0, "w-1", "张三", "worker", channel, "alert"),
                *(0, f"1990000{alert % 10000:04d}", "{}", "delivered" if alert % 50 else "failed", 1),
                *(opened, opened, opened + HOUR, None, opened + SECOND),
            )


async def measure(database: Database) -> dict[str, list[tuple[float, float]]]:
    """Wall clock and processor time in ms of each question, `RUNS` times."""
    times: dict[str, list[tuple[float, float]]] = {}
    for name, ask in _questions(database).items():
        for _ in range(RUNS):
            began, used = time.perf_counter(), time.process_time()
            await ask()
            span_ms = (time.perf_counter() - began) * 1000, (time.process_time() - used) * 1000
            times.setdefault(name, []).append(span_ms)
    return times


def _questions(database: Database) -> dict[str, Callable[[], Awaitable[object]]]:
    def listed(**filters: object) -> Callable[[], Awaitable[object]]:
        wanted = queries.AlertFilter(**filters)  # type: ignore[arg-type]
        return lambda: database.read(lambda tx: queries.list_alerts(tx, wanted, 100))

    month = (NOW - 31 * DAY, NOW)
    active = [state.value for state in ACTIVE_STATES]
    some = [f"p{number}" for number in range(100)]
    return {
        "list": listed(),
        "list_page_of_1000": lambda: database.read(
            lambda tx: queries.list_alerts(tx, queries.AlertFilter(state=active), 1000)
        ),
        "queue": listed(state=active),
        "filter_critical": listed(state=active, severity=[Severity.CRITICAL.value]),
        "filter_place": listed(state=active, place=["p17"]),
        "filter_places": listed(place=some),
        "filter_all_places": listed(place=[f"p{number}" for number in range(PLACES)]),
        "filter_device": listed(device="d4711"),
        "filter_kind": listed(state=active, kind="wristband"),
        "filter_kind_rare": listed(kind="smoke_alarm"),
        "filter_period": listed(since=NOW - 200 * DAY, until=NOW - 199 * DAY),
        "filter_ledger_rare": listed(ledger="health"),
        "counters": lambda: database.read(queries.counters),
        "statistics_month": lambda: _statistics(database, *month),
        "statistics_month_of_a_place": lambda: _statistics(database, *month, places=some),
        "statistics_month_last_year": lambda: _statistics(database, NOW - 400 * DAY, NOW - 369 * DAY),
        "statistics_two_years": lambda: _statistics(database, NOW - YEARS_MS, NOW),
    }


async def _statistics(database: Database, since: int, until: int, places: list[str] | None = None) -> object:
    facts = await case_facts.read_facts(database, since, until, NOW, places)
    period = Period(since, until, NOW, ZoneInfo("Asia/Shanghai"))
    return await asyncio.to_thread(summarize, facts, period, tuple(GroupBy), lambda place: place and place[:2])


def run(folder: Path, open_count: int = 100_000, closed_count: int = 200_000) -> Iterator[Result]:
    """One result for each question."""
    database = build(folder, open_count, closed_count)
    try:
        for name, times in asyncio.run(measure(database)).items():
            walls, used = zip(*times, strict=True)
            detail = {"worst": round(max(walls), 1), "cpu": round(median(used), 1)}
            yield Result(f"cases_{name}_ms", round(median(walls), 1), "ms", detail)
    finally:
        database.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--open", type=int, default=100_000)
    parser.add_argument("--closed", type=int, default=200_000)
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        for result in run(folder, options.open, options.closed):
            print(result.line(), flush=True)


if __name__ == "__main__":
    main()
