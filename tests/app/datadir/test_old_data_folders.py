"""Data folders written by the earlier commits that changed a format, each opened by the code of now.

`python -m tests.support.old_data FILE` of that commit made them: an alert that is taken, one that is open, a hold of
30 s that has begun, an unfinished escalation. `test_old_data.py` runs a whole service on the oldest.
Not among them: two commits of one day whose migration `versions` had a number that another has now.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from app.config.catalog import load_kinds
from app.config.settings import SiteSettings
from app.config.site import SiteConfig, decoder_settings
from app.datadir.stores import JOURNAL_FILE, Stores, open_stores
from app.pipeline.checkpoint import restore, rulebooks_in
from app.reload.registry import RegistryCache
from app.server.processing import build_engine, load_start_state
from domain import DAY, Lane
from ingest.decoding.decoder import Decoder
from store.snapshots import integrity_faults, row_counts
from tests.support.old_data import STOPPED, unpack

FIXTURES = Path(__file__).parents[2] / "fixtures"
ARCHIVES = sorted(FIXTURES.glob("data_of_*.tar.xz"))
KEPT = {
    "alerts": "id, rule, state, severity, device, place, owner, opened_at, taken_at, climb_at, due_at, wake_at, rung",
    "timeline": "alert, at, kind, text, person",
    "deliveries": "id, alert, person, channel, kind, state, address, created_at",
    "duties": "id, cell, role, person, from_minute, to_minute",
    "people": "id, name, phone, home",
    "devices": "id, kind, place",
    "places": "id, name, parent",
    "reply_codes": "phone, number, alert, person",
}


def kept(data: Path) -> dict[str, list[Any]]:
    """Alerts with their deadlines, messages, people, rosters and devices as rows."""
    connection = sqlite3.connect(data / "ledger.db")
    found = {table: connection.execute(f"SELECT {columns} FROM {table}").fetchall() for table, columns in KEPT.items()}
    connection.close()
    return {table: sorted(rows, key=repr) for table, rows in found.items()}


def test_together_they_are_small() -> None:
    assert sum(file.stat().st_size for file in ARCHIVES) <= 1_000_000


@pytest.mark.parametrize("archive", ARCHIVES, ids=lambda file: file.name.partition(".")[0])
async def test_a_folder_of_an_earlier_commit_keeps_alerts_timers_rosters_and_readings(
    archive: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    unpack(archive, data)
    before, entries = kept(data), row_counts(data / JOURNAL_FILE)["entries"]
    assert [len(before[table]) for table in ("alerts", "duties", "people")] == [2, 3, 4]

    site = SiteConfig(None, SiteSettings(), load_kinds())
    stores = open_stores(data, site.settings.history, site.kinds)
    try:
        assert kept(data) == before
        assert integrity_faults(data / "ledger.db") == []
        assert sum(len(stores.journal.read(lane, 0, 1000)) for lane in Lane) == entries
        await check_history(stores)
        await check_engine(site, stores)
    finally:
        await stores.close()


async def check_history(stores: Stores) -> None:
    """A number as the meter sent it, and the journal position it is durable with."""
    points = await stores.history.series("meter-402", "volume_m3", STOPPED - DAY, STOPPED + DAY)
    assert [point.value for point in points] == [312.407]
    assert max(stores.history.position().values()) > 0


async def check_engine(site: SiteConfig, stores: Stores) -> None:
    """The alarm that fires, and the hold that began when the service was stopped."""
    state, registry = load_start_state(site, stores), RegistryCache(stores.database)
    assert state.checkpoint is not None
    assert rulebooks_in(state.checkpoint.blob)
    await registry.reload()
    engine = build_engine(state, site, registry)
    definitions = state.definitions.current
    decoder = Decoder(definitions.kinds, definitions.mappings, decoder_settings(site.settings))
    restore(state.checkpoint.blob, decoder, engine)
    firing = engine.states["gas-402"].rule_states["gas-alarm"]
    assert firing.phase.value == "firing"
    begins = [one.begin for name, one in engine.states["gas-403"].rule_states.items() if "gas" in name]
    assert STOPPED in begins
