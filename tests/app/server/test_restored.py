"""Until the takeover a restored copy serves a notice and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.applications import Starlette

from app.backup.restored_copy import mark_as_copy, take_over
from app.server.restored import wait_for_takeover


class Notices:
    """Serves nothing; notes what was to be served."""

    def __init__(self) -> None:
        self.served: list[Starlette] = []
        self.signs_of_life = 0

    @contextlib.asynccontextmanager
    async def serve(self, app: Starlette) -> AsyncIterator[None]:
        self.served.append(app)
        yield

    def alive(self) -> None:
        self.signs_of_life += 1


async def test_a_directory_at_work_does_not_wait(tmp_path: Path) -> None:
    notices = Notices()
    assert not await wait_for_takeover(tmp_path, notices.serve, asyncio.Event())
    assert notices.served == []


async def test_a_copy_waits_lives_and_goes_on_when_it_takes_over_or_is_stopped(tmp_path: Path) -> None:
    mark_as_copy(tmp_path, "b.tar")
    notices, stop = Notices(), asyncio.Event()
    stop.set()
    await wait_for_takeover(tmp_path, notices.serve, stop, notices.alive)
    assert len(notices.served) == 1

    def taken_over() -> None:
        notices.alive()
        take_over(tmp_path)

    assert await wait_for_takeover(tmp_path, notices.serve, asyncio.Event(), taken_over)
    assert (len(notices.served), notices.signs_of_life) == (2, 1)
