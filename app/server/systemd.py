"""Messages to systemd: ready, stopping, and the watchdog's keep-alive (sd_notify(3)).

The protocol is one datagram to the socket that NOTIFY_SOCKET names; without that variable nothing is sent.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Mapping, MutableMapping
from typing import Final

log = logging.getLogger("fengshao.systemd")
SOCKET_VARIABLE: Final = "NOTIFY_SOCKET"
WATCHDOG_VARIABLE: Final = "WATCHDOG_USEC"
PID_VARIABLE: Final = "WATCHDOG_PID"
PINGS_PER_PERIOD: Final = 3
"""sd_watchdog_enabled(3) recommends half the period; a third leaves room for one ping that comes late."""


def take_environment(environ: MutableMapping[str, str]) -> dict[str, str]:
    """systemd's variables, removed from the environment: a child that is a service itself would answer to them."""
    return {name: environ.pop(name) for name in (SOCKET_VARIABLE, WATCHDOG_VARIABLE, PID_VARIABLE) if name in environ}


def notify(state: str, environ: Mapping[str, str]) -> bool:
    """Send a state such as `READY=1`; False without systemd, and where it does not take the message.

    It takes none for a moment while it is executed again for an update. That stops no service, nor does it hold one up.
    """
    path = environ.get(SOCKET_VARIABLE, "")
    if not path:
        return False
    # A name that begins with @ is in Linux's abstract namespace, whose names begin with a zero byte.
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as to_systemd:
        to_systemd.setblocking(False)
        try:
            to_systemd.sendto(state.encode(), f"\0{path[1:]}" if path.startswith("@") else path)
        except OSError as error:
            log.warning("systemd did not take %s: %s", state.partition("=")[0], error)
            return False
    return True


def watchdog_period_s(environ: Mapping[str, str]) -> float | None:
    """How often systemd expects a keep-alive from this process; None when it expects none."""
    usec, pid = environ.get(WATCHDOG_VARIABLE, ""), environ.get(PID_VARIABLE, "")
    is_ours = not pid or pid == str(os.getpid())
    return int(usec) / 1_000_000 if usec.isdigit() and int(usec) and is_ours else None


async def keep_alive(stalled: Callable[[], str], environ: Mapping[str, str]) -> None:
    """Send the keep-alive until cancelled, from the event loop: one that hangs sends none, and systemd restarts us.

    While `stalled` says why evaluation does not go on, none is sent either. What a restart cannot mend, such as a
    broker that is away or a full disk, is no reason to hold it back.
    """
    period_s = watchdog_period_s(environ)
    while period_s is not None:
        reason = stalled()
        if reason:
            log.error("no keep-alive to systemd: %s", reason)
        else:
            notify("WATCHDOG=1", environ)
        await asyncio.sleep(period_s / PINGS_PER_PERIOD)
