"""Points at which a process is killed (kill -9): around each write transaction and request, and inside transactions.

`install` counts points in the process that calls it. The process arms itself with a file that holds the unit and the
number of the point, for example `boundary 12`.

- `boundary`: before and after each write transaction, and before and after each request to another system
- `statement`: before each SQL statement of a write transaction, so that a change made of two transactions shows
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.default import DefaultDialect

FILE = "FENGSHAO_KILL_FILE"
BOUNDARY, STATEMENT = "boundary", "statement"
_READ_ONLY = "fengshao_read_only"
_SAVEPOINTS = ("SAVEPOINT", "RELEASE", "ROLLBACK")


def arm(file: Path, unit: str, number: int) -> None:
    """The process dies at this point, counted from now."""
    staged = file.with_suffix(".new")
    staged.write_text(f"{unit} {number}")
    staged.replace(file)


class KillPoints:
    """Counts points once it is armed, by `arm` or by the file, and kills its own process at the chosen one."""

    def __init__(self, file: Path | None = None) -> None:
        self._file, self._unit, self._remaining = file, "", 0

    def arm(self, unit: str, number: int) -> None:
        """Die at this point, counted from now."""
        self._unit, self._remaining = unit, number

    def reach(self, unit: str) -> None:
        """A point of this unit."""
        if self._remaining == 0 and self._file is not None and self._file.exists():
            named, number = self._file.read_text().split()
            self._file.unlink()
            self.arm(named, int(number))
        if unit == self._unit and self._remaining > 0:
            self._remaining -= 1
            if self._remaining == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def install(points: KillPoints) -> None:
    """Count the transactions, statements and requests of this process. There is no way back: for child processes."""
    commit, send = DefaultDialect.do_commit, httpx2.AsyncClient.send

    def before_transaction(tx: Connection) -> None:
        if not tx.get_execution_options().get(_READ_ONLY):
            points.reach(BOUNDARY)

    def counted_commit(self: DefaultDialect, connection: Any) -> None:
        commit(self, connection)  # of a write: a read is rolled back
        points.reach(BOUNDARY)

    async def counted_send(self: httpx2.AsyncClient, *args: Any, **kwargs: Any) -> Any:
        points.reach(BOUNDARY)
        response = await send(self, *args, **kwargs)
        points.reach(BOUNDARY)
        return response

    def before_statement(tx: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if not tx.get_execution_options().get(_READ_ONLY) and not statement.startswith(_SAVEPOINTS):
            points.reach(STATEMENT)

    DefaultDialect.do_commit = counted_commit  # type: ignore[method-assign]
    httpx2.AsyncClient.send = counted_send  # type: ignore[method-assign]
    event.listen(Engine, "begin", before_transaction)
    event.listen(Engine, "before_cursor_execute", before_statement)


def main() -> None:
    """The command `fengshao` with kill points."""
    from app.cli.main import main as fengshao

    install(KillPoints(Path(os.environ[FILE])))
    fengshao()
