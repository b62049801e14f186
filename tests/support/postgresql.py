"""A real PostgreSQL server for the tests: one for all workers of a run, and databases with the newest schema.

It runs as an unprivileged user, because PostgreSQL refuses to run as root; nothing of it is synced to the disk: the
tests kill the server, not the machine.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import psycopg

from store.database.database import Database

FOLDERS = Path("/usr/lib/postgresql")
"""Debian keeps the programs of each version in a folder of its own, which is on no path."""
START_TIMEOUT_S = 60
USER = "fengshao"
TEMPLATE = "migrated"
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "80",
    "listen_addresses": "",
    "autovacuum": "off",
    "max_wal_size": "256MB",
    "log_min_messages": "fatal",
}
_LEFT_RUNNING: list[PostgresServer] = []
"""Servers whose processes other workers still use: dropped, Python would warn of them."""
_EMPTY_ALL = """
CREATE FUNCTION empty_all() RETURNS void LANGUAGE plpgsql AS $$
DECLARE name text; is_used boolean;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
        AND relname <> 'alembic_version'
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', name) INTO is_used;
        IF is_used THEN EXECUTE format('DELETE FROM %I', name); END IF;
    END LOOP;
    PERFORM setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S';
END $$
"""


@cache
def program(name: str) -> str | None:
    """The path of a program of PostgreSQL; None where it is not installed."""
    folders = [os.environ["PATH"], *(str(folder) for folder in sorted(FOLDERS.glob("*/bin"), reverse=True))]
    return shutil.which(name, path=":".join(folders))


class PostgresServer:
    """A server with its data in a folder of its own; `kill` is kill -9 of all its processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._user = _unprivileged_user()
        self._process: subprocess.Popen[bytes] | None = None

    def create(self) -> None:
        """Make the data folder."""
        initdb = program("initdb")
        assert initdb is not None
        self.folder.mkdir(exist_ok=True)
        if self._user is not None:
            shutil.chown(self.folder, self._user)
        command = [initdb, "-D", str(self.folder / "data"), "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C"]
        subprocess.run([*command, "--no-sync"], check=True, capture_output=True, user=self._user, cwd=self.folder)

    def start(self) -> int:
        """Start and wait until the server answers; returns its process id."""
        postgres = program("postgres")
        assert postgres is not None
        settings = {**SETTINGS, "unix_socket_directories": str(self.folder)}
        command = [postgres, "-D", str(self.folder / "data")]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, user=self._user, cwd=self.folder, start_new_session=True
            )
        self._wait()
        return self._process.pid

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """SIGINT is PostgreSQL's fast shutdown: it ends all sessions."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(START_TIMEOUT_S)
            self._process = None

    def kill(self) -> None:
        """Kill the server and its processes at once: its memory is lost, it recovers from its log."""
        if self._process is not None:
            with contextlib.suppress(FileNotFoundError):
                self.signal(signal.SIGKILL)
            self._process.wait(START_TIMEOUT_S)
        for file in ("data/postmaster.pid", ".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
            (self.folder / file).unlink(missing_ok=True)
        self._process = None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to all processes of the server: SIGSTOP is a server that answers no more."""
        assert self._process is not None
        send_signal(self._process.pid, number)

    def url(self, database: str) -> str:
        return f"postgresql://{USER}@/{database}?host={self.folder}"

    def execute(self, statement: str, database: str = "postgres") -> None:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def create_template(self) -> None:
        """A database with the newest schema, for CREATE DATABASE ... TEMPLATE."""
        self.execute(f"CREATE DATABASE {TEMPLATE}")
        opened = Database(self.url(TEMPLATE))
        opened.migrate()
        opened.close()
        self.execute(_EMPTY_ALL, TEMPLATE)

    def create_database(self, name: str) -> str:
        """A new database with the newest schema; returns its URL."""
        self.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        return self.url(name)

    def _wait(self) -> None:
        assert self._process is not None
        end = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < end:
            if self._process.poll() is not None:
                break
            with contextlib.suppress(psycopg.OperationalError), psycopg.connect(self.url("postgres")):
                return
            time.sleep(0.05)
        raise RuntimeError(f"PostgreSQL did not start:\n{(self.folder / 'server.log').read_text()}")


def send_signal(postmaster: int, number: signal.Signals) -> None:
    """Each process of the server leads a group of its own."""
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    for process in (postmaster, *map(int, children)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, number)


def empty(url: str) -> None:
    """Delete all rows of a database that was made from the template."""
    with psycopg.connect(url) as connection:
        connection.execute("SELECT empty_all()")


def _unprivileged_user() -> str | None:
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise RuntimeError("PostgreSQL does not run as root, and there is no user postgres or nobody")


@contextlib.contextmanager
def own_server() -> Iterator[PostgresServer]:
    """A server of one test, which it may kill."""
    folder = Path(tempfile.mkdtemp(prefix="fengshao-pg-"))
    folder.chmod(0o755)
    server = PostgresServer(folder)
    server.create()
    server.start()
    try:
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def shared_server() -> Iterator[PostgresServer]:
    """The server of this run of tests: the first worker starts it, the last one that ends stops it."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    folder = Path(tempfile.gettempdir()) / f"fengshao-pg-{run}"
    with _locked(folder):
        server, running = PostgresServer(folder), folder / "running"
        if not running.exists():
            server.create()
            process = server.start()
            server.create_template()
            running.write_text(f"{process}")
        process = int(running.read_text())
        (folder / f"worker-{os.getpid()}").touch()
    try:
        yield server
    finally:
        with _locked(folder):
            (folder / f"worker-{os.getpid()}").unlink()
            if not list(folder.glob("worker-*")):
                send_signal(process, signal.SIGKILL)
                server.kill()
                shutil.rmtree(folder, ignore_errors=True)
                folder.with_suffix(".lock").unlink(missing_ok=True)
            else:
                _LEFT_RUNNING.append(server)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    with folder.with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
