"""A `fengshao up` for a measurement: with a temporary DIR, a free port and its own token; stopped at the end."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2

START_S = 300


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Service:
    """A running service and a client with the administrator's token. `ready_after_s` is how long its start took."""

    def __init__(self, data: Path, command: list[str], http: int, mqtt: int, environ: Mapping[str, str]) -> None:
        self.data, self.http, self.mqtt = data, http, mqtt
        self._command, self._environ = command, environ
        self.token, self.root = environ["FENGSHAO_ADMIN_TOKEN"], f"http://127.0.0.1:{http}"
        authorization = {"Authorization": f"Bearer {self.token}"}
        self.client = httpx2.Client(base_url=self.root, headers=authorization, timeout=60)
        self.start()

    def start(self) -> None:
        started = time.time()
        self.launch()
        self.wait_ready()
        self.ready_after_s = time.time() - started

    def launch(self) -> None:
        """Starts the process and does not wait."""
        with (self.data / "up.log").open("ab") as log:
            self.process = subprocess.Popen(self._command, stdout=log, stderr=log, env=dict(self._environ))

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(60)

    def restart(self) -> None:
        self.stop()
        self.start()

    def get(self, path: str) -> Any:
        response = self.client.get(path)
        response.raise_for_status()
        return response.json()

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        response = self.client.post(path, json=dict(body))
        response.raise_for_status()
        return response.json()

    def sample(self, name: str) -> float:
        """One value of /metrics."""
        lines = self.client.get("/metrics").text.splitlines()
        return float(next(line for line in lines if line.startswith(f"{name} ")).split()[1])

    def resident_mb(self) -> float:
        """The service's own resident memory, in MiB."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0

    def wait_ready(self) -> None:
        for _ in range(START_S * 20):
            if self.process.poll() is not None:
                log_tail = (self.data / "up.log").read_text()[-3_000:]
                raise RuntimeError(f"fengshao up ended with {self.process.returncode}: {log_tail}")
            with contextlib.suppress(httpx2.TransportError):
                if self.client.get("/readyz").status_code == 200:
                    return
            time.sleep(0.05)
        self.process.kill()
        raise RuntimeError(f"fengshao up was not ready within {START_S} s; see {self.data / 'up.log'}")


@contextlib.contextmanager
def service(
    *,
    site: Path | None = None,
    devices: Path | None = None,
    environ: Mapping[str, str] | None = None,
    demo: bool = False,
    prepare: Callable[[Path], None] = lambda _data: None,
) -> Iterator[Service]:
    """Starts the service with its own Mosquitto and imported devices; stops and removes it at the end.

    `demo`: with the simulated community and the simulated providers of `make demo`. `prepare` is called with DIR before
    the start.
    """
    data = Path(tempfile.mkdtemp(prefix="fengshao-bench-"))
    token, http, mqtt = secrets.token_urlsafe(32), free_port(), free_port()
    fengshao = str(Path(sys.executable).parent / "fengshao")
    prepare(data)
    if devices is not None:
        subprocess.run([fengshao, "devices", "import", str(devices), "--data", str(data)], check=True, stdout=2)
    command = [fengshao, "up", "--data", str(data), "--http", f"127.0.0.1:{http}", "--mqtt", f"127.0.0.1:{mqtt}"]
    command += ["--site", str(site)] if site else []
    command += ["--demo"] if demo else []
    running = None
    try:
        running = Service(data, command, http, mqtt, {**os.environ, **(environ or {}), "FENGSHAO_ADMIN_TOKEN": token})
        yield running
    finally:
        if running is not None:
            running.stop()
            running.client.close()
        shutil.rmtree(data, ignore_errors=True)
