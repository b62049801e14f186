"""kill -9 of the real process at a bad moment, on a real broker and real files: nothing lost, nothing sent twice."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import aiomqtt
import httpx2
import pytest
import yaml

from app.clock import Clock
from app.config.catalog import LADDERS, load_wording
from app.server.demo import registered_templates
from simulators.providers.aliyun.server import AliyunSmsServer
from tests.conftest import Broker
from tests.support.rulebook_harness import LATCHED
from tests.support.timeouts import LONG_TIMEOUT_S

TOKEN = "crash-test-administrator"
PUBLISH_EVERY_S = 0.01
"""As fast as the broker takes them, tens of thousands came while the service started: half of what the test cost."""


def write_site(folder: Path, sms_url: str) -> None:
    """One flat, two people, a ladder whose first rung waits six seconds."""
    ladders = yaml.safe_load((LADDERS / "default.yaml").read_text("utf-8"))
    for ladder in ladders["ladders"]:
        if ladder["ledger"] == "danger" and "critical" in ladder["severities"]:
            ladder["rungs"][0]["wait"] = "6s"
    (folder / "ladders.yaml").write_text(yaml.safe_dump(ladders, allow_unicode=True))
    (folder / "site.yaml").write_text(f"sign: 枫树社区\nchannels:\n  aliyun_sms:\n    base_url: {sms_url}\n")
    (folder / "cells.csv").write_text("id,name,level\ng1,第一网格,grid\n")
    (folder / "places.csv").write_text("id,name,level,cell\nh1,3栋402,household,g1\n")
    (folder / "people.csv").write_text("id,name,phone\nli,李伟,19900000001\nchen,陈芳,19900000002\n")
    (folder / "duties.csv").write_text("id,cell,role,person\n1,g1,worker,li\n2,g1,lead,chen\n")
    (folder / "devices.csv").write_text("id,kind,place\ngas-1,gas_alarm,h1\ngas-2,gas_alarm,\n")


class Process:
    """`fengshao up` as an operator starts it."""

    def __init__(self, site: Path, data: Path, broker: Broker, http: int, environ: dict[str, str]) -> None:
        fengshao = str(Path(sys.executable).parent / "fengshao")
        self._command = [fengshao, "up", "--site", str(site), "--data", str(data), "--http", f"127.0.0.1:{http}"]
        self._command += ["--mqtt", f"mqtt://127.0.0.1:{broker.port}"]
        self._environ, self._log = {**os.environ, **environ, "FENGSHAO_ADMIN_TOKEN": TOKEN}, data.parent / "up.log"
        self.api = httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{http}",
            headers={"Authorization": f"Bearer {TOKEN}"},
            trust_env=False,
            timeout=LONG_TIMEOUT_S,
        )

    def use_data(self, data: Path) -> None:
        """Start on another data directory from now on."""
        self._command[self._command.index("--data") + 1] = str(data)

    async def start(self) -> None:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(self._command, env=self._environ, stdout=log, stderr=log)
        await eventually(self._ready, "readiness")

    async def _ready(self) -> bool:
        assert self.process.poll() is None, self._log.read_text()
        try:
            return (await self.api.get("/readyz")).status_code == 200
        except httpx2.TransportError:
            return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(LONG_TIMEOUT_S)

    async def items(self, path: str) -> list[Any]:
        response = await self.api.get(path)
        assert response.status_code == 200, response.text
        return list(response.json()["items"])


async def eventually(condition: Callable[[], Any], what: str) -> None:
    """Waits at most LONG_TIMEOUT_S until a condition that another process brings about holds."""
    for _ in range(round(LONG_TIMEOUT_S / 0.05)):
        if await condition():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{what} did not come within {LONG_TIMEOUT_S} s")


@pytest.fixture
async def provider() -> AsyncIterator[AliyunSmsServer]:
    server = AliyunSmsServer(
        access_keys={"key": "secret"}, templates=registered_templates(load_wording()), clock=Clock()
    )
    async with server:
        yield server


@pytest.fixture
async def service(
    tmp_path: Path, broker: Broker, free_port: Callable[[], int], provider: AliyunSmsServer
) -> AsyncIterator[Process]:
    site, data = tmp_path / "site", tmp_path / "data"
    site.mkdir()
    write_site(site, provider.url)
    environ = {
        "FENGSHAO_ALIYUN_KEY_ID": "key",
        "FENGSHAO_ALIYUN_KEY_SECRET": "secret",
        "FENGSHAO_ALIYUN_CALLBACK_SECRET": "c" * 43,
    }
    process = Process(site, data, broker, free_port(), environ)
    await process.start()
    yield process
    process.kill()
    await process.api.aclose()


async def publish_numbers(port: int, acked: list[int], stop: asyncio.Event) -> None:
    """Publishes numbered readings at QoS 1; `acked` gets the numbers that the broker has acknowledged."""
    async with aiomqtt.Client("127.0.0.1", port) as client:
        number = 0
        while not stop.is_set():
            values = {"seq": number, "lel_pct": number / 1_000_000}
            await client.publish("fengshao/v1/gas-2/up", json.dumps(values), qos=1)
            acked.append(number)
            number += 1
            await asyncio.sleep(PUBLISH_EVERY_S)


async def test_kill_9_in_a_leak_loses_no_reading_repeats_no_text_and_escalates_on_time(
    service: Process, broker: Broker, provider: AliyunSmsServer
) -> None:
    acked: list[int] = []
    stop = asyncio.Event()
    numbers = asyncio.create_task(publish_numbers(broker.port, acked, stop))
    async with aiomqtt.Client("127.0.0.1", broker.port) as client:
        await client.publish("fengshao/v1/gas-1/alarm", '{"alarm": true, "seq": 1}', qos=1)

    async def text_sent() -> bool:
        return len(provider.phones.texts_of("19900000001")) > 0

    await eventually(text_sent, "the first text")
    service.kill()
    before = len(acked)
    await service.start()

    async def more_acked() -> bool:
        return len(acked) > before + 50

    await eventually(more_acked, "readings after the restart")
    stop.set()
    await numbers

    async def all_stored() -> bool:
        path = "/api/v1/devices/gas-2/readings?quantity=lel_pct&limit=1000"
        stored: list[float] = []
        after = ""
        while True:
            page = (await service.api.get(path + after)).json()
            stored += [item["value"] for item in page["items"]]
            if page["next"] is None:
                break
            after = f"&cursor={page['next']}"
        return sorted(stored) == [number / 1_000_000 for number in acked]

    await eventually(all_stored, f"exactly the {len(acked)} readings that the broker took")

    async def escalated() -> bool:
        return len(provider.phones.texts_of("19900000002")) > 0

    await eventually(escalated, "the text to the next person")
    (alert,) = await service.items("/api/v1/alerts?ledger=danger")
    opened_at = round(datetime.fromisoformat(alert["opened_at"]).timestamp() * 1000)
    assert len(provider.phones.texts_of("19900000001")) == 1
    assert provider.phones.texts_of("19900000002")[0].at - opened_at >= 6_000


@pytest.mark.thorough
async def test_kill_9_after_the_reset_of_a_latch_keeps_the_reset_and_the_alarm_can_begin_again(
    tmp_path: Path, service: Process, broker: Broker, provider: AliyunSmsServer
) -> None:
    """A reset is in the journal before it takes effect: it needs no checkpoint."""
    rules = tmp_path / "site" / "rules"
    rules.mkdir()
    (rules / "gas.yaml").write_text(LATCHED, "utf-8")
    service.kill()
    await service.start()
    async with aiomqtt.Client("127.0.0.1", broker.port) as client:
        for seq, alarm in enumerate((True, False)):
            await client.publish("fengshao/v1/gas-1/alarm", json.dumps({"alarm": alarm, "seq": seq}), qos=1)

        async def stored_readings() -> bool:
            return len(await service.items("/api/v1/devices/gas-1/readings?quantity=alarm")) == 2

        await eventually(stored_readings, "the alarm and its all-clear")
        (latched,) = await service.items("/api/v1/rules/latched")
        assert (latched["rule"], latched["device"]) == ("gas-alarm", "gas-1")
        reset = {"device": "gas-1", "reason": "已到现场查看"}
        response = await service.api.post("/api/v1/rules/gas-alarm/reset", json=reset)
        assert (response.status_code, response.json()["ended"]) == (200, True)
        service.kill()
        await service.start()

        assert await service.items("/api/v1/rules/latched") == []
        second_reset = await service.api.post("/api/v1/rules/gas-alarm/reset", json=reset)
        assert second_reset.status_code == 409, "the finding has ended"
        (alert,) = await service.items("/api/v1/alerts?ledger=danger")
        await service.api.post(f"/api/v1/alerts/{alert['id']}/acknowledge", json={"person": "li"})
        await client.publish("fengshao/v1/gas-1/alarm", '{"alarm": true, "seq": 9}', qos=1)

    async def text_sent_again() -> bool:
        return any("又报" in text.text for text in provider.phones.texts_of("19900000001"))

    await eventually(text_sent_again, "the text about the danger that began again")
    assert [latched["device"] for latched in await service.items("/api/v1/rules/latched")] == ["gas-1"]
