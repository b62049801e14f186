"""kill -9 of the real process after its rulebooks were changed: what stood stands, by the books that were taken up."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from app.config.catalog import RULEBOOKS
from tests.conftest import Broker
from tests.end_to_end.test_crash import Process, eventually, provider, service

__all__ = ["provider", "service"]  # fixtures of the crash test

GAS = (RULEBOOKS / "gas.yaml").read_text("utf-8")


async def explained(service: Process, rule: str) -> Any:
    return (await service.api.get(f"/api/v1/rules/{rule}/explain?device=gas-1")).json()


@pytest.mark.thorough
async def test_after_a_reload_and_kill_9_an_alarm_is_active_and_the_new_limit_ends_it(
    service: Process, broker: Broker, tmp_path: Path
) -> None:
    async with aiomqtt.Client("127.0.0.1", broker.port) as device:
        await device.publish("fengshao/v1/gas-1/up", '{"lel_pct": 30, "alarm": true, "seq": 1}', qos=1)

        async def stands() -> bool:
            return bool((await explained(service, "gas-alarm")).get("phase") == "firing")

        await eventually(stands, "the alarm")
        rules = tmp_path / "site" / "rules"
        rules.mkdir()
        changed = GAS.replace("version: 1", "version: 2").replace(
            "  when: alarm\n", "  when: alarm and lel_pct >= 20\n"
        )
        (rules / "gas.yaml").write_text(changed, "utf-8")
        service.process.send_signal(signal.SIGHUP)

        async def in_force() -> bool:
            found = await service.items("/api/v1/rules?hazard=gas")
            return any(rule["name"] == "gas-alarm" and rule["version"] == "2" for rule in found)

        await eventually(in_force, "the changed book")
        service.kill()
        await service.start()
        await eventually(stands, "the alarm after the crash")
        await eventually(in_force, "the changed book after the crash")
        assert len(await service.items("/api/v1/alerts?ledger=danger")) == 1
        await device.publish("fengshao/v1/gas-1/up", '{"lel_pct": 10, "alarm": false, "seq": 2}', qos=1)

        async def clears() -> bool:
            story = await explained(service, "gas-alarm")
            return bool(story["phase"] == "clearing" and story["version"] == "2")

        await eventually(clears, "the all-clear by the changed book")
