"""Rule tools of a running service: runs them in worker processes, one short request and one long job at a time.

A worker gets the part of the history that it needs as a file, which is removed afterwards.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import shutil
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from msgspec.structs import asdict, replace

from app.config.catalog import rulebook_files
from app.config.faults import ConfigError
from app.errors import UserError
from app.reload.rulebooks import RulebookReloader
from app.rule_tools.backtest import clip_to_recorded
from app.rule_tools.explain import is_self_contained, replay_length_ms, rules_needed_for
from app.rule_tools.history_export import HistoryExporter
from app.rule_tools.jobs import RuleJobs
from app.rule_tools.requests import (
    BacktestRequest,
    CheckRequest,
    ExplainRequest,
    Progress,
    ScoreRequest,
    TestRequest,
    ToolRequest,
    no_progress,
)
from app.rule_tools.templates import json_schema, new_rulebook
from app.rule_tools.worker import WorkerRequest
from app.rule_tools.worker_client import SCORE, run_in_worker
from console.rule_tools_interface import RulebookFault, RulebookFile, RulebookInvalid, RuleJob, ToolsRefused
from domain import Device, Instant, Reading
from rules.engine.community_index import CommunityIndex
from rules.engine.engine import Engine
from rules.hosts.partition import connected_devices
from rules.rulebook.model import Rulebook
from rules.rulebook.serialization import dump_rulebooks
from rules.tools.explain import explain
from store.history import History

WORK_FOLDER: Final = "tmp"
JOBS_FOLDER: Final = "rule-jobs"
SHORT_TIMEOUT_S: Final = 60
JOB_CPU_LIMIT_S: Final = 4 * 3600
EXPORT_SHARE: Final = 0.3
"""The export's part of a backtest's progress."""


class RuleToolService:
    """Implements console.dependencies.RuleTools; `devices` returns the registered devices."""

    def __init__(
        self,
        data: Path,
        site: Path | None,
        history: History,
        engine: Engine,
        devices: Callable[[], Sequence[Device]],
        rulebooks: RulebookReloader,
        clock: Callable[[], Instant],
    ) -> None:
        self._data, self._site, self._history, self._engine = data, site, history, engine
        self._devices, self._rulebooks, self._clock = devices, rulebooks, clock
        self._short_lock = asyncio.Lock()
        self._jobs = RuleJobs(data / JOBS_FOLDER, clock)
        self._exporter = HistoryExporter(history)
        for folder in (data / WORK_FOLDER).glob("tools-*"):
            shutil.rmtree(folder, ignore_errors=True)  # left by a service that was killed

    # -- short requests -----------------------------------------------------------------------------------------

    async def reload(self) -> Mapping[str, Any]:
        """Reload the rulebooks from disk and return what changed. Raises RulebookInvalid."""
        try:
            changes = await self._rulebooks.reload()
        except ConfigError as error:
            faults = [
                RulebookFault(fault.file, fault.line, fault.column, fault.field, fault.message)
                for fault in error.faults
            ]
            raise RulebookInvalid(faults) from error
        rules = sum(len(rulebook.rules) for rulebook in self._engine.books)
        return {**asdict(changes), "rules": rules}

    def schema(self, of: str) -> Mapping[str, Any]:
        return dict(json.loads(json_schema(of)))

    def template(self, name: str) -> Mapping[str, str]:
        try:
            return new_rulebook(name)
        except UserError as error:
            raise ToolsRefused(str(error)) from None

    async def check(self, books: Sequence[RulebookFile]) -> Mapping[str, Any]:
        async with self._work_folder() as folder:
            return await self._run_short(CheckRequest(_write_files(folder, books), self._site), folder)

    async def test(self, books: Sequence[RulebookFile], names: Sequence[str]) -> Mapping[str, Any]:
        """Run the trials of these files and of active rulebooks by name."""
        async with self._work_folder() as folder:
            files = _write_files(folder, books) + [self._rulebook_path(name) for name in names]
            answer = await self._run_short(TestRequest(files, self._site), folder)
        for result in answer["results"]:
            result["file"] = Path(result["file"]).name  # without the path of the work folder
        return answer

    async def explain(self, rule: str, device: str, at: Instant | None, since_ms: int | None) -> Mapping[str, Any]:
        """Explain the engine's present state, or for an instant in the past replay the readings before it."""
        try:
            rulebooks = rules_needed_for(self._engine.books, rule)
        except UserError as error:
            raise ToolsRefused(str(error)) from None
        if at is None or at >= self._clock():
            return {**explain(self._engine, rule, device, await self._latest_reading(device)), "at": self._clock()}
        start = min(await self._exporter.clip_start(at - (since_ms or replay_length_ms(rulebooks))), at)
        async with self._work_folder() as folder:
            devices = await asyncio.to_thread(self._related_devices, rulebooks, device)
            history = await self._exporter.export(folder, start, at + 1, devices)
            request = ExplainRequest(
                rule, device, at, self._data, at - start, self._site, history, dump_rulebooks(rulebooks)
            )
            return await self._run_short(request, folder)

    async def _latest_reading(self, device: str) -> Reading | None:
        points = await self._history.latest(device)
        state = self._engine.states.get(device)
        if not points or state is None:
            return None
        newest = max(point.at for point in points)
        return Reading(device, state.ruleset.kind, newest, newest, {point.quantity: point.value for point in points})

    def _related_devices(self, rulebooks: Sequence[Rulebook], name: str) -> list[str]:
        """The devices whose readings determine the rule's state for this device or group."""
        if is_self_contained(rulebooks, name):
            return [name]
        index = CommunityIndex(self._engine.community)
        engine = Engine(rulebooks, self._engine.state.kinds, self._engine.community)
        return connected_devices(self._devices(), engine, index, name)

    async def _run_short(self, request: ToolRequest, folder: Path) -> dict[str, Any]:
        try:
            async with asyncio.timeout(SHORT_TIMEOUT_S), self._short_lock:
                return await run_in_worker(WorkerRequest(request, SHORT_TIMEOUT_S), no_progress)
        except TimeoutError:
            raise ToolsRefused(f"not done within {SHORT_TIMEOUT_S} s: ask for a shorter time, or later") from None
        except RulebookInvalid as error:
            raise _with_sent_names(folder, error) from None

    # -- long jobs ----------------------------------------------------------------------------------------------

    async def backtest(
        self, book: RulebookFile | str, against: RulebookFile | str | None, start: Instant, end: Instant, by: str
    ) -> RuleJob:
        """Start a backtest; sent rulebooks are checked before this returns. Raises ToolsBusy while a job runs."""
        rulebooks = {"book": book, **({} if against is None else {"against": against})}
        for rulebook in rulebooks.values():
            self._jobs.check_idle()
            if isinstance(rulebook, RulebookFile):
                await self.check([rulebook])
            else:
                self._rulebook_path(rulebook)
        try:
            start = clip_to_recorded(await self._exporter.clip_start(start), end)
        except UserError as error:
            raise ToolsRefused(str(error)) from None
        return self._jobs.start(self._new_job("backtest", book, by), partial(self._backtest, rulebooks, start, end))

    async def score(self, book: RulebookFile, days: int, by: str, *, faults: bool) -> RuleJob:
        """Start the comparison of a rulebook with those in force in a simulated town. Raises ToolsBusy."""
        self._jobs.check_idle()
        await self.check([book])
        return self._jobs.start(self._new_job("score", book, by), partial(self._score, book, days, faults))

    def _new_job(self, tool: str, book: RulebookFile | str, by: str) -> RuleJob:
        name, text = (book, "") if isinstance(book, str) else (Path(book.name).stem, book.text)
        return RuleJob(secrets.token_hex(6), "running", 0.0, by, self._clock(), tool=tool, book=name, text=text)

    def jobs(self) -> Sequence[RuleJob]:
        """The last jobs, newest first."""
        return self._jobs.newest_first()

    def job(self, id: str) -> RuleJob | None:
        return self._jobs.get(id)

    async def cancel(self, id: str) -> RuleJob | None:
        """Cancel a job if it still runs; its process has ended when this returns."""
        return await self._jobs.cancel(id)

    async def stop(self) -> None:
        """Cancel the running job and close the exporter."""
        await self._jobs.stop()
        self._exporter.close()

    async def _backtest(
        self, rulebooks: Mapping[str, RulebookFile | str], start: Instant, end: Instant, progress: Progress
    ) -> dict[str, Any]:
        async with self._work_folder() as folder:
            files = {role: self._rulebook_file(folder / role, rulebook) for role, rulebook in rulebooks.items()}
            history = await self._exporter.export(folder, start, end, None, lambda part: progress(part * EXPORT_SHARE))
            request = BacktestRequest(
                files["book"], self._data, start, end, files.get("against"), self._site, history, processes=1
            )
            result = await run_in_worker(
                WorkerRequest(request, JOB_CPU_LIMIT_S),
                lambda part: progress(EXPORT_SHARE + (1 - EXPORT_SHARE) * part),
            )
        return {"result": result}

    async def _score(self, book: RulebookFile, days: int, faults: bool, progress: Progress) -> dict[str, Any]:
        async with self._work_folder() as folder:
            request = ScoreRequest(self._rulebook_file(folder / "book", book), folder, self._site, days, faults)
            return {"score": await run_in_worker(WorkerRequest(request, JOB_CPU_LIMIT_S), progress, SCORE)}

    # -- files --------------------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def _work_folder(self) -> AsyncIterator[Path]:
        path = self._data / WORK_FOLDER / f"tools-{secrets.token_hex(6)}"
        path.mkdir(parents=True, mode=0o700)
        try:
            yield path
        finally:
            await asyncio.to_thread(shutil.rmtree, path, True)

    def _rulebook_file(self, folder: Path, rulebook: RulebookFile | str) -> Path:
        if isinstance(rulebook, str):
            return self._rulebook_path(rulebook)
        return _write_files(folder, [rulebook])[0]

    def _rulebook_path(self, name: str) -> Path:
        """The file of an active rulebook. Raises ToolsRefused."""
        files = {file.stem: file for file in rulebook_files(self._site)}
        if name not in files:
            raise ToolsRefused(f"no rulebook {name}: write one of {', '.join(files)}")
        return files[name]


def _write_files(folder: Path, rulebooks: Sequence[RulebookFile]) -> list[Path]:
    folder.mkdir(exist_ok=True)
    files = [folder / rulebook.name for rulebook in rulebooks]
    for file, rulebook in zip(files, rulebooks, strict=True):
        file.write_text(rulebook.text, "utf-8")
    return files


def _with_sent_names(folder: Path, error: RulebookInvalid) -> RulebookInvalid:
    """Faults with the file names that were sent, without the path of the work folder."""
    return RulebookInvalid([replace(fault, file=fault.file.removeprefix(f"{folder}/")) for fault in error.faults])
