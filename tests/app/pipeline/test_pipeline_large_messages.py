"""One message with 50,000 items, and an SOS beside it: real journal, history, listener and engine, real broker."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.config.catalog import load_active_rulebooks, load_kinds, load_mappings
from app.pipeline.backlog import Backlog
from app.pipeline.pipeline import Pipeline
from app.pipeline.ports import RefusalBatch
from app.pipeline.slices import SLICE_BYTES, SLICE_FRAMES, frame_slices
from domain import Device, Finding, Identity, Instant, Lane
from domain.people import Community
from ingest.decoding.decoder import STEP_READINGS, Decoder
from ingest.decoding.device_index import DeviceIndex
from ingest.decoding.message import FIELDS_MAX
from ingest.decoding.refused_items import SINGLE_REFUSALS_MAX
from ingest.frame import Frame, JournalEntry
from ingest.mqtt.danger_prefilter import DangerPrefilter
from ingest.results import IngestResult
from rules.engine.engine import Engine
from store.history.duckdb.history import DuckDbHistory
from store.journal import SqliteJournal
from tests.conftest import Broker
from tests.support.service_harness import START, ServiceHarness, running_service

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
"""The slice at hand, the slice in which it is judged, and one for the loops that the test itself turns."""


class Desk:
    """Chain, listener and engine on real files, with what they told."""

    def __init__(self, folder: Path) -> None:
        self.journal, self.history = SqliteJournal(folder / "journal.db"), DuckDbHistory(folder / "history.duckdb")
        self.listener = Decoder(KINDS, MAPPINGS)
        self.listener.device_index = DeviceIndex(DEVICES)
        self.engine = Engine(
            load_active_rulebooks(KINDS), KINDS, Community({}, {}, {}, ()), zone=ZoneInfo("Asia/Shanghai")
        )
        self.engine.register(DEVICES, START)
        self.backlog = Backlog(self.journal, {}, {}, 1 << 26)
        self.told: list[Finding] = []
        self.refused: list[RefusalBatch] = []
        self.chain = Pipeline(
            self.backlog,
            self.listener,
            self.engine,
            self,
            self,
            lambda: START,
        )

    async def process_findings(self, findings: Sequence[Finding], lane: Lane | None, pos: int | None) -> None:
        self.told += findings

    async def store_refusals(self, batches: Sequence[RefusalBatch]) -> None:
        self.refused += batches

    async def store_checkpoint(self, positions: Mapping[Lane, int], now: Instant, snapshot: bytes) -> None: ...

    async def arrives(self, lane: Lane, *frames: Frame) -> None:
        self.backlog.enqueue(JournalEntry(lane, await self.journal.append(lane, frames), frames))

    def pressed(self) -> bool:
        return any(one.device == "button" for one in self.told)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    made = Desk(tmp_path)
    yield made
    await made.history.close()
    made.journal.close()


def frame(topic: str, said: object) -> Frame:
    return Frame(topic, json.dumps(said).encode(), START, "bulk", 1)


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
async def test_an_sos_waits_for_the_slice_at_hand_and_not_for_the_array(desk: Desk, name: str) -> None:
    topic, said = ARRAYS[name]
    await desk.arrives(Lane.BULK, frame(f"fengshao/v1/{topic}", said))
    pressed = JournalEntry(Lane.URGENT, await desk.journal.append(Lane.URGENT, [PRESS]), [PRESS])
    running = asyncio.create_task(desk.chain.run())
    while desk.backlog.entries:
        await asyncio.sleep(0)
    desk.backlog.enqueue(pressed)
    slices = 0
    while not desk.pressed():
        slices += 1
        assert slices <= SLICES_MAX, "the SOS waits behind the array"
        await asyncio.sleep(0)
    assert not desk.chain.caught_up.is_set()  # the array is still being worked off
    desk.chain.stop()
    await running
    assert desk.chain.counters.frames == 2


async def test_an_array_is_judged_in_event_order_over_all_its_slices(desk: Desk) -> None:
    """Whole or sliced, the newest first or last: the same findings."""
    told, array = [], ARRAYS["an alarm that flaps"][1][-1_000:]
    for said in (array, array[::-1]):
        listener = Decoder(KINDS, MAPPINGS)
        listener.device_index = DeviceIndex(DEVICES)
        engine = Engine(load_active_rulebooks(KINDS), KINDS, Community({}, {}, {}, ()), zone=ZoneInfo("Asia/Shanghai"))
        engine.register(DEVICES, START)
        heard = listener.decode([frame("fengshao/v1/gas/up", said)])
        told.append([(one.id, one.phase) for one in engine.feed(heard.readings, START)])
    await desk.arrives(Lane.BULK, frame("fengshao/v1/gas/up", array[::-1]))
    running = asyncio.create_task(desk.chain.run())
    await desk.chain.caught_up.wait()
    desk.chain.stop()
    await running
    assert told[0] == told[1] == [(one.id, one.phase) for one in desk.told]
    assert told[0]


def test_many_large_messages_are_no_slice_together() -> None:
    large = [Frame("t", b"x" * (SLICE_BYTES // 2), 0, "bulk")] * 9
    assert [2, 2, 2, 2, 1] == [len(each) for each in frame_slices(large)]
    assert [1, 1] == [len(each) for each in frame_slices([Frame("t", b"x" * SLICE_BYTES * 2, 0, "bulk")] * 2)]
    small = [Frame("t", b"x", 0, "bulk")] * (2 * SLICE_FRAMES + 1)
    assert [SLICE_FRAMES, SLICE_FRAMES, 1] == [len(each) for each in frame_slices(small)]
    assert [] == frame_slices([])


# --- What is refused of a large message -------------------------------------------------------------------------------


@pytest.fixture
def listener() -> Decoder:
    made = Decoder(KINDS, MAPPINGS)
    made.device_index = DeviceIndex(DEVICES)
    return made


def test_five_thousand_bad_items_are_no_five_thousand_refusals_and_none_is_silent(listener: Decoder) -> None:
    refused = listener.decode([frame("fengshao/v1/gas/up", [{"lel_pct": "much"}] * 5_000)]).refusals
    assert len(refused) == SINGLE_REFUSALS_MAX + 1
    assert refused[-1].detail.startswith(f"{5_000 - SINGLE_REFUSALS_MAX} more items of this message, the first: ")


def test_items_that_are_no_objects_are_counted(listener: Decoder) -> None:
    refused = listener.decode([frame("fengshao/v1/gas/up", [*([7] * 1_000), {"alarm": True}, "x"])]).refusals
    assert refused[0].detail == "item 0 is a int instead of an object"
    assert refused[-1].detail == "951 more items are no objects, the last of them item 1001"


def test_of_a_flood_of_dangers_every_device_is_named_once_whatever_was_refused_before_it(listener: Decoder) -> None:
    """A gateway's message: 500 harmless strangers, and ten who call for help behind them."""
    said = {f"harmless {number}": [{"ts": START, "values": {"humidity": number}}] for number in range(500)}
    said |= {f"calls {number}": [{"ts": START, "values": {"sos": True}}] for number in range(10)}
    refused = listener.decode([frame("v1/gateway/telemetry", said)]).refusals
    assert [f"calls {number}" for number in range(10)] == [one.identity for one in refused if one.danger]
    assert "400 more items" in refused[-1].detail


