"""A pipeline on real files for the tests of this folder."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
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


class PipelineOnFiles:
    """Pipeline, decoder and engine on real files, with the findings they on_files."""

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
async def files(tmp_path: Path) -> AsyncIterator[PipelineOnFiles]:
    on_files = PipelineOnFiles(tmp_path)
    yield on_files
    await on_files.history.close()
    on_files.journal.close()


def frame(topic: str, payload: object) -> Frame:
    return Frame(topic, json.dumps(payload).encode(), START, "bulk", 1)
