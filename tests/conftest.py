"""Fixtures for all tests: a free port and a real broker; and which tests are traced for coverage."""

from __future__ import annotations

import contextlib
import gc
import importlib
import itertools
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.architecture.pure_modules import pure_modules

# How long an example takes says more about the machine than about the code. The same examples in every run: what is
# covered must not depend on luck. `--hypothesis-profile=explore` looks for new ones.
hypothesis.settings.register_profile("project", deadline=None, derandomize=True)
hypothesis.settings.register_profile("explore", deadline=None)
hypothesis.settings.load_profile("project")

TRACED_FOLDERS = ("domain", "ingest", "rules", "alerts")
"""The folders whose tests must run every branch of the pure modules."""
UNTRACED_TESTS = frozenset(
    (Path(__file__).parent / "architecture" / "untraced_tests.txt").read_text("utf-8").splitlines()
)
"""Costly tests of these folders whose branches others run: the list is by tests/architecture/untraced_tests.py."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--trace-all", action="store_true", help="trace the tests in untraced_tests.txt too")


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """Traces the import of the pure modules; what else is imported and built for the tests is not traced."""
    gc.disable()  # what is imported and collected is no garbage
    coverage = _coverage(session.config)
    if coverage is not None:
        for module in pure_modules():
            importlib.import_module(module)
        coverage.pause()
    try:
        return (yield)
    finally:
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Traces this test with its fixtures where it counts. Tracing doubles what a test costs."""
    coverage = _coverage(item.config)
    if coverage is None or not (item.config.getoption("--trace-all") or is_traced(item.nodeid)):
        return (yield)
    coverage.resume()
    try:
        return (yield)
    finally:
        coverage.pause()


def is_traced(test: str) -> bool:
    """Whether the branches that this test runs count, by its node id."""
    file, _, name = test.partition("::")
    listed = file in UNTRACED_TESTS or f"{file}::{name.partition('[')[0]}" in UNTRACED_TESTS
    return file.split("/")[1] in TRACED_FOLDERS and not listed


def _coverage(config: pytest.Config) -> Any:
    """What pauses and resumes tracing, in a worker that traces."""
    controller = getattr(config.pluginmanager.getplugin("_cov"), "cov_controller", None)
    return controller if getattr(controller, "cov", None) is not None else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of whole processes, the longest, begin first."""
    items.sort(key=lambda item: not item.nodeid.startswith("tests/end_to_end/"))


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
