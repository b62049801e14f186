"""What systemd hears from the service, on a real datagram socket."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.server.systemd import keep_alive, notify, take_environment, watchdog_period_s


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """systemd's side of NOTIFY_SOCKET."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as opened:
        opened.bind(str(tmp_path / "notify"))
        opened.settimeout(30)
        yield opened


def test_ready_is_told_to_systemd_and_to_nothing_else(manager: socket.socket) -> None:
    assert notify("READY=1", {"NOTIFY_SOCKET": manager.getsockname()})
    assert manager.recv(100) == b"READY=1"
    assert not notify("READY=1", {})


def test_a_systemd_that_takes_no_message_neither_stops_nor_holds_up_the_service(
    manager: socket.socket, tmp_path: Path
) -> None:
    """While it is executed again for an update nobody is at the socket: the service stopped then, at night."""
    assert not notify("WATCHDOG=1", {"NOTIFY_SOCKET": str(tmp_path / "nobody")})
    taken = [notify("WATCHDOG=1", {"NOTIFY_SOCKET": manager.getsockname()}) for _ in range(5_000)]
    assert (taken[0], taken[-1]) == (True, False), "a full queue"


def test_children_do_not_inherit_the_socket_and_do_not_report_in_our_name() -> None:
    environ = {"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "1", "WATCHDOG_PID": "2", "LANG": "C.UTF-8"}
    assert take_environment(environ) == {"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "1", "WATCHDOG_PID": "2"}
    assert environ == {"LANG": "C.UTF-8"}
    assert take_environment(environ) == {}


def test_a_name_in_the_abstract_namespace_is_reached() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0fengshao-test-{os.getpid()}")
        manager.settimeout(30)
        assert notify("STOPPING=1", {"NOTIFY_SOCKET": f"@fengshao-test-{os.getpid()}"})
        assert manager.recv(100) == b"STOPPING=1"


def test_the_watchdog_of_another_process_is_not_ours() -> None:
    assert watchdog_period_s({"WATCHDOG_USEC": "60000000"}) == 60
    assert watchdog_period_s({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}) == 60
    assert watchdog_period_s({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}) is None
    assert watchdog_period_s({}) is watchdog_period_s({"WATCHDOG_USEC": "soon"}) is None


async def test_the_keep_alive_stops_while_evaluation_is_stalled(manager: socket.socket) -> None:
    environ = {"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "3000"}
    asked, reasons = asyncio.Event(), ["", "evaluation has taken nothing for 60 s", ""]

    def stalled() -> str:
        if not reasons:
            asked.set()
            return "the test is over"
        return reasons.pop(0)

    task = asyncio.create_task(keep_alive(stalled, environ))
    async with asyncio.timeout(30):
        await asked.wait()
    task.cancel()
    manager.setblocking(False)
    assert [manager.recv(100), manager.recv(100)] == [b"WATCHDOG=1"] * 2
    with pytest.raises(BlockingIOError):
        manager.recv(100)
    await keep_alive(stalled, {})
