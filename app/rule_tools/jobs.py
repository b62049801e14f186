"""Long jobs of the rule tools: one at a time, cancelled on request, the last ones remembered for pages that ask again.

Scores are kept in a folder, also over a restart of the service; one that was running then is kept as failed. Results of
backtests may be large, and can be had again: they are gone with the service.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from app.private_files import write_private
from app.rule_tools.requests import Progress
from console.rule_tools_interface import RulebookInvalid, RuleJob, ToolsBusy, ToolsRefused
from domain import Instant

JOBS_KEPT: Final = 20
KEPT_TOOL: Final = "score"
RESTARTED: Final = "the service was restarted before it was done: start it again"
FAILED: Final = "the tool failed: the log of the service says how"
Work = Callable[[Progress], Awaitable[dict[str, Any]]]
"""Does a job; returns the fields of the job that it fills."""

log = logging.getLogger("fengshao.rule_tools")


class RuleJobs:
    """The last jobs, of which one runs at most."""

    def __init__(self, folder: Path, clock: Callable[[], Instant]) -> None:
        self._folder, self._clock = folder, clock
        self._jobs = {job.id: job for job in sorted(self._read(), key=lambda job: job.started_at)}
        self._running: dict[str, asyncio.Task[dict[str, Any]]] = {}
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rule-jobs")
        """One thread, so that what is written last of a job is its end."""

    def check_idle(self) -> None:
        """Raises ToolsBusy while a job runs."""
        for job_id in self._running:
            raise ToolsBusy(job_id)

    def start(self, job: RuleJob, work: Work) -> RuleJob:
        """Start a job in a task of its own. Raises ToolsBusy."""
        self.check_idle()
        self._jobs[job.id] = job
        task = self._running[job.id] = asyncio.create_task(self._run(job.id, work), name=f"tools {job.id}")
        task.add_done_callback(partial(self._end, job.id))
        self._keep(job)
        for id in list(self._jobs)[:-JOBS_KEPT]:
            del self._jobs[id]
            self._writer.submit(self._file(id).unlink, missing_ok=True)
        return job

    def newest_first(self) -> Sequence[RuleJob]:
        """The last jobs, newest first."""
        return [*reversed(self._jobs.values())]

    def get(self, id: str) -> RuleJob | None:
        return self._jobs.get(id)

    async def cancel(self, id: str) -> RuleJob | None:
        """Cancel a job if it still runs; its process has ended when this returns."""
        task = self._running.get(id)
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        return self._jobs.get(id)

    async def stop(self) -> None:
        """Cancel the running job, and wait until the last one is written."""
        for id in list(self._running):
            await self.cancel(id)
        await asyncio.to_thread(self._writer.shutdown)

    async def _run(self, id: str, work: Work) -> dict[str, Any]:
        try:
            return {"state": "done", "progress": 1.0, **await work(partial(self._set_progress, id))}
        except RulebookInvalid as error:
            return {"state": "failed", "faults": error.faults, "detail": str(error)}
        except (ToolsRefused, OSError) as error:
            return {"state": "failed", "detail": str(error)}

    def _end(self, id: str, task: asyncio.Task[dict[str, Any]]) -> None:
        """Also of a task that was cancelled before it began."""
        outcome: dict[str, Any] = {"state": "cancelled"}
        if not task.cancelled():
            error = task.exception()
            if error is not None:
                log.error("job %s of the rule tools failed", id, exc_info=error)
            outcome = task.result() if error is None else {"state": "failed", "detail": FAILED}
        del self._running[id]
        self._jobs[id] = replace(self._jobs[id], ended_at=self._clock(), **outcome)
        self._keep(self._jobs[id])

    def _set_progress(self, id: str, part: float) -> None:
        self._jobs[id] = replace(self._jobs[id], progress=max(round(part, 3), self._jobs[id].progress))

    def _keep(self, job: RuleJob) -> None:
        if job.tool == KEPT_TOOL:
            self._writer.submit(self._write, job)

    def _write(self, job: RuleJob) -> None:
        """What cannot be written is still shown until the service ends."""
        try:
            write_private(self._file(job.id), msgspec.json.encode(job).decode())
        except OSError as error:
            log.warning("job %s of the rule tools not kept: %s", job.id, error)

    def _read(self) -> Sequence[RuleJob]:
        jobs: list[RuleJob] = []
        for file in self._folder.glob("*.json"):
            try:
                job = msgspec.json.decode(file.read_bytes(), type=RuleJob)
            except (OSError, msgspec.MsgspecError) as error:
                log.warning("job of the rule tools left out: %s: %s", file, error)
                continue
            if job.state == "running":
                job = replace(job, state="failed", detail=RESTARTED, ended_at=job.started_at)
            jobs.append(job)
        return jobs

    def _file(self, id: str) -> Path:
        return self._folder / f"{id}.json"
