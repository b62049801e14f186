"""A local Mosquitto for `fengshao up` on a machine without a broker. Linux only: reads /proc to find the daemon."""

from __future__ import annotations

import asyncio
import getpass
import os
import shutil
import signal
import subprocess
from pathlib import Path

from app.mqtt_client import BrokerUnavailable

_SEARCH_PATH = "/usr/sbin:/usr/local/sbin:/usr/local/bin:/usr/bin"
QUEUE_BYTES = 1024 * 1024 * 1024


def mosquitto_binary() -> str | None:
    """Path of Mosquitto on PATH or in the folders that Debian leaves out of an ordinary user's PATH; else None."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path=_SEARCH_PATH)


def configuration(folder: Path, host: str, port: int, password_file: Path | None = None) -> str:
    """Mosquitto's settings: keep sessions and queues, drop nothing silently below a byte limit.

    `max_inflight_messages 0` because our acknowledgement waits for the disk; `queue_qos0_messages` because many
    devices publish at QoS 0 (design.md section 11).
    """
    access = "allow_anonymous true" if password_file is None else f"password_file {password_file}"
    return "\n".join(
        [
            f"listener {port} {host}",
            access,
            f"user {getpass.getuser()}",
            f"pid_file {folder}/mosquitto.pid",
            "persistence true",
            f"persistence_location {folder}/",
            "autosave_interval 30",
            "max_inflight_messages 0",
            "max_queued_messages 0",
            f"max_queued_bytes {QUEUE_BYTES}",
            "queue_qos0_messages true",
            "persistent_client_expiration 14d",
            "sys_interval 5",
            f"log_dest file {folder}/mosquitto.log",
            "log_type error",
            "log_type warning",
            "",
        ]
    )


class Mosquitto:
    """Starts Mosquitto as a daemon with its files in DIR/broker, restarts it if it ends, and stops it with the service.

    After a kill -9 of the service the daemon keeps running and queueing for our sessions: the next start adopts it.
    """

    def __init__(self, folder: Path, host: str, port: int, credentials: tuple[str, str] | None = None) -> None:
        self._folder, self._host, self._port, self._credentials = folder.resolve(), host, port, credentials
        self._config = self._folder / "mosquitto.conf"
        self._pid: int | None = None

    async def start(self) -> None:
        self._pid = self._running_pid()
        if self._pid is not None and self._config.read_text() != self._config_text():
            await self.stop()
        if self._pid is None:
            await self._check_port_is_free()
            await self._spawn()

    def _running_pid(self) -> int | None:
        """Process id of a daemon that an earlier run of ours left behind."""
        try:
            pid = int((self._folder / "mosquitto.pid").read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return None
        return pid if str(self._config).encode() in command else None

    def _config_text(self) -> str:
        passwords = self._folder / "passwords" if self._credentials else None
        return configuration(self._folder, self._host, self._port, passwords)

    async def _check_port_is_free(self) -> None:
        """Raises BrokerUnavailable if another program listens there.

        If that is another service's broker, we would take over its sessions.
        """
        if not await self._is_listening():
            return
        raise BrokerUnavailable(
            f"--mqtt {self._host}:{self._port}: another program listens there already; "
            f"name another port, or use it as a broker with --mqtt mqtt://{self._host}:{self._port}"
        )

    async def _spawn(self) -> None:
        binary = mosquitto_binary()
        if binary is None:
            raise BrokerUnavailable(
                "mosquitto is not installed: run `make install` as root, or use --mqtt mqtt://HOST:PORT"
            )
        self._folder.mkdir(parents=True, exist_ok=True)
        self._write_passwords()
        self._config.write_text(self._config_text())
        (self._folder / "mosquitto.pid").unlink(missing_ok=True)
        # As a daemon: a child process would end with its asyncio transport.
        process = await asyncio.create_subprocess_exec(binary, "-d", "-c", str(self._config), stdin=subprocess.DEVNULL)
        await process.wait()
        self._pid = await self._wait_until_listening()

    def _write_passwords(self) -> None:
        if self._credentials is None:
            return
        path = self._folder / "passwords"
        user, password = self._credentials
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(f"{user}:{password}\n")
        tool = shutil.which("mosquitto_passwd", path=os.environ.get("PATH", "") + ":" + _SEARCH_PATH)
        if tool is None:
            raise BrokerUnavailable("mosquitto_passwd is not installed: it comes with mosquitto")
        subprocess.run([tool, "-U", str(path)], check=True)  # noqa: S603 (our own file, found tool)

    async def _wait_until_listening(self) -> int:
        """Process id of the daemon, once it listens."""
        seen = False
        for _ in range(200):
            pid = self._running_pid()
            if pid is not None and await self._is_listening():
                return pid
            if seen and pid is None:
                break
            seen = seen or pid is not None
            await asyncio.sleep(0.02)
        log = self._folder / "mosquitto.log"
        raise BrokerUnavailable(f"mosquitto does not listen on {self._host}:{self._port}; {log} says why")

    async def _is_listening(self) -> bool:
        try:
            _, writer = await asyncio.open_connection(self._host, self._port)
        except OSError:
            return False
        writer.close()
        return True

    async def keep_alive(self) -> None:
        """Restart the broker whenever it ends; until cancelled or stopped."""
        while self._pid is not None:
            await asyncio.sleep(1)
            if self._pid is not None and not _alive(self._pid):
                await self._spawn()

    async def stop(self) -> None:
        pid, self._pid = self._pid, None
        if pid is None or not _alive(pid):
            return
        os.kill(pid, signal.SIGTERM)
        for _ in range(200):
            if not _alive(pid):
                return
            await asyncio.sleep(0.02)


def _alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        return b") Z" not in Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
