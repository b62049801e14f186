"""A backup of the real process under load, restored into a new folder: alerts stay open, nothing is texts twice."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import aiomqtt
import httpx2
from click.testing import CliRunner

from app.cli.main import main
from simulators.providers.aliyun.server import AliyunSmsServer
from tests.conftest import Broker
from tests.end_to_end.test_crash import TOKEN, Process, eventually, provider, publish_numbers, service

__all__ = ["provider", "service"]


async def run(*arguments: str) -> str:
    """Output of a command, which must succeed. In this process: an interpreter of its own costs a second."""
    done = await asyncio.to_thread(CliRunner().invoke, main, arguments)
    assert done.exit_code == 0, done.output
    return done.output


async def test_a_backup_under_load_is_restored_and_no_text_is_sent_twice(
    tmp_path: Path, service: Process, broker: Broker, provider: AliyunSmsServer
) -> None:
    async with aiomqtt.Client("127.0.0.1", broker.port) as client:
        await client.publish("fengshao/v1/gas-1/alarm", '{"alarm": true, "seq": 1}', qos=1)

    async def escalated() -> bool:
        return len(provider.phones.texts_of("19900000002")) > 0

    await eventually(escalated, "the text to the second person")
    (alert,) = await service.items("/api/v1/alerts?ledger=danger")
    acked, stop = list[int](), asyncio.Event()
    numbers = asyncio.create_task(publish_numbers(broker.port, acked, stop))

    async def under_load() -> bool:
        return len(acked) > 50

    await eventually(under_load, "fifty readings")
    before = len(acked)
    data, restored, archives = tmp_path / "data", tmp_path / "restored", tmp_path / "archives"
    output = await run("backup", "--data", str(data), "--to", str(archives), "--verify")
    (archive,) = archives.iterdir()
    assert str(archive) in output
    assert "verified by restoring it" in output
    assert TOKEN not in output
    assert archive.stat().st_mode & 0o777 == 0o600
    last = (await service.api.get("/api/v1/backups/last")).json()
    assert (last["file"], last["verified"]) == (archive.name, True)
    assert not (data / "backup.partial").exists()
    stop.set()
    await numbers
    service.kill()

    await run("restore", str(archive), "--data", str(restored))
    assert {path.stat().st_mode & 0o777 for path in restored.iterdir() if path.is_file()} == {0o600}
    service.use_data(restored)
    texts = {phone: len(provider.phones.texts_of(phone)) for phone in ("19900000001", "19900000002")}
    await started_by_a_takeover(service, restored)
    (after,) = await service.items("/api/v1/alerts?ledger=danger")
    assert [after[name] for name in ("id", "state", "opened_at")] == [alert[n] for n in ("id", "state", "opened_at")]

    async with aiomqtt.Client("127.0.0.1", broker.port) as client:
        await client.publish("fengshao/v1/gas-2/up", '{"lel_pct": 0.9, "seq": 99999999}', qos=1)

    async def all_stored() -> bool:
        stored = await stored_numbers(service)
        return stored[-1] == 900_000 and set(range(before)) <= set(stored)

    await eventually(all_stored, f"the {before} readings from before the backup, and a new one")
    assert {phone: len(provider.phones.texts_of(phone)) for phone in texts} == texts


async def started_by_a_takeover(service: Process, restored: Path) -> None:
    """The service waits on a restored folder, says so, and goes on by one command."""
    starting = asyncio.create_task(service.start())

    async def waits() -> bool:
        with contextlib.suppress(httpx2.TransportError):
            return bool((await service.api.get("/readyz")).json().get("role") == "restored")
        return False

    await eventually(waits, "the notice of a copy")
    assert (await service.api.get("/healthz")).status_code == 200
    page, reply = await service.api.get("/"), await service.api.post("/api/v1/alerts/1/acknowledge")
    assert (page.status_code, reply.status_code) == (503, 503)
    assert f"fengshao takeover --data {restored}" in page.text
    assert f"fengshao takeover --data {restored}" in reply.json()["detail"]
    assert not (restored / "broker").exists(), "no session of the living service is taken over"
    await run("takeover", "--data", str(restored))
    await starting


async def stored_numbers(service: Process) -> list[int]:
    """The numbers of the readings that `publish_numbers` sent, as the history has them, in their order."""
    numbers, after = list[int](), ""
    while True:
        page = (await service.api.get(f"/api/v1/devices/gas-2/readings?quantity=lel_pct&limit=1000{after}")).json()
        numbers += [round(item["value"] * 1_000_000) for item in page["items"]]
        if page["next"] is None:
            return numbers
        after = f"&cursor={page['next']}"
