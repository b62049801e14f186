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

from app.config.catalog import rulebook_files
from app.config.faults import ConfigError
from app.errors import UserError
from app.reload.rulebooks import RulebookReloader
from app.rule_tools.recorded_data import Progress, clip_start
from app.rule_tools.run import (
    BacktestRequest,
    CheckRequest,
    ExplainRequest,
    TestRequest,
    ToolRequest,
    clip_to_recorded,
    is_self_contained,
    replay_length_ms,
    rules_needed_for,
)
from app.rule_tools.templates import json_schema, new_rulebook
from app.rule_tools.worker import NICENESS, WorkerRequest
from app.rule_tools.worker_client import run_in_worker
from console.dependencies import BacktestJob, RulebookFault, RulebookFile, RulebookInvalid, ToolsBusy, ToolsRefused
from domain import Device, Instant, Reading
from rules.engine.community_index import CommunityIndex
from rules.engine.engine import Engine
from rules.hosts.partition import connected_devices
from rules.rulebook.model import Rulebook
from rules.rulebook.serialization import dump_rulebooks
from rules.tools.explain import explain
from store.history import History
from store.history.duckdb.history import DuckDbHistory

WORK_FOLDER = "tmp"
SHORT_TIMEOUT_S = 60
BACKTEST_PROCESSOR_S = 4 * 3600
JOBS_KEPT = 20
EXPORT_SHARE = 0.3
"""How much of a backtest is taking its readings out of the history, as its bar shows it."""
FREE_BYTES_MIN = 1 << 30
"""Left free on the disk: the journal must go on."""


