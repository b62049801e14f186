"""A real VictoriaMetrics for tests."""

from __future__ import annotations

import shutil
import subprocess
import time
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.support.timeouts import LONG_TIMEOUT_S


class Victoria:
    """A real VictoriaMetrics on a free port, with its data in a folder of the test."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port, self.url = folder, port, f"http://127.0.0.1:{port}"
        self.process: subprocess.Popen[bytes] | None = None
        self.started_s = 0

    def start(self) -> None:
        binary = shutil.which("victoria-metrics") or shutil.which("victoria-metrics", path="/usr/sbin:/usr/bin")
        if binary is None:
            pytest.skip("victoria-metrics is not installed (Debian package victoria-metrics)")
        self.process = subprocess.Popen(
            [
                binary,
                f"-storageDataPath={self.folder}",
                f"-httpListenAddr=127.0.0.1:{self.port}",
                "-retentionPeriod=2y",
                "-loggerLevel=ERROR",
                "-memory.allowedBytes=128MB",
            ],
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        for _ in range(400):
            if self._get("/health"):
                self.started_s = int(time.time())
                return
            time.sleep(0.025)
        raise RuntimeError("victoria-metrics did not answer within 10 s")

    def settle(self) -> None:
        """Make what was written visible at once; a server does this by itself every second."""
        assert self._get("/internal/force_flush")

    def _get(self, path: str) -> bool:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=LONG_TIMEOUT_S)) as connection:
            try:
                connection.request("GET", path)
                return connection.getresponse().status == 200
            except OSError:
                return False

    def post(self, lines: str) -> None:
        urlopen(f"{self.url}/api/v2/write?precision=ms", lines.encode()).close()

    def kill(self) -> None:
        """kill -9. Not within the second of its start, which it names: a restart in that looks like none."""
        if self.process is not None:
            while int(time.time()) <= self.started_s:
                time.sleep(0.025)
            self.process.kill()
            self.process.wait(LONG_TIMEOUT_S)
            self.process = None

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(LONG_TIMEOUT_S)
            self.process = None
