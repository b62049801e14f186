"""What the log says about the intake's sessions."""

from __future__ import annotations

import logging

import pytest

from app.server.intake import SessionErrorLog
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