class RuleToolService:
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
        self._devices, self._rulebooks, self._clock = devices, books, clock
        self._short_lock = asyncio.Lock()
        self._jobs: dict[str, BacktestJob] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._exporter = ThreadPoolExecutor(1, "copier", initializer=_lowest_priority)
        for left in (data / WORK_FOLDER).glob("tools-*"):
            shutil.rmtree(left, ignore_errors=True)  # of a service that was killed

    # -- what is answered at once -------------------------------------------------------------------------------

    async def reload(self) -> Mapping[str, Any]:
        """Take up the books on disk, and say what changed."""
        try:
            renewed = await self._rulebooks.reload()
        except ConfigError as error:
            raise RulebookInvalid(
                [RulebookFault(one.file, one.line, one.column, one.field, one.message) for one in error.faults]
            ) from error
        rules = sum(len(book.rules) for book in self._engine.books)
        return {**asdict(renewed), "rules": rules}

    def schema(self, of: str) -> Mapping[str, Any]:
        return dict(json.loads(json_schema(of)))

    def template(self, name: str) -> Mapping[str, str]:
        try:
            return new_rulebook(name)
        except UserError as refused:
            raise ToolsRefused(str(refused)) from None

    async def check(self, books: Sequence[RulebookFile]) -> Mapping[str, Any]:
        async with self._work_folder() as folder:
            return await self._run_short(CheckRequest(_write_files(folder, books), self._site), folder)

    async def test(self, books: Sequence[RulebookFile], names: Sequence[str]) -> Mapping[str, Any]:
        async with self._work_folder() as folder:
            files = _write_files(folder, books) + [self._rulebook_path(name) for name in names]
            told = await self._run_short(TestRequest(files, self._site), folder)
        for one in told["results"]:
            one["file"] = Path(one["file"]).name  # where we put it is nobody's business
        return told

    async def explain(self, rule: str, device: str, at: Instant | None, since_ms: int | None) -> Mapping[str, Any]:
        """Now: as the engine stands. In the past: judged again from what was said up to then."""
        try:
            books = rules_needed_for(self._engine.books, rule)
        except UserError as refused:
            raise ToolsRefused(str(refused)) from None
        if at is None or at >= self._clock():
            return {**explain(self._engine, rule, device, await self._latest_reading(device)), "at": self._clock()}
        start = min(await self._clip_start(at - (since_ms or replay_length_ms(books))), at)
        async with self._work_folder() as folder:
            names = await asyncio.to_thread(self._related_devices, books, device)
            copied = await self._export_history(folder, start, at + 1, names)
            task = ExplainRequest(rule, device, at, self._data, at - start, self._site, copied, dump_rulebooks(books))
            return await self._run_short(task, folder)

    async def _latest_reading(self, device: str) -> Reading | None:
        points = await self._history.latest(device)
        seat = self._engine.states.get(device)
        if not points or seat is None:
            return None
        newest = max(point.at for point in points)
        return Reading(device, seat.ruleset.kind, newest, newest, {one.quantity: one.value for one in points})

    def _related_devices(self, books: Sequence[Rulebook], name: str) -> list[str]:
        if is_self_contained(books, name):
            return [name]
        near = CommunityIndex(self._engine.community)
        return connected_devices(
            self._devices(), Engine(books, self._engine.state.kinds, self._engine.community), near, name
        )

    async def _run_short(self, task: ToolRequest, folder: Path) -> dict[str, Any]:
        try:
            async with asyncio.timeout(SHORT_TIMEOUT_S), self._short_lock:
                return await run_in_worker(WorkerRequest(task, SHORT_TIMEOUT_S), no_progress)
        except TimeoutError:
            raise ToolsRefused(f"not done within {SHORT_TIMEOUT_S} s: ask for a shorter time, or later") from None
        except RulebookInvalid as faulty:
            raise _with_sent_names(folder, faulty) from None

    # -- what takes long ----------------------------------------------------------------------------------------

    async def backtest(
        self, book: RulebookFile | str, against: RulebookFile | str | None, start: Instant, end: Instant, by: str
    ) -> BacktestJob:
        """Begins one; what was written is checked before it returns."""
        sides = {"book": book, **({} if against is None else {"against": against})}
        for one in sides.values():
            self._check_idle()
            if isinstance(one, RulebookFile):
                await self.check([one])
            else:
                self._rulebook_path(one)
        try:
            start = clip_to_recorded(await self._clip_start(start), end)
        except UserError as refused:
            raise ToolsRefused(str(refused)) from None
        self._check_idle()
        job = BacktestJob(secrets.token_hex(6), "running", 0.0, by, self._clock())
        self._jobs = dict([*self._jobs.items()][1 - JOBS_KEPT :]) | {job.id: job}
        self._running[job.id] = asyncio.create_task(
            self._run_backtest(job.id, sides, start, end), name=f"tools {job.id}"
        )
        return job

    def _check_idle(self) -> None:
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
        self._exporter.shutdown(cancel_futures=True)

    async def _run_backtest(
        self, id: str, sides: Mapping[str, RulebookFile | str], start: Instant, end: Instant
    ) -> None:
        state: dict[str, Any] = {"state": "cancelled"}
        try:
            async with self._work_folder() as folder:
                files = {side: self._file(folder / side, one) for side, one in sides.items()}
                copied = await self._export_history(
                    folder, start, end, None, lambda part: self._set_progress(id, part * EXPORT_SHARE)
                )
                task = BacktestRequest(
                    files["book"], self._data, start, end, files.get("against"), self._site, copied, processes=1
                )
                rest = 1 - EXPORT_SHARE
                answer = await run_in_worker(
                    WorkerRequest(task, BACKTEST_PROCESSOR_S),
                    lambda part: self._set_progress(id, EXPORT_SHARE + rest * part),
                )
            state = {"state": "done", "progress": 1.0, "result": answer}
        except RulebookInvalid as faulty:
            state = {"state": "failed", "faults": faulty.faults, "detail": str(faulty)}
        except (ToolsRefused, OSError) as refused:
            state = {"state": "failed", "detail": str(refused)}
        finally:
            self._jobs[id] = replace(self._jobs[id], ended_at=self._clock(), **state)
            del self._running[id]

    def _set_progress(self, id: str, part: float) -> None:
        self._jobs[id] = replace(self._jobs[id], progress=max(round(part, 3), self._jobs[id].progress))

    # -- files --------------------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def _work_folder(self) -> AsyncIterator[Path]:
        path = self._data / WORK_FOLDER / f"tools-{secrets.token_hex(6)}"
        path.mkdir(parents=True, mode=0o700)
        try:
            yield path
        finally:
            await asyncio.to_thread(shutil.rmtree, path, True)

    async def _clip_start(self, asked: Instant) -> Instant:
        history = self._history
        return asked if not isinstance(history, DuckDbHistory) else await asyncio.to_thread(clip_start, history, asked)

    def _file(self, folder: Path, one: RulebookFile | str) -> Path:
        return self._rulebook_path(one) if isinstance(one, str) else _write_files(folder, [one])[0]

    def _rulebook_path(self, name: str) -> Path:
        files = {file.stem: file for file in rulebook_files(self._site)}
        if name not in files:
            raise ToolsRefused(f"no rulebook {name}: write one of {', '.join(files)}")
        return files[name]

    async def _export_history(
        self,
        folder: Path,
        start: Instant,
        end: Instant,
        devices: Sequence[str] | None,
        progress: Progress = lambda _part: None,
    ) -> Path:
        """The readings of a time in a file of their own: taken out last in line, while the history is written."""
        history = self._history
        if not isinstance(history, DuckDbHistory):
            raise ToolsRefused("only the embedded history can be judged again beside the service")
        free = shutil.disk_usage(folder).free
        if free < FREE_BYTES_MIN:
            raise ToolsRefused(f"only {free >> 20} MiB are free on the disk: the journal needs them")
        gone, path = threading.Event(), folder / "history.duckdb"

        def told(part: float) -> None:
            if gone.is_set():
                raise ToolsRefused("cancelled")
            progress(part)

        copying = self._exporter.submit(history.export, path, start, end, devices, told)
        try:
            await asyncio.wrap_future(copying)
        finally:
            gone.set()
        return path


def _write_files(folder: Path, books: Sequence[RulebookFile]) -> list[Path]:
    folder.mkdir(exist_ok=True)
    files = [folder / one.name for one in books]
    for file, one in zip(files, books, strict=True):
        file.write_text(one.text, "utf-8")
    return files


def _with_sent_names(folder: Path, faulty: RulebookInvalid) -> RulebookInvalid:
    """Faults name the file as it was sent, not where we put it."""
    return RulebookInvalid([replace(one, file=one.file.removeprefix(f"{folder}/")) for one in faulty.faults])


def _lowest_priority() -> None:
    """This thread waits for all others of the machine: on Linux a thread has a priority of its own."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def no_progress(_part: float) -> None:
    """Nobody waits for it."""
