"""Start and stop of the intake, and what the log says about its sessions."""

from __future__ import annotations

import asyncio
import logging
from types import SimpleNamespace
from typing import Any

import pytest

from app.server.intake import Intake, IntakeEvents, SessionErrorLog
from ingest.mqtt.consumer import ConsumerStatus, SessionStatus
from ingest.mqtt.session import NOT_CONNECTED
from store.errors import CannotWrite
from store.journal import MarkKind
from tests.support.timeouts import LONG_TIMEOUT_S


def status(urgent: str, bulk: str) -> ConsumerStatus:
    sessions = [
        SessionStatus(name, False, False, 0, {}, 0, False, error) for name, error in (("u", urgent), ("b", bulk))
    ]
    return ConsumerStatus(*sessions, 0, 0, 0, 0, 0, "")


def test_why_a_session_is_not_ready_is_logged_once_for_each_reason(caplog: pytest.LogCaptureFixture) -> None:
    """A wrong password kept the service from every alarm, and the log said only that the link was down."""
    log = SessionErrorLog()
    with caplog.at_level(logging.WARNING):
        for errors in (
            (NOT_CONNECTED, NOT_CONNECTED),
            ("BAD_USER_NAME_OR_PASSWORD", ""),
            ("BAD_USER_NAME_OR_PASSWORD", ""),
            ("", "no answer"),
            ("BAD_USER_NAME_OR_PASSWORD", "no answer"),
        ):
            log.report(status(*errors))

    assert [record.getMessage() for record in caplog.records] == [
        "session u is not ready: BAD_USER_NAME_OR_PASSWORD",
        "session b is not ready: no answer",
        "session u is not ready: BAD_USER_NAME_OR_PASSWORD",
    ]


async def test_a_service_that_is_stopped_while_it_catches_up_takes_nothing_from_the_broker() -> None:
    """The consumer began when the last entry was processed, after its own end."""
    pipeline: Any = SimpleNamespace(caught_up=asyncio.Event())
    unused: Any = None
    intake = Intake(unused, pipeline, unused, unused)
    running = asyncio.create_task(intake.run())
    await asyncio.sleep(0)
    await intake.stop()
    pipeline.caught_up.set()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_connection_lost_while_the_disk_is_full_is_an_outage_at_once() -> None:
    """The mark of the change before it waited for the disk, and every device was reported missing."""
    marks, outages = list[tuple[MarkKind, int]](), list[tuple[str, int]]()
    full = True

    async def mark(kind: MarkKind, at: int) -> None:
        if full:
            raise CannotWrite("disk full")
        marks.append((kind, at))

    pipeline: Any = SimpleNamespace(
        set_connected=lambda at: outages.append(("connected", at)),
        set_disconnected=lambda since: outages.append(("disconnected", since)),
    )
    journal: Any = SimpleNamespace(mark=mark)
    monitoring: Any = None
    events = IntakeEvents(pipeline, journal, monitoring)
    writing = asyncio.create_task(events.write_marks())
    events.connection_changed(True, 1)
    await asyncio.sleep(0)
    events.connection_changed(False, 2)
    assert outages == [("connected", 1), ("disconnected", 2)]

    full = False
    async with asyncio.timeout(LONG_TIMEOUT_S):
        while len(marks) < 2:
            await asyncio.sleep(0.01)
    writing.cancel()
    assert marks == [(MarkKind.LINK_UP, 1), (MarkKind.LINK_DOWN, 2)]
