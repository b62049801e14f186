"""A local Mosquitto for `fengshao up` on a machine without a broker. Linux only: reads /proc to find the daemon.

With credentials nobody connects without a password or a certificate, and everybody may publish and read only what the
ACL says: passwords and ACL are files in DIR/broker, which Mosquitto reads again on SIGHUP without ending a session.
"""

from __future__ import annotations

import asyncio
import getpass
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from app.broker.acl_files import mosquitto_acl
from app.broker.passwords import (
    PASSWORD_FILE,
    hash_password,
    mosquitto_passwords,
    parse_hash,
    read_password_lines,
)
from app.mqtt_client import BrokerUnavailable
from app.private_files import write_private
from ingest.routing.broker_clients import BrokerClients, ClientRules, broker_clients
from ingest.routing.routes import Routes

_SEARCH_PATH = "/usr/sbin:/usr/local/sbin:/usr/local/bin:/usr/bin"
QUEUE_BYTES = 1024 * 1024 * 1024
ACL_FILE: Final = "acl"
LISTENING_WITHIN_S: Final = 60
"""It reads its sessions and the ACL first (app.broker.acl_files)."""


class ListenerTls(Struct, frozen=True):
    """Files of the listener. With `client_ca` a client's certificate is required, and its common name is the user."""

    certificate: Path
    key: Path
    client_ca: Path | None = None
    crl: Path | None = None

    @property
    def files(self) -> list[Path]:
        return [path for path in (self.certificate, self.key, self.client_ca, self.crl) if path is not None]

    def lines(self) -> list[str]:
        lines = [f"certfile {self.certificate}", f"keyfile {self.key}", "tls_version tlsv1.2"]
        if self.client_ca is not None:
            lines += [f"cafile {self.client_ca}", "require_certificate true", "use_identity_as_username true"]
        return lines if self.crl is None else [*lines, f"crlfile {self.crl}"]


def mosquitto_binary() -> str | None:
    """Path of Mosquitto on PATH or in the folders that Debian leaves out of an ordinary user's PATH; else None."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path=_SEARCH_PATH)


def configuration(folder: Path, host: str, port: int, *, secured: bool = False, tls: ListenerTls | None = None) -> str:
    """Mosquitto's settings: keep sessions and queues, drop nothing silently below a byte limit.

    `max_inflight_messages 0` because our acknowledgement waits for the disk; `queue_qos0_messages` because many
    devices publish at QoS 0 (design.md section 11).
    """
    access = ["allow_anonymous true"]
    if secured:
        access = ["allow_anonymous false", f"acl_file {folder}/{ACL_FILE}"]
        # Not beside certificates: without a password line a user of one has no way round it.
        if tls is None or tls.client_ca is None:
            access.append(f"password_file {folder}/{PASSWORD_FILE}")
    return "\n".join(
        [
            f"listener {port} {host}",
            *(tls.lines() if tls else []),
            *access,
            f"user {getpass.getuser()}",
            f"pid_file {folder}/mosquitto.pid",
            "persistence true",
            f"persistence_location {folder}/",
            "autosave_interval 30",
            "max_inflight_messages 0",
            # In effect without limit. With 0 Mosquitto 2.0.11 disconnects who publishes on a forbidden topic.
            f"max_queued_messages {100_000_000 if secured else 0}",
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

    def __init__(
        self,
        folder: Path,
        host: str,
        port: int,
        credentials: tuple[str, str] | None = None,
        tls: ListenerTls | None = None,
    ) -> None:
        self._folder, self._host, self._port = folder.resolve(), host, port
        self._credentials, self._tls = credentials, tls
        self._config, self._passwords = self._folder / "mosquitto.conf", self._folder / PASSWORD_FILE
        self._pid: int | None = None
        self._versions: list[int] = []

    async def start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._write_access_files()
        self._pid = self._running_pid()
        if self._pid is not None and self._config.read_text() != self._config_text():
            await self.stop()
        if self._pid is None:
            await self._check_port_is_free()
            await self._spawn()
        elif self._credentials is not None:
            # Passwords, ACL and certificates may have changed while it ran alone.
            os.kill(self._pid, signal.SIGHUP)

    def _running_pid(self) -> int | None:
        """Process id of a daemon that an earlier run of ours left behind."""
        try:
            pid = int((self._folder / "mosquitto.pid").read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return None
        return pid if str(self._config).encode() in command else None

    def _config_text(self) -> str:
        secured = self._credentials is not None
        return configuration(self._folder, self._host, self._port, secured=secured, tls=self._tls)

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
        self._config.write_text(self._config_text())
        (self._folder / "mosquitto.pid").unlink(missing_ok=True)
        # As a daemon: a child process would end with its asyncio transport.
        # Without our environment: a daemon that speaks with everybody needs no secret of a provider.
        process = await asyncio.create_subprocess_exec(
            binary, "-d", "-c", str(self._config), stdin=subprocess.DEVNULL, env={"PATH": os.defpath}
        )
        await process.wait()
        self._pid = await self._wait_until_listening()

    def _write_access_files(self) -> None:
        """The service's own password; an ACL that names the service only, where none was written before."""
        if self._credentials is None:
            return
        user, password = self._credentials
        lines = read_password_lines(self._passwords)
        known = parse_hash(lines.get(user, ""))
        if known is None or not known.matches(password):
            others = {name: line for name, line in lines.items() if name != user}
            self._write_passwords({user: str(hash_password(password)), **others})
        if not (self._folder / ACL_FILE).exists():
            only_service = broker_clients([], Routes(), ClientRules(user))
            write_private(self._folder / ACL_FILE, mosquitto_acl(only_service.clients))
        self._versions = self._file_versions()

    def set_clients(self, clients: BrokerClients) -> None:
        """Write the ACL of these clients, and take the passwords of all others away; Mosquitto reads both again.

        A session whose user lost his password ends, the others go on. A device that is only omitted, as by a mistyped
        identity, keeps his, without permissions: a new one has to be carried to the device.
        """
        if self._credentials is None:
            return
        _write_if_changed(self._folder / ACL_FILE, mosquitto_acl(clients.clients))
        known = clients.password_owners
        lines = read_password_lines(self._passwords)
        kept = {user: line for user, line in lines.items() if user in known or user == self._credentials[0]}
        if len(kept) < len(lines):
            self._write_passwords(kept)
        self._reload_if_changed()

    def _write_passwords(self, lines: Mapping[str, str]) -> None:
        write_private(self._passwords, mosquitto_passwords(lines), "surrogateescape")

    def _reload_if_changed(self) -> None:
        """SIGHUP after a change of passwords, ACL or certificates, also by a command beside the service."""
        versions = self._file_versions()
        if versions != self._versions and self._pid is not None:
            self._versions = versions
            os.kill(self._pid, signal.SIGHUP)

    def _file_versions(self) -> list[int]:
        files = [self._passwords, self._folder / ACL_FILE, *(self._tls.files if self._tls else ())]
        return [path.stat().st_mtime_ns if path.exists() else 0 for path in files]

    async def _wait_until_listening(self) -> int:
        """Process id of the daemon, once it listens."""
        seen = False
        for _ in range(LISTENING_WITHIN_S * 50):
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
            elif self._credentials is not None:
                self._reload_if_changed()

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


def _write_if_changed(path: Path, text: str) -> None:
    if not path.exists() or path.read_text("utf-8") != text:
        write_private(path, text)
