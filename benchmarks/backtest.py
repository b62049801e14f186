"""Speed of a backtest over thirty days of a thousand devices with a reading every five minutes."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from app.config.catalog import RULEBOOKS, load_kinds, load_rulebook_files
from app.rule_tools.recorded_data import RecordedData
from benchmarks.result import Result
from domain import DAY, MINUTE, Device
from store.history.duckdb.history import DuckDbHistory
from store.history.duckdb.tables import raw_table

START = 1_793_491_200_000 - 40 * DAY
DAYS, DEVICES, EVERY_MS = 30, 1_000, 5 * MINUTE
FOUNDING = ("gas", "wristband", "water_meter", "manhole")

# Normal readings with a few alarms; no water at night. `r` is a hash of device and slot, the same every time.
_VALUES = """CASE device % 4
WHEN 0 THEN '{"alarm":' || (r % 100000 = 0) || ',"lel_pct":' || (r % 80) / 10.0 || ',"co_ppm":' || r % 20
    || ',"fault":' || (r % 200000 = 7) || ',"battery_pct":' || 40 + device % 60 || '}'
WHEN 1 THEN '{"heart_rate_bpm":' || 58 + r % 45 || ',"spo2_pct":' || 95 + r % 5 || ',"worn":true,"steps":'
    || (slot % 288) * 12 || ',"battery_pct":' || 20 + slot % 80 || '}'
WHEN 2 THEN '{"volume_m3":'
    || (100000 + slot // 288 * 306 + greatest(slot % 288 - 84, 0) * 3 // 2) / 1000.0
    || ',"leak":false,"burst":' || (r % 150000 = 1) || '}'
ELSE '{"opened":' || (r % 120000 = 3) || ',"tilt_deg":' || r % 5 || ',"water_level_mm":' || 200 + r % 40 || '}' END"""
_KINDS = ("gas_alarm", "wristband", "water_meter", "manhole")
_ONE_DAY = f"""
CREATE TABLE :table AS
SELECT device::INTEGER AS device, ({DEVICES} + device % 4)::INTEGER AS kind, at_ms::BIGINT AS at_ms,
    (at_ms + 200)::BIGINT AS received, {_VALUES} AS vals, NULL::VARCHAR AS doubts
FROM (SELECT device, slot, {START} + slot * {EVERY_MS} + device * 290 AS at_ms, hash(device, slot) % 1000003 AS r
      FROM range({DEVICES}) AS d(device), range(:first, :last) AS s(slot))
ORDER BY device, at_ms"""


def write_recorded_data(folder: Path) -> RecordedData:
    """A history as the service leaves it: closed days, sorted by device."""
    history = DuckDbHistory(folder / "history.duckdb", threads=2)
    asyncio.run(history.close())
    import duckdb

    connection = duckdb.connect(str(folder / "history.duckdb"))
    names = [f"device-{number:04d}" for number in range(DEVICES)]
    connection.executemany("INSERT INTO names VALUES (?, ?)", list(enumerate([*names, *_KINDS])))
    slots_per_day = DAY // EVERY_MS
    for day in range(DAYS):
        begin = START + day * DAY
        query = _ONE_DAY.replace(":table", raw_table(begin))
        connection.execute(
            query.replace(":first", str(day * slots_per_day)).replace(":last", str((day + 1) * slots_per_day))
        )
        connection.execute("INSERT INTO days VALUES (?, 1)", [begin])
    connection.close()
    recorded = RecordedData(folder, DuckDbHistory(folder / "history.duckdb", threads=2))
    recorded.devices = [Device(name, _KINDS[number % 4]) for number, name in enumerate(names)]
    return recorded


def run() -> Iterator[Result]:
    with tempfile.TemporaryDirectory() as folder:
        recorded = write_recorded_data(Path(folder))
        books = load_rulebook_files(load_kinds(), [RULEBOOKS / f"{name}.yaml" for name in FOUNDING])
        started = time.perf_counter()
        (findings,) = recorded.backtest([books], START, START + DAYS * DAY + DAY)
        elapsed_s = time.perf_counter() - started
        asyncio.run(recorded.history.close())
    readings = DAYS * DEVICES * DAY // EVERY_MS
    detail = {
        "readings": readings,
        "seconds": round(elapsed_s, 1),
        "findings": len(findings),
        "rules": sum(len(book.rules) for book in books),
    }
    yield Result("backtest_readings_per_s", round(readings / elapsed_s), "readings/s", detail)
