"""The heartbeat to the outside watchdog: sent while a danger could reach a person; no log has its address."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from app.config.watch_settings import WatchdogSettings
from app.server.watchdog import CRITICAL_WAITS_MS, STALLED_MS, Vitals, Watchdog, not_working

WELL = Vitals(is_receiving=True)


class Checker:
    """An external checker: keeps what it was sent, and refuses it when it is told to."""

    def __init__(self) -> None:
        self.received: list[tuple[str, str]] = []
        self.status = 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.received.append((self.path, body.decode()))
                self.send_response(outer.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST = answer  # noqa: N815 - names of http.server

            def log_message(self, *_: object) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/ping/secret"
        Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def checker() -> Iterator[Checker]:
    one = Checker()
    yield one
    one.server.shutdown()
    one.server.server_close()


@pytest.fixture
async def watch() -> AsyncIterator[Callable[..., Watchdog]]:
    opened: list[Watchdog] = []

    def open_watchdog(url: str, style: str = "plain") -> Watchdog:
        opened.append(Watchdog(WatchdogSettings.model_validate({"url": url, "style": style})))
        return opened[-1]

    yield open_watchdog
    for one in opened:
        await one.close()


@pytest.mark.parametrize(
    ("vitals", "broken"),
    [
        (WELL, []),
        (Vitals(False), ["intake: not connected or not subscribed"]),
        (Vitals(True, journal_error="disk full"), ["intake: journal not writable"]),
        (Vitals(True, evaluation_stalled_ms=STALLED_MS), ["evaluation: stalled"]),
        (Vitals(True, critical_waits_ms=CRITICAL_WAITS_MS), ["sending: a critical message waits"]),
        (Vitals(True, stuck=1), ["sending: messages without a sender"]),
        # An account without money refuses each text at once: nothing waits, and nobody is told.
        (Vitals(True, unnotified=1), ["sending: a danger reached nobody"]),
        (Vitals(True, overdue=1), ["escalation: a deadline passed without a step"]),
        (Vitals(True, evaluation_stalled_ms=STALLED_MS - 1, critical_waits_ms=CRITICAL_WAITS_MS - 1), []),
    ],
)
def test_any_part_between_a_device_and_a_person_that_does_not_work_holds_the_heartbeat_back(
    vitals: Vitals, broken: list[str]
) -> None:
    assert not_working(vitals) == broken


async def test_a_plain_watchdog_hears_only_that_all_is_well(checker: Checker, watch: Callable[..., Watchdog]) -> None:
    watchdog = watch(checker.url)
    await watchdog.report([])
    await watchdog.report(["evaluation: stalled"])
    await watchdog.report([])
    assert checker.received == [("/ping/secret", "")] * 2


async def test_a_healthchecks_watchdog_hears_of_the_start_and_at_once_of_what_is_broken(
    checker: Checker, watch: Callable[..., Watchdog]
) -> None:
    watchdog = watch(checker.url + "?create=1", "healthchecks")
    await watchdog.report([])
    await watchdog.report(["evaluation: stalled", "sending: messages without a sender"])
    assert checker.received == [
        ("/ping/secret/start?create=1", ""),
        ("/ping/secret?create=1", ""),
        ("/ping/secret/fail?create=1", "evaluation: stalled\nsending: messages without a sender"),
    ]
    assert watchdog.counts() == {"ok": 1, "fail": 1, "start": 1, "refused": 0}


async def test_a_refused_signal_is_counted_and_its_address_is_not_logged(
    checker: Checker, watch: Callable[..., Watchdog], caplog: pytest.LogCaptureFixture
) -> None:
    checker.status = 503
    watchdog, dead = watch(checker.url), watch("http://127.0.0.1:1/ping/secret")
    mistyped = watch("http://checker:x/ping/secret", "healthchecks")
    with caplog.at_level(logging.DEBUG, "fengshao"):
        await watchdog.report([])
        await dead.report([])
        await watch("").report([])
        await mistyped.report([])
    assert (watchdog.refused, dead.refused, mistyped.refused) == (1, 1, 2)
    assert "HTTPStatusError" in caplog.text
    assert "secret" not in caplog.text