def test_dangers_beyond_the_limit_are_still_one_danger(listener: Decoder) -> None:
    said = {f"calls {number}": [{"ts": START, "values": {"sos": True}}] for number in range(3 * SINGLE_REFUSALS_MAX)}
    refused = [one for one in listener.decode([frame("v1/gateway/telemetry", said)]).refusals if one.danger]
    assert len(refused) == SINGLE_REFUSALS_MAX + 1
    assert f"{2 * SINGLE_REFUSALS_MAX} more items" in refused[-1].detail


def test_what_readings_of_the_message_tell_is_not_told_again_for_its_bad_items(listener: Decoder) -> None:
    heard = listener.decode([frame("fengshao/v1/gas/alarm", [{"ts": START, "alarm": True}, *([7] * 400)])])
    assert [one.values for one in heard.readings] == [{"alarm": True}]
    assert not any(one.danger for one in heard.refusals)


def test_an_object_of_a_hundred_thousand_fields_is_refused_and_its_danger_is_not_lost(listener: Decoder) -> None:
    said = {"alarm": True, **{f"field-{number}": number for number in range(100_000)}}
    (refused,) = listener.decode([frame("fengshao/v1/gas/up", said)]).refusals
    assert f"100001 fields, {FIELDS_MAX} at most" == refused.detail
    assert refused.danger


