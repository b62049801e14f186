"""Start and stop of the intake, and what the log says about its sessions."""

from __future__ import annotations

import asyncio
import logging
from types import SimpleNamespace
from typing import Any

import pytest

from app.server.intake import Intake, SessionErrorLog
from ingest.mqtt.consumer import ConsumerStatus, SessionStatus
from ingest.mqtt.session import NOT_CONNECTED


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
