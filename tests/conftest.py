"""Fixtures for all tests: a free port and a real broker."""

from __future__ import annotations

import contextlib
import gc
import itertools
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

# How long an example takes says more about the machine than about the code. The same examples in every run: what is
# covered must not depend on luck. `--hypothesis-profile=explore` looks for new ones.
hypothesis.settings.register_profile("project", deadline=None, derandomize=True)
hypothesis.settings.register_profile("explore", deadline=None)
hypothesis.settings.load_profile("project")

COVERAGE_COMES_FROM = ("domain", "ingest", "rules", "alerts")
"""The folders whose tests must run every branch of the pure modules. Tracing doubles what a test costs, so that tests
of the rest, and those marked `no_cover` in these folders, run without."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that are not measured are not slowed by measuring. Those of whole processes, the longest, begin first."""
    here = Path(__file__).parent
    folder = {item: item.path.relative_to(here).parts[0] for item in items}
    for item in items:
        if folder[item] not in COVERAGE_COMES_FROM:
            item.add_marker("no_cover")
    items.sort(key=lambda item: folder[item] != "end_to_end")


def pytest_collection_finish() -> None:
    """Eight thousand collected tests are no garbage: unfrozen, every full collection would walk through all of them."""
    gc.collect()
    gc.freeze()


PORTS_OF_A_WORKER = 1_000
"""Each worker has ports of its own, below those that the system gives to outgoing connections: a port that was free
when it was picked is not taken by another test before its server listens."""
FIRST_PORT = 20_000
_next_port = itertools.count()


@pytest.fixture
def free_port() -> Callable[[], int]:
    """A function that returns a free TCP port."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 12

    def pick() -> int:
        while True:
            port = FIRST_PORT + worker * PORTS_OF_A_WORKER + next(_next_port) % PORTS_OF_A_WORKER
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                with contextlib.suppress(OSError):
                    probe.bind(("127.0.0.1", port))
                    return port

    return pick


class Broker:
    """A real Mosquitto on a free port; `stop` and `start` keep its persistence file, `kill` is kill -9."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.config = folder / "mosquitto.conf"
        self.config.write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence true\n"
            f"persistence_location {folder}/\nmax_inflight_messages 0\nmax_queued_messages 0\n"
            "queue_qos0_messages true\n"
        )
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        binary = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
        assert binary, "mosquitto is not installed: run `make test`, which installs it"
        self.process = subprocess.Popen([binary, "-c", str(self.config)], stderr=subprocess.DEVNULL)
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            try:
                self.process.wait(0.02)
            except subprocess.TimeoutExpired:
                continue
            raise RuntimeError(f"mosquitto stopped at once; see {self.config}")
        raise RuntimeError("mosquitto did not listen within 4 s")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None


@pytest.fixture
def broker(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Broker]:
    """A running Mosquitto, stopped at the end of the test."""
    folder = tmp_path / "broker"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    server = Broker(folder, free_port())
    server.start()
    yield server
    server.stop()
