"""A server as a child process: its log, its readiness, its end. Nothing waits without a deadline."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
TOOLS: Final = ROOT / ".scale"
"""What `make scale-tools` installs: jars of Kafka and of the connector, and PyFlink in an environment of its own."""
START_TIMEOUT_S: Final = 300.0


def missing_tools() -> str:
    """What a cluster needs and is not there; empty when all of it is."""
    wanted = {
        "java": shutil.which("java"),
        **{name: (TOOLS / name).exists() for name in ("kafka", "connector", "venv")},
    }
    return ", ".join(name for name, found in wanted.items() if not found)


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that were free a moment ago."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def wait_until(ready: Callable[[], bool], what: str, timeout_s: float = START_TIMEOUT_S) -> None:
    """Raises TimeoutError after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {timeout_s:.0f} s")
        time.sleep(0.25)


class Server:
    """One process, started anew by `start` after `kill`."""

    def __init__(self, name: str, command: Sequence[str], folder: Path, env: Mapping[str, str] | None = None) -> None:
        self.name, self.log = name, folder / f"{name}.log"
        self._command, self._folder = list(command), folder
        self._env = {**os.environ, **(env or {})}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it; whether it is ready is for its owner to find out."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, cwd=self._folder, env=self._env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    def kill(self, how: int = signal.SIGKILL) -> None:
        """Ends it and its children: as a power failure does, unless `how` says otherwise."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, how)
            self.process.wait(30)
            self.process = None

    def check(self) -> None:
        """Raises RuntimeError with the end of its log when it has ended."""
        if self.process is not None and self.process.poll() is not None:
            raise RuntimeError(f"{self.name} ended: {self.log.read_text(errors='replace')[-2000:]}")
