"""A part of an installation ends by SIGTERM, as the supervisor of its container ends it, after it has closed."""

from __future__ import annotations

import asyncio
import logging
import os
import signal

import pytest

from app.scale.until_stopped import run_until_stopped


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_part_is_cancelled_by_a_signal_and_closes(number: int, caplog: pytest.LogCaptureFixture) -> None:
    closed = list[bool]()

    async def part() -> None:
        os.kill(os.getpid(), number)
        try:
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    caplog.set_level(logging.INFO)
    run_until_stopped(part, logging.getLogger("fengshao.part"))
    assert closed == [True]
    assert "stopped" in caplog.text


def test_an_error_of_a_part_ends_its_process() -> None:
    async def part() -> None:
        raise ConnectionRefusedError

    with pytest.raises(ConnectionRefusedError):
        run_until_stopped(part, logging.getLogger("fengshao.part"))
