"""A whole data folder in which an earlier version left an open alert, pending holds and outages. It produced
the files `fixtures/data_of_COMMIT.tar.xz`, each with the code of its commit.

    python -m tests.support.old_data FILE    plays the scenario on the service of this version and packs its data folder
"""

from __future__ import annotations

import asyncio
import socket
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from domain import MINUTE
from tests.conftest import Broker
from tests.support.service_harness import START, ServiceHarness, running_service

STOPPED = START + 5 * MINUTE
"""When the service of the earlier version was stopped."""


def unpack(archive_file: Path, data: Path) -> None:
    """Puts the data folder where a service can open it."""
    safe: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}  # Debian's 3.11.2 has none
    with tarfile.open(archive_file) as archive:
        archive.extractall(data, **safe)


async def play_scenario(harness: ServiceHarness) -> None:
    """An acknowledged leak that goes on, an SOS, and a concentration within its hold of 30 s."""
    await harness.publish("fengshao/v1/gas-402/alarm", {"alarm": True, "lel_pct": 18.5})
    await harness.phone("李伟").expects_sms("燃气泄漏")
    await harness.phone("李伟").replies("11")
    await harness.until_state((await harness.items("/api/v1/alerts"))[0]["id"], "acknowledged")
    await harness.publish("fengshao/v1/band-402/alarm", {"sos": True})
    await harness.until_items("/api/v1/alerts", 2)
    await harness.publish("fengshao/v1/meter-402/up", {"volume_m3": 312.407, "flow_m3h": 0.0})
    await harness.fast_forward(minutes=5)
    await harness.publish("fengshao/v1/gas-403/up", {"alarm": False, "lel_pct": 15.0})
    await harness.until(lambda: len(harness.service.processing.engine.states["gas-403"].rule_states) > 0, "the hold")


async def record_data(archive_file: Path) -> None:
    """Plays the scenario on the service of this version and packs its data folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        broker = Broker(folder, _free_port())
        broker.start()
        try:
            async with running_service(folder / "data", broker.port, _free_port()) as harness:
                await play_scenario(harness)
        finally:
            broker.stop()
        with tarfile.open(archive_file, "w:xz") as archive:
            for file in sorted((folder / "data").iterdir()):
                if not file.is_socket() and file.suffix not in (".token", ".key"):
                    archive.add(file, file.name)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    asyncio.run(record_data(Path(sys.argv[1])))
