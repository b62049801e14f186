"""The service of a live run: `fengshao up` in a process of its own, with a broker, on free ports of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Final

import httpx2
from msgspec import Struct

from app.datadir.ledger_address import DATABASE_FILE
from app.errors import UserError
from app.score.observer import Message, found_message
from app.score.sms_providers import Account
from domain import Device, Place
from simulators.town.town import Town
from store.database.alerts.repository import SqlAlertStore
from store.database.database import Database, sqlite_url

_READY_WITHIN_S: Final = 180
_STOPS_WITHIN_S: Final = 60


class Ports(Struct, frozen=True):
    """Addresses of the service."""

    http: int
    mqtt: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http}"


class Secrets(Struct, frozen=True):
    """Made for the run: the administrator's token, and the account with the simulated providers."""

    token: str
    account: Account

    def environ(self) -> Mapping[str, str]:
        return {"FENGSHAO_ADMIN_TOKEN": self.token, **self.account.environ()}


def new_secrets() -> Secrets:
    """Different ones for each run."""
    return Secrets(secrets.token_urlsafe(32), Account("live", secrets.token_urlsafe(24), secrets.token_urlsafe(32)))


def free_ports() -> Ports:
    """Two ports that nothing listens on now."""
    with socket.socket() as one, socket.socket() as other:
        for probe in (one, other):
            probe.bind(("127.0.0.1", 0))
        return Ports(one.getsockname()[1], other.getsockname()[1])


@contextlib.asynccontextmanager
async def running_service(data: Path, site: Path, ports: Ports, own: Secrets) -> AsyncIterator[httpx2.AsyncClient]:
    """The service, ready, as a client with the administrator's token. Raises UserError with the end of its log."""
    log = data / "up.log"
    process = _start(data, site, ports, own, log)
    headers = {"Authorization": f"Bearer {own.token}"}
    try:
        async with httpx2.AsyncClient(base_url=ports.url, headers=headers, timeout=30, trust_env=False) as client:
            await _wait_until_ready(client, process, log)
            yield client
    finally:
        process.terminate()
        try:
            await asyncio.to_thread(process.wait, _STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()


def _start(data: Path, site: Path, ports: Ports, own: Secrets, log: Path) -> subprocess.Popen[bytes]:
    data.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable, "-c", "from app.cli.main import main; main()", "up", "--data", str(data), "--site", str(site),
        "--http", f"127.0.0.1:{ports.http}", "--mqtt", f"127.0.0.1:{ports.mqtt}",
    ]  # fmt: skip
    environ = {**os.environ, **own.environ()}
    with log.open("ab") as written:
        return subprocess.Popen(command, stdout=written, stderr=written, env=environ)  # noqa: S603 (our own command)


def _end_of(log: Path) -> str:
    return log.read_text("utf-8", "replace")[-1_000:]


async def _wait_until_ready(client: httpx2.AsyncClient, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(_READY_WITHIN_S * 2):
        if process.poll() is not None:
            raise UserError(f"--live: `fengshao up` ended with {process.returncode}: {_end_of(log)}")
        with contextlib.suppress(httpx2.TransportError):
            if (await client.get("/readyz")).status_code == httpx2.codes.OK:
                return
        await asyncio.sleep(0.5)
    raise UserError(f"--live: `fengshao up` was not ready within {_READY_WITHIN_S} s; see {log}")


class StoredDeliveries:
    """What another process has written into its database (app.score.observer.Deliveries). Only read."""

    def __init__(self, data: Path, town: Town) -> None:
        self._database = Database(sqlite_url(data / DATABASE_FILE))
        self.devices: Mapping[str, Device] = {device.id: device for device in town.devices}
        self.places: Mapping[str, Place] = {place.id: place for place in town.places}

    async def find(self, delivery_id: str) -> Message | None:
        """See Deliveries."""
        return await self._database.read(lambda tx: found_message(SqlAlertStore(tx), delivery_id))

    def close(self) -> None:
        self._database.close()
