"""One message with 50,000 items, and an SOS beside it: real journal, history, decoder and engine."""

from __future__ import annotations

import asyncio
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.config.catalog import load_active_rulebooks
from domain import Lane
from domain.people import Community
from ingest.decoding.decoder import Decoder
from ingest.decoding.device_index import DeviceIndex
from ingest.frame import JournalEntry
from rules.engine.engine import Engine
from tests.app.pipeline.conftest import DEVICES, KINDS, MAPPINGS, PipelineOnFiles, frame
from tests.support.long_form import examples
from tests.support.service_harness import START

ITEMS = examples(5_000, short=2_000)
SLICES_MAX = 3
"""The slice at hand, the slice in which the SOS is evaluated, and one for the turns of the loop by the test itself."""

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


@pytest.mark.long_form
@pytest.mark.parametrize("name", ARRAYS)
async def test_an_sos_waits_for_the_slice_at_hand_and_not_for_the_array(files: PipelineOnFiles, name: str) -> None:
    topic, payload = ARRAYS[name]
    await files.arrives(Lane.BULK, frame(f"fengshao/v1/{topic}", payload))
    pressed = JournalEntry(Lane.URGENT, await files.journal.append(Lane.URGENT, [PRESS]), [PRESS])
    running = asyncio.create_task(files.pipeline.run())
    while files.backlog.entries:
        await asyncio.sleep(0)
    files.backlog.enqueue(pressed)
    slices = 0
    while not files.pressed():
        slices += 1
        assert slices <= SLICES_MAX, "the SOS waits behind the array"
        await asyncio.sleep(0)
    assert not files.pipeline.caught_up.is_set()  # the array is still being worked off
    files.pipeline.stop()
    await running
    assert files.pipeline.counters.frames == 2


async def test_an_array_is_evaluated_in_event_order_over_all_its_slices(files: PipelineOnFiles) -> None:
    """Whole or sliced, the newest first or last: the same findings."""
    findings, array = [], ARRAYS["an alarm that flaps"][1][-1_000:]
    for payload in (array, array[::-1]):
        decoder = Decoder(KINDS, MAPPINGS)
        decoder.device_index = DeviceIndex(DEVICES)
        engine = Engine(load_active_rulebooks(KINDS), KINDS, Community({}, {}, {}, ()), zone=ZoneInfo("Asia/Shanghai"))
        engine.register(DEVICES, START)
        result = decoder.decode([frame("fengshao/v1/gas/up", payload)])
        findings.append([(finding.id, finding.phase) for finding in engine.feed(result.readings, START)])
    await files.arrives(Lane.BULK, frame("fengshao/v1/gas/up", array[::-1]))
    running = asyncio.create_task(files.pipeline.run())
    await files.pipeline.caught_up.wait()
    files.pipeline.stop()
    await running
    assert findings[0] == findings[1] == [(finding.id, finding.phase) for finding in files.findings]
    assert findings[0]
