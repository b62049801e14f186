"""Exports part of a running service's history into a file of its own, for a worker process.

DuckDB lets one process at a time open a history.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from app.rule_tools.recorded_data import clip_start
from app.rule_tools.requests import Progress, no_progress
from app.rule_tools.worker import NICENESS
from console.rule_tools_interface import ToolsRefused
from domain import Instant
from store.history import History
from store.history.duckdb.history import DuckDbHistory

FREE_BYTES_MIN: Final = 1 << 30
"""Left free on the disk for the journal."""


class HistoryExporter:
    """Exports one part at a time, in a thread with the lowest priority, while the service goes on writing."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._thread = ThreadPoolExecutor(1, "history-export", initializer=_lowest_priority)

    async def clip_start(self, requested: Instant) -> Instant:
        """The later of `requested` and the first recorded reading."""
        history = self._history
        if not isinstance(history, DuckDbHistory):
            return requested
        return await asyncio.to_thread(clip_start, history, requested)

    async def export(
        self,
        folder: Path,
        start: Instant,
        end: Instant,
        devices: Sequence[str] | None,
        progress: Progress = no_progress,
    ) -> Path:
        """Write the readings of a period to a file in `folder` and return it; `devices` None: of all devices.

        Raises ToolsRefused for a remote history and a full disk. Cancelling ends the export at its next step.
        """
        history = self._history
        if not isinstance(history, DuckDbHistory):
            raise ToolsRefused("only the embedded history can be judged again beside the service")
        free = shutil.disk_usage(folder).free
        if free < FREE_BYTES_MIN:
            raise ToolsRefused(f"only {free >> 20} MiB are free on the disk: the journal needs them")
        cancelled, path = threading.Event(), folder / "history.duckdb"

        def on_progress(part: float) -> None:
            if cancelled.is_set():
                raise ToolsRefused("cancelled")
            progress(part)

        export = self._thread.submit(history.export, path, start, end, devices, on_progress)
        try:
            await asyncio.wrap_future(export)
        finally:
            cancelled.set()
        return path

    def close(self) -> None:
        self._thread.shutdown(cancel_futures=True)


def _lowest_priority() -> None:
    """Lower the priority of this thread: Linux has one for each thread."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
