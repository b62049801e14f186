"""Points at which a process is killed (kill -9): around each write transaction and request, and inside transactions.

`install` counts points in the process that calls it. The process arms itself with a file that holds the unit and the
number of the point, for example `boundary 12`.

- `boundary`: before and after each write transaction, and before and after each request to another system
- `statement`: before each SQL statement of a write transaction, so that a change made of two transactions shows
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import Connection, Engine, event

from store.database.database import Database

FILE = "FENGSHAO_KILL_FILE"
BOUNDARY, STATEMENT = "boundary", "statement"


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
    transact, send = Database._transact, httpx2.AsyncClient.send

    def counted_transact(self: Database, work: Callable[[Connection], Any]) -> Any:
        points.reach(BOUNDARY)
        result = transact(self, work)
        points.reach(BOUNDARY)
        return result

    async def counted_send(self: httpx2.AsyncClient, *args: Any, **kwargs: Any) -> Any:
        points.reach(BOUNDARY)
        response = await send(self, *args, **kwargs)
        points.reach(BOUNDARY)
        return response

    def before_statement(tx: Connection, *_: Any) -> None:
        if not tx.get_execution_options().get("fengshao_read_only"):
            points.reach(STATEMENT)

    Database._transact, httpx2.AsyncClient.send = counted_transact, counted_send  # type: ignore[method-assign]
    event.listen(Engine, "before_cursor_execute", before_statement)


def main() -> None:
    """The command `fengshao` with kill points."""
    from app.cli.main import main as fengshao

    install(KillPoints(Path(os.environ[FILE])))
    fengshao()
