"""Fixtures for all tests: a free port and a real broker; and which tests are traced for coverage."""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.util
import itertools
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.architecture.pure_modules import pure_modules
from tests.support import postgresql
from tests.support.postgresql import PostgresServer
from tests.support.timeouts import LONG_TIMEOUT_S

# How long an example takes says more about the machine than about the code. The same examples in every run: what is
# covered must not depend on luck. `make test-thorough` tries more of them, and then new ones (--hypothesis-seed).
hypothesis.settings.register_profile("project", deadline=None, derandomize=True, max_examples=40)
hypothesis.settings.register_profile("thorough", deadline=None, derandomize=True, max_examples=200)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=200)
hypothesis.settings.load_profile("project")

if importlib.util.find_spec("sniffio") is None:
    # httpx's transport to an application in the same process looks for it with every request.
    sys.modules["sniffio"] = None  # type: ignore[assignment]

TRACED_FOLDERS = ("domain", "ingest", "rules", "alerts")
"""The folders whose tests must run every branch of the pure modules."""
UNTRACED_TESTS = frozenset(
    (Path(__file__).parent / "architecture" / "untraced_tests.txt").read_text("utf-8").splitlines()
)
"""Costly tests of these folders whose branches others run: the list is by tests/architecture/untraced_tests.py."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--trace-all", action="store_true", help="trace the tests in untraced_tests.txt too")
    parser.addoption("--pictures", action="store_true", help="the tests of the pages take docs/pictures anew")


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


PAGES = "tests/pages/"
LONGEST = (
    "tests/end_to_end/",
    "tests/app/rule_tools/",
    "tests/app/score/test_small_town",
    "tests/app/site_check/test_names",
    "tests/console/access/",
    "tests/rules/engine/test_engine_interleaving",
    "tests/rules/hosts/keyed/test_device_host.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each worker begins with its share of the longest tests: at the end short ones are left to steal.

    A worker of xdist is given a contiguous part. The pages are one worker's: they share a service and a browser.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    pages = [item for item in items if item.nodeid.startswith(PAGES)]
    longest = [item for item in items if item.nodeid.startswith(LONGEST)]
    short = [item for item in items if not item.nodeid.startswith((PAGES, *LONGEST))]
    others = max(workers - 1, 1)
    starts = [pages, *(longest[number::others] for number in range(others))]
    part = len(items) / workers
    ordered: list[pytest.Item] = []
    for number, start in enumerate(starts, 1):
        ordered += start
        fill = max(round(number * part) - len(ordered), 0) if number < len(starts) else len(short)
        ordered += short[:fill]
        del short[:fill]
    items[:] = ordered


def pytest_collection_finish() -> None:
    """Ten thousand collected tests are no garbage: unfrozen, every full collection would walk through all of them."""
    gc.freeze()


PORTS_OF_A_WORKER = 1_000
"""Each worker has ports of its own, below those that the system gives to outgoing connections: a port that was free
when it was picked is not taken by another test before its server listens."""
FIRST_PORT = 20_000
_next_port = itertools.count(os.getpid() * 97)
"""Not the same first ports in every process: two runs of tests beside each other rarely choose the same."""


@pytest.fixture(scope="session")
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
        for _ in range(round(LONG_TIMEOUT_S / 0.02)):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            try:
                self.process.wait(0.02)
            except subprocess.TimeoutExpired:
                continue
            raise RuntimeError(f"mosquitto stopped at once; see {self.config}")
        raise RuntimeError(f"mosquitto did not listen within {LONG_TIMEOUT_S} s")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(LONG_TIMEOUT_S)
            self.process = None

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(LONG_TIMEOUT_S)
            self.process = None


@contextlib.contextmanager
def running_broker(folder: Path, port: int) -> Iterator[Broker]:
    """A Mosquitto whose files are in a folder that is made for it."""
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    server = Broker(folder, port)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def broker(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Broker]:
    """A running Mosquitto, stopped at the end of the test."""
    with running_broker(tmp_path / "broker", free_port()) as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server with the database `migrated`, for all tests of a run; skips where it is not installed."""
    if postgresql.program("postgres") is None:
        pytest.skip("POSTGRESQL IS NOT INSTALLED (Debian package postgresql): the ledger is tested on SQLite only")
    with postgresql.shared_server() as server:
        yield server


@pytest.fixture(scope="session")
def worker_ledger(postgres: PostgresServer) -> str:
    """The URL of a database of this worker with the newest schema; `empty_ledger` empties it for each test."""
    return postgres.create_database(f"worker_{os.getpid()}")


@pytest.fixture
def empty_ledger(worker_ledger: str) -> str:
    """The URL of an empty ledger on the PostgreSQL server."""
    postgresql.empty(worker_ledger)
    return worker_ledger
