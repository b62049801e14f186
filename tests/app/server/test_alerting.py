"""Callbacks of providers, links of workers, and errors of the alert desk."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from alerts.channels.channel import CallbackResponse, InboundText
from app.server.alerting import Alerting, CallbackHandler, WorkerLinks
from console.security.auth import Sessions
from domain import Instant

NOW: Instant = 1_795_269_600_000


class ChannelWith:
    """A channel that finds these events in every callback."""

    def __init__(self, *events: Any) -> None:
        self.events = events

    def receive(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes, now: Instant) -> Any:
        return CallbackResponse(200, b"OK", events=tuple(self.events))


async def test_a_callback_is_answered_once_its_content_is_committed() -> None:
    text = InboundText("19900000001", "11", NOW)
    committed: list[Any] = []

    async def receive(events: Any, channel: str) -> list[Any]:
        committed.append((channel, list(events)))
        return []

    desk: Any = SimpleNamespace(receive=receive)
    channel: Any = ChannelWith(text)
    reply = await CallbackHandler(desk, "sms", channel, lambda: NOW)({}, {}, b"")
    assert committed == [("sms", [text])]
    assert (reply.status, reply.body) == (200, b"OK")

    committed.clear()
    channel = ChannelWith()
    await CallbackHandler(desk, "sms", channel, lambda: NOW)({}, {}, b"")
    assert committed == []


def test_a_link_is_signed_for_one_worker_and_alert_and_missing_without_a_public_address() -> None:
    link = WorkerLinks("https://grid.example/", "key")(7, "li", NOW)
    assert link.startswith("https://grid.example/m/")
    principal = Sessions(b"key").principal_of_link(link.rpartition("/")[2], NOW)
    assert principal is not None
    assert WorkerLinks("", "key")(7, "li", NOW) == ""


def test_an_error_of_ours_about_one_alert_is_counted_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    alerting: Any = SimpleNamespace(errors=0)
    with caplog.at_level(logging.ERROR):
        Alerting._log_error(alerting, "alert 7", ZeroDivisionError("a bug"))
    assert alerting.errors == 1
    (record,) = caplog.records
    assert (record.getMessage(), vars(record)["about"]) == ("alert desk failed", "alert 7")
