"""From the publish of an alarm to the request at the SMS provider, while 1,000 ordinary readings a second come in.

Each alarm has its own household, cell, worker and phone, so that no budget and no grouping delays it.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiomqtt

from benchmarks.result import Result
from benchmarks.service import free_port, service

ALARMS = 120
BACKGROUND_PER_S = 1_000
BACKGROUND = [f"gas-{number}" for number in range(1_000)]
BETWEEN_S = 0.25
WARM_UP_S = 5.0


class Provider:
    """Answers SendSms like Aliyun and records when the first request for each phone arrived."""

    def __init__(self) -> None:
        self.requests: dict[str, float] = {}
        self.port = free_port()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", self.port))
        self._loop.run_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await self._head(reader):
            arrived = time.time()
            query = parse_qs(urlsplit(head.split(b" ")[1].decode()).query)
            phone = query.get("PhoneNumbers", [""])[0]
            self.requests.setdefault(phone, arrived)
            body = json.dumps({"Code": "OK", "Message": "OK", "BizId": f"{phone}^0", "RequestId": "bench"}).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body))
            writer.write(body)

    async def _head(self, reader: asyncio.StreamReader) -> bytes:
        try:
            return await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""


def phone(number: int) -> str:
    return f"199{number:08d}"


def write_site(folder: Path, provider_port: int, alarms: int = ALARMS, others: Sequence[str] = BACKGROUND) -> None:
    """A site with a household, cell, worker and gas alarm for each alarm, and other gas alarms without a place."""
    numbers = range(alarms)
    (folder / "site.yaml").write_text(
        f"name: 测试社区\nsign: 测试社区\nchannels:\n  aliyun_sms:\n    base_url: http://127.0.0.1:{provider_port}\n"
    )
    tables = {
        "cells.csv": ["id,name,level", *(f"c{n},第{n}网格,grid" for n in numbers)],
        "places.csv": ["id,name,level,cell", *(f"h{n},{n}号院,household,c{n}" for n in numbers)],
        "people.csv": ["id,name,phone", *(f"w{n},测试{n},{phone(n)}" for n in numbers)],
        "duties.csv": ["id,cell,role,person", *(f"{n},c{n},worker,w{n}" for n in numbers)],
        "devices.csv": [
            "id,kind,place",
            *(f"alarm-{n},gas_alarm,h{n}" for n in numbers),
            *(f"{device},gas_alarm," for device in others),
        ],
    }
    for name, lines in tables.items():
        (folder / name).write_text("\n".join(lines) + "\n")


async def background(client: aiomqtt.Client) -> None:
    """Publishes ordinary readings at a steady rate, the devices in turn."""
    number = 0
    started = time.monotonic()
    while True:
        due = int((time.monotonic() - started) * BACKGROUND_PER_S)
        for number in range(number, due):  # noqa: B020 (continues where the last round ended)
            payload = json.dumps({"seq": number, "lel_pct": number % 4, "battery_pct": 90})
            await client.publish(f"fengshao/v1/{BACKGROUND[number % len(BACKGROUND)]}/up", payload, qos=0)
        number = due
        await asyncio.sleep(0.01)


async def alarms(port: int) -> dict[str, float]:
    """Publishes the alarms; returns when each was given to the broker, by the phone of its worker."""
    sent: dict[str, float] = {}
    async with aiomqtt.Client("127.0.0.1", port) as steady, aiomqtt.Client("127.0.0.1", port) as urgent:
        background_task = asyncio.create_task(background(steady))
        await asyncio.sleep(WARM_UP_S)
        for number in range(ALARMS):
            sent[phone(number)] = time.time()
            await urgent.publish(f"fengshao/v1/alarm-{number}/alarm", '{"alarm":true,"lel_pct":22}', qos=1)
            await asyncio.sleep(BETWEEN_S)
        await asyncio.sleep(2)
        background_task.cancel()
    return sent


def run() -> Iterator[Result]:
    provider = Provider()
    with tempfile.TemporaryDirectory() as folder:
        write_site(Path(folder), provider.port)
        secrets = dict.fromkeys(("KEY_ID", "KEY_SECRET", "CALLBACK_SECRET"), "x" * 43)
        environ = {f"FENGSHAO_ALIYUN_{name}": value for name, value in secrets.items()}
        with service(site=Path(folder), environ=environ) as running:
            sent = asyncio.run(alarms(running.mqtt))
    durations_ms = sorted(
        (provider.requests[number] - at) * 1000 for number, at in sent.items() if number in provider.requests
    )
    lost = len(sent) - len(durations_ms)
    detail = {"alarms": len(sent), "never_sent": lost, "background_per_s": BACKGROUND_PER_S}
    for name, share in (("p50", 0.50), ("p99", 0.99)):
        value = (
            durations_ms[min(len(durations_ms) - 1, int(len(durations_ms) * share))] if durations_ms else float("nan")
        )
        yield Result(
            f"detect_to_send_{name}_ms", round(value, 1), "ms", {**detail, "max_ms": round(durations_ms[-1], 1)}
        )
