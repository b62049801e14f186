"""From the publish of an alarm to the request at the SMS provider, while 1,000 ordinary readings a second come in.

One household, one cell, one worker and one phone an alarm, so that no budget and no joining is in the way.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiomqtt

from benchmarks.result import Result
from benchmarks.service import free_port, service

ALARMS = 120
BACKGROUND_PER_S = 1_000
BACKGROUND_DEVICES = 1_000
BETWEEN_S = 0.25
WARM_UP_S = 5.0


class Provider:
    """Answers SendSms like Aliyun and notes when each phone's request came."""

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
            came = time.time()
            query = parse_qs(urlsplit(head.split(b" ")[1].decode()).query)
            phone = query.get("PhoneNumbers", [""])[0]
            self.requests.setdefault(phone, came)
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


def write_site(folder: Path, provider_port: int) -> None:
    """A site with as many households, cells, workers and gas alarms as there will be alarms."""
    numbers = range(ALARMS)
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
            *(f"gas-{n},gas_alarm," for n in range(BACKGROUND_DEVICES)),
        ],
    }
    for name, lines in tables.items():
        (folder / name).write_text("\n".join(lines) + "\n")


async def background(client: aiomqtt.Client) -> None:
    """Ordinary readings at a steady rate; each device in turn."""
    number = 0
    started = time.monotonic()
    while True:
        due = int((time.monotonic() - started) * BACKGROUND_PER_S)
        for number in range(number, due):  # noqa: B020 (goes on where the last turn ended)
            payload = json.dumps({"seq": number, "lel_pct": number % 4, "battery_pct": 90})
            await client.publish(f"fengshao/v1/gas-{number % BACKGROUND_DEVICES}/up", payload, qos=0)
        number = due
        await asyncio.sleep(0.01)


async def alarms(port: int) -> dict[str, float]:
    """Publishes one alarm after the other; when each was handed to the broker, by the phone that must ring."""
    sent: dict[str, float] = {}
    async with aiomqtt.Client("127.0.0.1", port) as steady, aiomqtt.Client("127.0.0.1", port) as urgent:
        noise = asyncio.create_task(background(steady))
        await asyncio.sleep(WARM_UP_S)
        for number in range(ALARMS):
            sent[phone(number)] = time.time()
            await urgent.publish(f"fengshao/v1/alarm-{number}/alarm", '{"alarm":true,"lel_pct":22}', qos=1)
            await asyncio.sleep(BETWEEN_S)
        await asyncio.sleep(2)
        noise.cancel()
    return sent


def run() -> Iterator[Result]:
    provider = Provider()
    with tempfile.TemporaryDirectory() as folder:
        write_site(Path(folder), provider.port)
        secrets = dict.fromkeys(("KEY_ID", "KEY_SECRET", "CALLBACK_SECRET"), "x" * 43)
        environ = {f"FENGSHAO_ALIYUN_{name}": value for name, value in secrets.items()}
        with service(site=Path(folder), environ=environ) as running:
            sent = asyncio.run(alarms(running.mqtt))
    took = sorted((provider.requests[one] - at) * 1000 for one, at in sent.items() if one in provider.requests)
    lost = len(sent) - len(took)
    detail = {"alarms": len(sent), "never_sent": lost, "background_per_s": BACKGROUND_PER_S}
    for name, share in (("p50", 0.50), ("p99", 0.99)):
        value = took[min(len(took) - 1, int(len(took) * share))] if took else float("nan")
        yield Result(f"detect_to_send_{name}_ms", round(value, 1), "ms", {**detail, "max_ms": round(took[-1], 1)})