def test_the_listener_pauses_within_a_message_and_hears_others_meanwhile(listener: Decoder) -> None:
    heard, between = IngestResult(), 0
    for _ in listener.decode_in_steps([frame("fengshao/v1/meter/up", ARRAYS["a backfill in order"][1])], heard):
        between += 1
        other = listener.decode([frame("fengshao/v1/gas/up", {"ts": START + between, "alarm": False})])
        assert len(other.readings) == 1
    assert between == ITEMS // STEP_READINGS
    assert [START - at * 1_000 for at in range(ITEMS, 0, -1)] == [one.at for one in heard.readings]


def test_a_large_message_is_no_call_for_the_urgent_lane() -> None:
    foresight = DangerPrefilter(KINDS, MAPPINGS, Decoder(KINDS, MAPPINGS).has_danger)
    large = frame("fengshao/v1/gas/up", [{"alarm": True, "note": "x" * 70_000}])
    small = frame("fengshao/v1/gas/up", {"alarm": True})
    assert [small] == foresight([large, small])


# --- The whole service ------------------------------------------------------------------------------------------------


@pytest.fixture
async def harness(tmp_path: Path, broker: Broker, free_port: Callable[[], int]) -> AsyncIterator[ServiceHarness]:
    async with running_service(tmp_path / "data", broker.port, free_port()) as running:
        yield running


@pytest.mark.parametrize("leaf", ["up", "alarm"])
async def test_an_sos_beside_an_array_of_twenty_thousand_is_told(harness: ServiceHarness, leaf: str) -> None:
    said = [{"ts": START - at * 1_000, "volume_m3": at} for at in range(20_000)]
    await harness.publish(f"fengshao/v1/meter-402/{leaf}", json.dumps(said, separators=(",", ":")))
    await harness.until(lambda: harness.service.processing.pipeline.backlog.positions[Lane.BULK], "the array")
    await harness.publish("fengshao/v1/band-402/alarm", {"sos": True})
    await harness.phone("李伟").expects_sms("402")


async def test_a_crash_in_the_middle_of_an_array_loses_nothing_and_tells_nothing_twice(harness: ServiceHarness) -> None:
    said = [{"ts": START - at * 1_000, "volume_m3": at} for at in range(6_000)]
    await harness.publish("fengshao/v1/meter-402/up", json.dumps(said, separators=(",", ":")))
    await harness.until(lambda: harness.stores.journal.position().get(Lane.BULK), "the array in the journal")
    await harness.publish("fengshao/v1/band-402/alarm", {"sos": True})
    await harness.phone("李伟").expects_sms("402")
    await harness.crash()
    await harness.start()
    await harness.until(lambda: harness.service.processing.pipeline._processed[Lane.BULK], "the array, after the crash")
    await harness.stores.history.flush()
    found = await harness.stores.history.series("meter-402", "volume_m3", 0, START + 1, limit=10_000)
    assert list(range(5_999, -1, -1)) == [point.value for point in found]
    assert len(await harness.items("/api/v1/alerts")) == 1
    assert len(harness.phone("李伟").texts) == 1
