"""A history moves from its file to a real VictoriaMetrics and back, and to InfluxDB, and every value with it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.config.catalog import load_kinds
from app.config.settings import HistorySettings
from app.datadir.history_migration import PART_FILE, HistoryMigration, HistoryMigrator, HistoryNotMigrated
from app.datadir.lock import DataDirInUse, lock_data_dir
from app.datadir.stores import HISTORY_FILE, SPOOL_FOLDER
from domain import DAY, HOUR, Lane, Quality, Reading
from simulators.providers.influxdb.server import InfluxServer
from simulators.providers.influxdb.server3 import InfluxServer3
from store.database.database import Database, sqlite_url
from store.database.refusals.history_refusals import list_history_refusals
from store.history.duckdb.history import DuckDbHistory
from store.history.remote.spool import Spool
from store.history.transfer import CopiedDay
from tests.support.cli import run
from tests.support.victoriametrics import Victoria

KINDS = load_kinds()
DOUBTS = {"x": Quality.IMPLAUSIBLE}
TOKEN = "FENGSHAO_HISTORY_TOKEN"


@pytest.fixture
def victoria(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Victoria]:
    server = Victoria(tmp_path / "victoria", free_port())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def now() -> int:
    """Noon of yesterday, so that the days, and the hour at which a retention ends, are the same at every hour."""
    return int(time.time()) * 1000 // DAY * DAY - DAY // 2


def readings(now: int) -> list[Reading]:
    """Four days: fractions, large numbers, verdicts, texts, doubtful values, a late batch, a reading without values."""
    midnight = now - now % DAY
    found = [
        Reading(
            f"g{n % 7}", "gas_alarm", at, at + 40, {"lel_pct": round(n / 7, 3), "alarm": n % 5 == 0, "co_ppm": n % 3}
        )
        for n, at in enumerate(range(midnight - 3 * DAY, now, 17 * 60_000))
    ]
    late = midnight - 2 * DAY + 5 * HOUR + 1
    return [
        *found,
        Reading("b 1,=", "sos_button", late, late + DAY, {"key": "双击\n50%", "battery_pct": 99}),
        Reading("b 1,=", "sos_button", late, late + DAY + 9, {"battery_v": 2.95}),
        Reading("w", "water_meter", late, late, {"volume_m3": 312.407, "x": 1e300, "y": -0.0}, DOUBTS),
        Reading("silent", "door", late, late, {}),
    ]  # fmt: skip


@pytest.fixture
def data(tmp_path: Path, now: int) -> Path:
    """DIR with a history of four days, part of it rolled up, at journal position 7."""
    folder = tmp_path / "data"
    folder.mkdir()
    asyncio.run(_fill(folder / HISTORY_FILE, now))
    return folder


async def _fill(file: Path, now: int) -> None:
    history = DuckDbHistory(file)
    found = readings(now)
    history.append(Lane.BULK, 6, found[:-40])
    await history.flush()
    await history.roll_up(now)
    history.append(Lane.BULK, 7, found[-40:])
    await history.close()


def migrator(data: Path, now: int, progress: Callable[[CopiedDay], object] = lambda _day: None) -> HistoryMigrator:
    return HistoryMigrator(data, KINDS, lambda: now, lambda seconds: time.sleep(min(seconds, 2.0)), progress)


FILE = HistorySettings()


def server(victoria: Victoria) -> HistorySettings:
    return HistorySettings(type="victoriametrics", url=victoria.url)


def ok(done: HistoryMigration) -> HistoryMigration:
    assert done.faults == ()
    return done


@pytest.mark.victoria
def test_a_history_moves_to_a_server_and_back_with_every_value(data: Path, now: int, victoria: Victoria) -> None:
    arguments = "--data", str(data), "--to", "victoriametrics", "--url", victoria.url
    there = ok(migrator(data, now).migrate(FILE, server(victoria)))
    assert (there.days, there.readings, there.refused) == (4, len(readings(now)), 0)
    with closing(Spool(data / SPOOL_FOLDER, 1 << 20)) as spool:
        assert spool.positions == {Lane.BULK: 7}, "the service would write the whole journal again, or leave a gap"
    again = run("migrate", "history", *arguments)
    assert f"{len(readings(now))} readings, {there.values} values of 4 days, 0 of them refused" in again.output
    assert again.output.count("was there already: equal") == 4
    original = data / HISTORY_FILE
    with pytest.raises(HistoryNotMigrated, match="move it away first"):
        migrator(data, now).migrate(server(victoria), FILE)
    original.rename(data / "before.duckdb")
    back = ok(migrator(data, now).migrate(server(victoria), FILE))
    assert (back.days, back.values) == (4, there.values)
    for device in sorted({reading.device for reading in readings(now)}):
        found, before = (asyncio.run(_contents(file, device, now)) for file in (original, data / "before.duckdb"))
        assert found == before


async def _contents(file: Path, device: str, now: int) -> Any:
    """What a history on this file answers: its position, series, roll-ups and newest values of a device."""
    history, period = DuckDbHistory(file), (now - 5 * DAY, now + DAY)
    rollups = await history.rollups(device, None, *period, HOUR)
    try:
        return (
            history.position(),
            sorted((p.at, p.quantity, p.value, p.quality) for p in await history.series(device, None, *period)),
            [(r.at, r.quantity, r.low, r.high, r.last, r.mean and round(r.mean, 9)) for r in rollups],
            await history.latest(device),
        )
    finally:
        await history.close()


@pytest.mark.victoria
def test_an_interrupted_copy_goes_on_where_it_ended(data: Path, now: int, victoria: Victoria) -> None:
    class Interrupted(Exception):
        pass

    def stop(day: CopiedDay) -> None:
        if day.number == 2:
            raise Interrupted

    with pytest.raises(Interrupted):
        migrator(data, now, stop).migrate(FILE, server(victoria))
    assert not (data / SPOOL_FOLDER).exists(), "the service would take the copy for complete"
    seen: list[CopiedDay] = []
    ok(migrator(data, now, seen.append).migrate(FILE, server(victoria)))
    assert [day.was_there for day in seen] == [True, True, False, False]
    (data / HISTORY_FILE).unlink()
    with pytest.raises(Interrupted):
        migrator(data, now, stop).migrate(server(victoria), FILE)
    assert (data / PART_FILE).exists()
    assert not (data / HISTORY_FILE).exists()
    seen.clear()
    ok(migrator(data, now, seen.append).migrate(server(victoria), FILE))
    assert [day.was_there for day in seen] == [True, True, False, False]


@pytest.mark.thorough
@pytest.mark.victoria
def test_what_a_server_loses_by_kill_9_while_it_is_copied_is_written_again(
    data: Path, now: int, victoria: Victoria
) -> None:
    killed = []

    def kill_after_the_last_day(day: CopiedDay) -> None:
        if day.number == day.days and not killed:
            victoria.kill()
            victoria.start()
            killed.append(day)

    done = ok(migrator(data, now, kill_after_the_last_day).migrate(FILE, server(victoria)))
    assert killed
    (data / HISTORY_FILE).unlink()
    assert ok(migrator(data, now).migrate(server(victoria), FILE)).values == done.values


@pytest.mark.victoria
def test_a_server_that_keeps_values_for_less_time_is_named_day_by_day_and_nothing_is_changed(
    data: Path, now: int, victoria: Victoria
) -> None:
    old = now - 3 * 365 * DAY
    history = DuckDbHistory(data / HISTORY_FILE)
    history.append(Lane.BULK, 8, [Reading("old", "gas_alarm", old, old, {"lel_pct": 3})])
    asyncio.run(history.close())
    done = migrator(data, now).migrate(FILE, server(victoria))
    [received, value] = sorted(done.faults, key=lambda fault: "lel_pct" in fault)
    assert value.endswith(": old lel_pct: 0 values with the sum 0, instead of 1 with the sum 3")
    assert "old received_ms" in received
    assert not (data / SPOOL_FOLDER).exists()


@pytest.mark.parametrize("version", ["1.8", "2.8"])
def test_what_influxdb_refuses_is_named_kept_and_left_out_of_the_comparison(
    data: Path, now: int, version: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN, "secret")

    async def run_beside_a_server() -> HistoryMigration:
        async with InfluxServer(version, lambda: now, token="secret", retention_ms=2 * DAY) as simulated:
            target = HistorySettings(type="influxdb", url=simulated.url)
            return await asyncio.to_thread(migrator(data, now).migrate, FILE, target)

    done = ok(asyncio.run(run_beside_a_server()))
    # Of a reading without values the instant of its reception is what is refused.
    too_old = sum(max(len(each.values), 1) for each in readings(now) if each.at < now - 2 * DAY)
    assert done.refused == too_old
    database = Database(sqlite_url(data / "ledger.db"))
    kept = database.write_blocking(lambda tx: list_history_refusals(tx, 1000))
    assert len(kept.items) == too_old
    database.close()


def test_a_history_moves_to_influxdb_3_and_back_with_every_value(
    data: Path, now: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN, "secret")

    async def there_and_back() -> None:
        async with InfluxServer3(lambda: now, token="secret", files_max=90) as simulated:
            target = HistorySettings(type="influxdb3", url=simulated.url)
            there = ok(await asyncio.to_thread(migrator(data, now).migrate, FILE, target))
            assert (there.days, there.readings, there.refused) == (4, len(readings(now)), 0)
            (data / HISTORY_FILE).rename(data / "before.duckdb")
            back = ok(await asyncio.to_thread(migrator(data, now).migrate, target, FILE))
            assert (back.days, back.values) == (4, there.values)

    asyncio.run(there_and_back())
    for device in sorted({reading.device for reading in readings(now)}):
        found, before = (asyncio.run(_contents(data / file, device, now)) for file in (HISTORY_FILE, "before.duckdb"))
        assert found == before


def test_the_present_history_and_a_running_service_are_refused(data: Path, now: int) -> None:
    with pytest.raises(HistoryNotMigrated, match="before the setting is changed"):
        migrator(data, now).migrate(FILE, FILE)
    target = HistorySettings(type="victoriametrics", url="http://127.0.0.1:9")
    with lock_data_dir(data), pytest.raises(DataDirInUse):
        migrator(data, now).migrate(FILE, target)
    with pytest.raises(HistoryNotMigrated, match=r"stays at history\.duckdb: VictoriaMetrics did not answer"):
        migrator(data, now).migrate(FILE, target)
    assert run("migrate", "history", "--data", str(data), "--to", "victoriametrics").exit_code == 1
