"""One message with 50,000 items, and an SOS beside it: real journal, history, listener and engine, real broker."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.config.catalog import load_active_rulebooks, load_kinds, load_mappings
from app.pipeline.backlog import Backlog
from app.pipeline.pipeline import Pipeline
from app.pipeline.ports import RefusalBatch
from domain import Device, Finding, Identity, Instant, Lane
from domain.people import Community
from ingest.decoding.decoder import Decoder
from ingest.decoding.device_index import DeviceIndex
from ingest.frame import Frame, JournalEntry
from rules.engine.engine import Engine
from store.history.duckdb.history import DuckDbHistory
from store.journal import SqliteJournal
from tests.support.service_harness import START

KINDS = load_kinds()
MAPPINGS = load_mappings(KINDS)
DEVICES = [
    Device("meter", "water_meter"),
    Device("gas", "gas_alarm"),
    Device("band", "wristband", identities=(Identity("thingsboard", "Band 1"),)),
    Device("button", "sos_button"),
]
ITEMS = 5_000
SLICES_MAX = 3
"""The slice at hand, the slice in which the SOS is evaluated, and one for the turns of the loop by the test itself."""


class PipelineOnFiles:
    """Pipeline, decoder and engine on real files, with the findings they made."""

    def __init__(self, folder: Path) -> None:
        self.journal, self.history = SqliteJournal(folder / "journal.db"), DuckDbHistory(folder / "history.duckdb")
        self.decoder = Decoder(KINDS, MAPPINGS)
        self.decoder.device_index = DeviceIndex(DEVICES)
        self.engine = Engine(
            load_active_rulebooks(KINDS), KINDS, Community({}, {}, {}, ()), zone=ZoneInfo("Asia/Shanghai")
        )
        self.engine.register(DEVICES, START)
        self.backlog = Backlog(self.journal, {}, {}, 1 << 26)
        self.findings: list[Finding] = []
        self.refused: list[RefusalBatch] = []
        self.pipeline = Pipeline(
            self.backlog,
            self.decoder,
            self.engine,
            self,
            self,
            lambda: START,
        )

    async def process_findings(self, findings: Sequence[Finding], lane: Lane | None, pos: int | None) -> None:
        self.findings += findings

    async def store_refusals(self, batches: Sequence[RefusalBatch]) -> None:
        self.refused += batches

    async def store_checkpoint(self, positions: Mapping[Lane, int], now: Instant, snapshot: bytes) -> None: ...

    async def arrives(self, lane: Lane, *frames: Frame) -> None:
        self.backlog.enqueue(JournalEntry(lane, await self.journal.append(lane, frames), frames))

    def pressed(self) -> bool:
        return any(finding.device == "button" for finding in self.findings)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[PipelineOnFiles]:
    made = PipelineOnFiles(tmp_path)
    yield made
    await made.history.close()
    made.journal.close()


def frame(topic: str, payload: object) -> Frame:
    return Frame(topic, json.dumps(payload).encode(), START, "bulk", 1)


PRESS = frame("fengshao/v1/button/alarm", {"sos": True})
ARRAYS: dict[str, tuple[str, Any]] = {
    "a backfill in order": ("meter/up", [{"ts": START - at * 1_000, "volume_m3": at} for at in range(ITEMS, 0, -1)]),
    "a backfill, the newest first": ("meter/up", [{"ts": START - at * 1_000, "volume_m3": at} for at in range(ITEMS)]),
    "an alarm that flaps": ("gas/up", [{"ts": START - at * 1_000, "alarm": at % 2 == 0} for at in range(ITEMS, 0, -1)]),
    "empty objects": ("gas/up", [{}] * ITEMS),
    "values of the wrong type": ("gas/up", [{"lel_pct": "much"}] * ITEMS),
    "a field nobody knows": ("gas/up", [{f"field-{at}": at} for at in range(ITEMS)]),
    "a device nobody registered": ("stranger/up", [{"alarm": False, "number": at} for at in range(ITEMS)]),
}


@pytest.mark.parametrize("name", ARRAYS)
async def test_an_sos_waits_for_the_slice_at_hand_and_not_for_the_array(desk: PipelineOnFiles, name: str) -> None:
    topic, payload = ARRAYS[name]
    await desk.arrives(Lane.BULK, frame(f"fengshao/v1/{topic}", payload))
    pressed = JournalEntry(Lane.URGENT, await desk.journal.append(Lane.URGENT, [PRESS]), [PRESS])
    running = asyncio.create_task(desk.pipeline.run())
    while desk.backlog.entries:
        await asyncio.sleep(0)
    desk.backlog.enqueue(pressed)
    slices = 0
    while not desk.pressed():
        slices += 1
        assert slices <= SLICES_MAX, "the SOS waits behind the array"
        await asyncio.sleep(0)
    assert not desk.pipeline.caught_up.is_set()  # the array is still being worked off
    desk.pipeline.stop()
    await running
    assert desk.pipeline.counters.frames == 2


async def test_an_array_is_evaluated_in_event_order_over_all_its_slices(desk: PipelineOnFiles) -> None:
    """Whole or sliced, the newest first or last: the same findings."""
    findings, array = [], ARRAYS["an alarm that flaps"][1][-1_000:]
    for payload in (array, array[::-1]):
        decoder = Decoder(KINDS, MAPPINGS)
        decoder.device_index = DeviceIndex(DEVICES)
        engine = Engine(load_active_rulebooks(KINDS), KINDS, Community({}, {}, {}, ()), zone=ZoneInfo("Asia/Shanghai"))
        engine.register(DEVICES, START)
        result = decoder.decode([frame("fengshao/v1/gas/up", payload)])
        findings.append([(finding.id, finding.phase) for finding in engine.feed(result.readings, START)])
    await desk.arrives(Lane.BULK, frame("fengshao/v1/gas/up", array[::-1]))
    running = asyncio.create_task(desk.pipeline.run())
    await desk.pipeline.caught_up.wait()
    desk.pipeline.stop()
    await running
    assert findings[0] == findings[1] == [(finding.id, finding.phase) for finding in desk.findings]
    assert findings[0]
