"""The safety office's tools beside a running service: one long task at a time, with the part of the history that it
asks for in a file of its own, which is removed afterwards.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from msgspec.structs import asdict, replace

from app.config.catalog import book_files
from app.config.yaml_files import WrittenError
from app.datadir.control_socket import Answered
from app.reload.rulebooks import RulebookReloader
from app.rule_tools.recorded_data import Progress, since
from app.rule_tools.run import Backtest, Check, Explain, Task, Test, chosen, enough_past, only_itself, remembered
from app.rule_tools.templates import schema, template
from app.rule_tools.worker import NICENESS, Order
from app.rule_tools.worker_client import answer_of
from console.dependencies import BacktestJob, RulebookFault, RulebookFile, RulebookInvalid, ToolsBusy, ToolsRefused
from domain import Device, Instant, Reading
from rules.engine.community_index import CommunityIndex
from rules.engine.engine import Engine
from rules.hosts.partition import connected_devices
from rules.rulebook.model import Rulebook
from rules.rulebook.serialization import dump_rulebooks
from rules.tools.explain import explain
from store.history import History
from store.history.duckdb.history import DuckHistory

FOLDER = "tmp"
SHORT_S = 60
LONG_S = 4 * 3600
JOBS_KEPT = 20
COPY_PART = 0.3
"""How much of a backtest is taking its readings out of the history, as its bar shows it."""
SPARE_BYTES = 1 << 30
"""Left free on the disk: the journal must go on."""


class Tools:
    """What the console offers of them (console.dependencies.RuleTools)."""

    def __init__(
        self,
        data: Path,
        site: Path | None,
        history: History,
        engine: Engine,
        devices: Callable[[], Sequence[Device]],
        books: RulebookReloader,
        clock: Callable[[], Instant],
    ) -> None:
        self._data, self._site, self._history, self._engine = data, site, history, engine
        self._devices, self._books, self._clock = devices, books, clock
        self._short = asyncio.Lock()
        self._jobs: dict[str, BacktestJob] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._copier = ThreadPoolExecutor(1, "copier", initializer=_last_in_line)
        for left in (data / FOLDER).glob("tools-*"):
            shutil.rmtree(left, ignore_errors=True)  # of a service that was killed

    # -- what is answered at once -------------------------------------------------------------------------------

    async def reload(self) -> Mapping[str, Any]:
        """Take up the books on disk, and say what changed."""
        try:
            renewed = await self._books.reload()
        except WrittenError as error:
            raise RulebookInvalid(
                [RulebookFault(one.file, one.line, one.column, one.field, one.message) for one in error.faults]
            ) from error
        rules = sum(len(book.rules) for book in self._engine.books)
        return {**asdict(renewed), "rules": rules}

    def schema(self, of: str) -> Mapping[str, Any]:
        return dict(json.loads(schema(of)))

    def template(self, name: str) -> Mapping[str, str]:
        try:
            return template(name)
        except Answered as refused:
            raise ToolsRefused(str(refused)) from None

    async def check(self, books: Sequence[RulebookFile]) -> Mapping[str, Any]:
        async with self._folder() as folder:
            return await self._at_once(Check(_put(folder, books), self._site), folder)

    async def test(self, books: Sequence[RulebookFile], names: Sequence[str]) -> Mapping[str, Any]:
        async with self._folder() as folder:
            files = _put(folder, books) + [self._named(name) for name in names]
            told = await self._at_once(Test(files, self._site), folder)
        for one in told["results"]:
            one["file"] = Path(one["file"]).name  # where we put it is nobody's business
        return told

    async def explain(self, rule: str, device: str, at: Instant | None, since_ms: int | None) -> Mapping[str, Any]:
        """Now: as the engine stands. In the past: judged again from what was said up to then."""
        try:
            books = chosen(self._engine.books, rule)
        except Answered as refused:
            raise ToolsRefused(str(refused)) from None
        if at is None or at >= self._clock():
            return {**explain(self._engine, rule, device, await self._last_of(device)), "at": self._clock()}
        start = min(await self._since(at - (since_ms or enough_past(books))), at)
        async with self._folder() as folder:
            names = await asyncio.to_thread(self._company, books, device)
            copied = await self._copied(folder, start, at + 1, names)
            task = Explain(rule, device, at, self._data, at - start, self._site, copied, dump_rulebooks(books))
            return await self._at_once(task, folder)

    async def _last_of(self, device: str) -> Reading | None:
        points = await self._history.latest(device)
        seat = self._engine.states.get(device)
        if not points or seat is None:
            return None
        newest = max(point.at for point in points)
        return Reading(device, seat.ruleset.kind, newest, newest, {one.quantity: one.value for one in points})

    def _company(self, books: Sequence[Rulebook], name: str) -> list[str]:
        if only_itself(books, name):
            return [name]
        near = CommunityIndex(self._engine.community)
        return connected_devices(self._devices(), Engine(books, self._engine.kinds, self._engine.community), near, name)

    async def _at_once(self, task: Task, folder: Path) -> dict[str, Any]:
        try:
            async with asyncio.timeout(SHORT_S), self._short:
                return await answer_of(Order(task, SHORT_S), _unheard)
        except TimeoutError:
            raise ToolsRefused(f"not done within {SHORT_S} s: ask for a shorter time, or later") from None
        except RulebookInvalid as faulty:
            raise _without(folder, faulty) from None

    # -- what takes long ----------------------------------------------------------------------------------------

    async def backtest(
        self, book: RulebookFile | str, against: RulebookFile | str | None, start: Instant, end: Instant, by: str
    ) -> BacktestJob:
        """Begins one; what was written is checked before it returns."""
        sides = {"book": book, **({} if against is None else {"against": against})}
        for one in sides.values():
            self._free()
            if isinstance(one, RulebookFile):
                await self.check([one])
            else:
                self._named(one)
        try:
            start = remembered(await self._since(start), end)
        except Answered as refused:
            raise ToolsRefused(str(refused)) from None
        self._free()
        job = BacktestJob(secrets.token_hex(6), "running", 0.0, by, self._clock())
        self._jobs = dict([*self._jobs.items()][1 - JOBS_KEPT :]) | {job.id: job}
        self._running[job.id] = asyncio.create_task(self._worked(job.id, sides, start, end), name=f"tools {job.id}")
        return job

    def _free(self) -> None:
        for held in self._running:
            raise ToolsBusy(held)

    def jobs(self) -> Sequence[BacktestJob]:
        return list(reversed(self._jobs.values()))

    def job(self, id: str) -> BacktestJob | None:
        return self._jobs.get(id)

    async def cancel(self, id: str) -> BacktestJob | None:
        """Ends it, if it still runs; its process is gone when this returns."""
        work = self._running.get(id)
        if work is not None:
            work.cancel()
            await asyncio.wait([work])
        return self._jobs.get(id)

    async def stop(self) -> None:
        """Nothing of ours runs on after the service."""
        for id in list(self._running):
            await self.cancel(id)
        self._copier.shutdown(cancel_futures=True)

    async def _worked(self, id: str, sides: Mapping[str, RulebookFile | str], start: Instant, end: Instant) -> None:
        state: dict[str, Any] = {"state": "cancelled"}
        try:
            async with self._folder() as folder:
                files = {side: self._file(folder / side, one) for side, one in sides.items()}
                copied = await self._copied(folder, start, end, None, lambda part: self._went(id, part * COPY_PART))
                task = Backtest(
                    files["book"], self._data, start, end, files.get("against"), self._site, copied, processes=1
                )
                rest = 1 - COPY_PART
                answer = await answer_of(Order(task, LONG_S), lambda part: self._went(id, COPY_PART + rest * part))
            state = {"state": "done", "progress": 1.0, "result": answer}
        except RulebookInvalid as faulty:
            state = {"state": "failed", "faults": faulty.faults, "detail": str(faulty)}
        except (ToolsRefused, OSError) as refused:
            state = {"state": "failed", "detail": str(refused)}
        finally:
            self._jobs[id] = replace(self._jobs[id], ended_at=self._clock(), **state)
            del self._running[id]

    def _went(self, id: str, part: float) -> None:
        self._jobs[id] = replace(self._jobs[id], progress=max(round(part, 3), self._jobs[id].progress))

    # -- files --------------------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def _folder(self) -> AsyncIterator[Path]:
        path = self._data / FOLDER / f"tools-{secrets.token_hex(6)}"
        path.mkdir(parents=True, mode=0o700)
        try:
            yield path
        finally:
            await asyncio.to_thread(shutil.rmtree, path, True)

    async def _since(self, asked: Instant) -> Instant:
        history = self._history
        return asked if not isinstance(history, DuckHistory) else await asyncio.to_thread(since, history, asked)

    def _file(self, folder: Path, one: RulebookFile | str) -> Path:
        return self._named(one) if isinstance(one, str) else _put(folder, [one])[0]

    def _named(self, name: str) -> Path:
        files = {file.stem: file for file in book_files(self._site)}
        if name not in files:
            raise ToolsRefused(f"no rulebook {name}: write one of {', '.join(files)}")
        return files[name]

    async def _copied(
        self,
        folder: Path,
        start: Instant,
        end: Instant,
        devices: Sequence[str] | None,
        progress: Progress = lambda _part: None,
    ) -> Path:
        """The readings of a time in a file of their own: taken out last in line, while the history is written."""
        history = self._history
        if not isinstance(history, DuckHistory):
            raise ToolsRefused("only the embedded history can be judged again beside the service")
        free = shutil.disk_usage(folder).free
        if free < SPARE_BYTES:
            raise ToolsRefused(f"only {free >> 20} MiB are free on the disk: the journal needs them")
        gone, path = threading.Event(), folder / "history.duckdb"

        def told(part: float) -> None:
            if gone.is_set():
                raise ToolsRefused("cancelled")
            progress(part)

        copying = self._copier.submit(history.copy_to, path, start, end, devices, told)
        try:
            await asyncio.wrap_future(copying)
        finally:
            gone.set()
        return path


def _put(folder: Path, books: Sequence[RulebookFile]) -> list[Path]:
    folder.mkdir(exist_ok=True)
    files = [folder / one.name for one in books]
    for file, one in zip(files, books, strict=True):
        file.write_text(one.text, "utf-8")
    return files


def _without(folder: Path, faulty: RulebookInvalid) -> RulebookInvalid:
    """Faults name the file as it was sent, not where we put it."""
    return RulebookInvalid([replace(one, file=one.file.removeprefix(f"{folder}/")) for one in faulty.faults])


def _last_in_line() -> None:
    """This thread waits for all others of the machine: on Linux a thread has a priority of its own."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def _unheard(_part: float) -> None:
    """Nobody waits for it."""
