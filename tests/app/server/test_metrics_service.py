"""The metrics of a running service."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from tests.conftest import Broker
from tests.support.service_harness import running_service

SENT = 'fengshao_detect_to_send_seconds_count{channel="sms"} 1.0'


async def test_a_leak_is_measured_from_reading_to_text_message(
    tmp_path: Path, broker: Broker, free_port: Callable[[], int]
) -> None:
    async with running_service(tmp_path / "data", broker.port, free_port()) as harness:
        await harness.publish("fengshao/v1/gas-402/alarm", {"alarm": True, "lel_pct": 18.5})
        await harness.phone("李伟").expects_sms("燃气泄漏")
        while SENT not in (text := (await harness.api.get("/metrics")).text):
            await asyncio.sleep(0.05)

    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(lines['fengshao_stage_seconds_count{stage="decode"}']) >= 1
    assert float(lines['fengshao_stage_seconds_count{stage="evaluate"}']) >= 1
    assert float(lines["fengshao_ingest_lag_seconds_count"]) >= 1
    assert float(lines["process_resident_memory_bytes"]) > 1_000_000
    assert not [line for line in lines if "_created" in line]
