"""Writes on a full disk."""

from __future__ import annotations

import pytest

from app.pipeline import retry
from store.errors import CannotRead, CannotWrite


async def test_a_write_is_repeated_until_there_is_room_and_each_failure_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(retry, "RETRY_DELAY_S", 0.0)
    results: list[CannotWrite | int] = [CannotWrite("disk full"), CannotWrite("disk full"), 7]

    async def write() -> int:
        if isinstance(result := results.pop(0), CannotWrite):
            raise result
        return result

    assert await retry.retry_until_writable(write, "findings") == 7
    assert [record.getMessage() for record in caplog.records] == 2 * ["findings: cannot write, trying again: disk full"]


async def test_a_write_that_can_wait_is_attempted_once(caplog: pytest.LogCaptureFixture) -> None:
    async def write() -> None:
        raise CannotWrite("disk full")

    await retry.attempt_write(write, "checkpoint")
    assert "checkpoint not written: disk full" in caplog.text


async def test_an_error_of_ours_is_not_taken_for_a_full_disk() -> None:
    async def write() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await retry.attempt_write(write, "checkpoint")
    with pytest.raises(ZeroDivisionError):
        await retry.retry_until_writable(write, "findings")


async def test_a_read_of_a_server_that_is_down_is_repeated_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "RETRY_DELAY_S", 0.0)
    results: list[Exception | int] = [CannotRead("no answer"), 7]

    async def read() -> int:
        if isinstance(result := results.pop(0), Exception):
            raise result
        return result

    assert await retry.retry_until_writable(read, "resets") == 7
