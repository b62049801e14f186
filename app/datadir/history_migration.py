"""Copies the history of a stopped service to another store, compares it, and lets the service go on there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from app.config.secrets import read_secret
from app.config.settings import HistorySettings, LedgerSettings
from app.datadir.lock import lock_data_dir
from app.datadir.stores import HISTORY_FILE, SPOOL_FOLDER, open_database, open_history
from app.errors import UserError
from domain import Instant, Lane
from domain.kind import Kind
from store.database.refusals.history_refusals import store_history_refusals
from store.errors import StoreError
from store.history.duckdb.copy import DuckDbCopy
from store.history.transfer import CopiedDay, HistoryCopy, copy_history
from store.refused_values import RefusedValue

if TYPE_CHECKING:
    from store.history.remote.copy import ServerCopy

PART_FILE: Final = f"{HISTORY_FILE}.part"
"""A file that is not complete yet."""
SPOOL_SENT_WITHIN_S: Final = 120.0
ROUNDS_MAX: Final = 5


class HistoryNotMigrated(UserError):
    """Why the history stays where it is."""


class HistoryMigration(Struct, frozen=True):
    """What was copied. `rolled_up_before`: of the time before it only roll-ups are left, which stay behind."""

    source: str
    target: str
    days: int
    readings: int
    values: int
    refused: int
    faults: tuple[str, ...]
    rolled_up_before: Instant | None


class HistoryMigrator:
    """`pause` waits so many seconds; `progress` gets each day once it was compared."""

    def __init__(
        self,
        data: Path,
        kinds: Mapping[str, Kind],
        clock: Callable[[], Instant],
        pause: Callable[[float], object],
        progress: Callable[[CopiedDay], object] = lambda _day: None,
        ledger: LedgerSettings | None = None,
    ) -> None:
        self._data, self._kinds, self._clock, self._pause = data, kinds, clock, pause
        self._progress, self._ledger = progress, ledger

    def migrate(self, source: HistorySettings, target: HistorySettings) -> HistoryMigration:
        """Copy everything, compare it, and prepare DIR for the target, unless something differs.

        Interrupted at any point the source is unchanged; the next run compares what is there and copies the rest.
        Raises HistoryNotMigrated, DataDirInUse beside a running service, and MissingSecret.
        """
        if (source.type, source.url, source.bucket) == (target.type, target.url, target.bucket):
            raise HistoryNotMigrated(
                f"site.yaml names {named(target)} already: run this before the setting is changed, which is the source"
            )
        with lock_data_dir(self._data), ExitStack() as stack:
            try:
                return self._migrate(stack, source, target)
            except StoreError as error:
                raise HistoryNotMigrated(f"the history stays at {named(source)}: {error}") from error

    def _migrate(self, stack: ExitStack, source: HistorySettings, target: HistorySettings) -> HistoryMigration:
        positions, old, rolled_up = self._open_source(stack, source)
        days: dict[Instant, CopiedDay] = {}
        if target.type == "duckdb":
            new = stack.enter_context(closing(DuckDbCopy(self._part_file(), self._clock())))
            new.roll_up()  # where a run was interrupted between a day and this
            self._copy(old, new, days)
        else:
            self._copy_to_server(stack, old, target, days)
        faults = tuple(
            f"{date_of(day)}: {fault}" for day, copied in sorted(days.items()) for fault in copied.differences
        )
        if not faults:
            stack.close()
            self._use(target, positions)
        return HistoryMigration(
            named(source),
            named(target),
            len(days),
            sum(day.tally.readings for day in days.values()),
            sum(day.tally.count for day in days.values()),
            sum(len(day.refused) for day in days.values()),
            faults,
            rolled_up,
        )

    def _open_source(
        self, stack: ExitStack, source: HistorySettings
    ) -> tuple[Mapping[Lane, int], HistoryCopy, Instant | None]:
        if source.type == "duckdb":
            file = self._data / HISTORY_FILE
            if not file.exists():
                raise HistoryNotMigrated(f"{file} does not exist: name the DIR of a service with --data")
            embedded = stack.enter_context(closing(DuckDbCopy(file, self._clock())))
            return embedded.positions(), embedded, embedded.rolled_up_before()
        return asyncio.run(self._sent_positions(source)), self._server(stack, source), None

    async def _sent_positions(self, source: HistorySettings) -> Mapping[Lane, int]:
        """The positions of what the server has, once it has taken what waits in the spool."""
        history = open_history(self._data, source, self._kinds, self._keep_refused)
        try:
            from store.history.remote.history import LineProtocolHistory

            assert isinstance(history, LineProtocolHistory)
            if not await history.sent(SPOOL_SENT_WITHIN_S):
                status = history.server_status()
                raise HistoryNotMigrated(
                    f"{named(source)} has not taken what waits in {self._data / SPOOL_FOLDER}: "
                    f"{(status.problem if status else '') or 'more than two minutes of readings wait'}; try again later"
                )
            return history.position()
        finally:
            await history.close()

    def _server(self, stack: ExitStack, settings: HistorySettings) -> ServerCopy:
        from store.history.remote.answers import Account
        from store.history.remote.copy import ServerCopy

        if settings.type == "duckdb":
            raise AssertionError("a file is no server")
        token = read_secret(settings.token_env, "history").reveal() if settings.needs_token else ""
        booleans = {name for kind in self._kinds.values() for name, q in kind.quantities.items() if q.type == "bool"}
        account = Account(settings.org, settings.bucket, settings.token_env)
        return stack.enter_context(
            closing(ServerCopy(settings.url, settings.type, token, account, self._pause, booleans))
        )

    def _copy_to_server(
        self, stack: ExitStack, old: HistoryCopy, target: HistorySettings, days: dict[Instant, CopiedDay]
    ) -> None:
        """Until the server did not restart within the time in which it may lose what it accepted."""
        from store.history.remote.confirmation import STORED_AFTER_S

        new = self._server(stack, target)
        for _ in range(ROUNDS_MAX):
            life = new.life()
            written = self._copy(old, new, days)
            if not written or not life:
                return
            self._pause(STORED_AFTER_S)
            if new.life() == life:
                return
        raise HistoryNotMigrated(f"{named(target)} restarts again and again: what it accepted may be lost")

    def _copy(self, old: HistoryCopy, new: HistoryCopy, days: dict[Instant, CopiedDay]) -> int:
        """Copy the days that differ; returns how many were written."""
        written = 0
        for day in copy_history(old, new, self._pause):
            if day.refused:
                self._keep_refused(day.refused)
            known = days.get(day.day)
            if known is None or not day.was_there:
                days[day.day] = day
                self._progress(day)
            written += not day.was_there
        return written

    def _keep_refused(self, refused: Sequence[RefusedValue]) -> None:
        """With those that a running service has: `GET /api/v1/history/refusals` lists them."""
        now = self._clock()
        with closing(open_database(self._data, self._ledger)) as database:
            database.write_blocking(lambda tx: store_history_refusals(tx, refused, now))

    def _part_file(self) -> Path:
        file = self._data / HISTORY_FILE
        if file.exists():
            raise HistoryNotMigrated(f"{file} exists and would be replaced: move it away first")
        return self._data / PART_FILE

    def _use(self, target: HistorySettings, positions: Mapping[Lane, int]) -> None:
        """Let the service go on after what was copied: it reads the rest from its journal."""
        if target.type == "duckdb":
            with closing(DuckDbCopy(self._data / PART_FILE, self._clock())) as file:
                file.put_positions(positions)
            (self._data / PART_FILE).rename(self._data / HISTORY_FILE)
            return
        from store.history.remote.spool import Spool

        with closing(Spool(self._data / SPOOL_FOLDER, target.spool_max_bytes)) as spool:
            if spool.is_new:
                spool.adopt(dict(positions))


def named(settings: HistorySettings) -> str:
    """A store in one phrase."""
    return HISTORY_FILE if settings.type == "duckdb" else f"{settings.type} at {settings.url}"


def date_of(day: Instant) -> str:
    """A day (UTC) in words."""
    return f"{datetime.fromtimestamp(day / 1000, UTC):%Y-%m-%d}"
