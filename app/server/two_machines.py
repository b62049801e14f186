"""Active and standby on one ledger: waits until this machine may lead, takes the journal over, keeps the lease."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, closing, contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from app.config.settings import LedgerSettings
from app.datadir.credentials import share_signing_key
from app.datadir.ledger_address import ledger_url, printable
from app.datadir.stores import JOURNAL_FILE, open_database
from app.errors import UserError
from app.server.versions import installed_version
from domain import Instant
from store.database.journal_copies import list_entries
from store.database.leadership import Leadership, Lease
from store.journal import MarkKind, SqliteJournal

log = logging.getLogger("fengshao.two_machines")

POLL_S: Final = 0.5
RENEW_S: Final = 1.0


ALONE_AFTER_S: Final = 60.0
"""Much longer than a takeover, with the start of a service on a busy machine."""


class AloneOnLedger:
    """Called: whether no other machine can be active, or about to be.

    Where one is known and the ledger answers no more, the broker tells: a machine that took over has taken the session,
    so that one which still has it after ALONE_AFTER_S shares the loss of the ledger with the other.
    """

    def __init__(self, leadership: Leadership | None) -> None:
        self._leadership = leadership
        self.holds_session: Callable[[], bool] = lambda: False

    def __call__(self) -> bool:
        lead = self._leadership
        if lead is None:
            return True
        if lead.token is None:
            return False
        return not lead.has_standby or (lead.silent_s > ALONE_AFTER_S and self.holds_session())


class LeadershipLost(UserError):
    """Another machine has become active: this process ends, and its next start is a standby."""


async def become_active(
    leadership: Leadership,
    data: Path,
    ledger: LedgerSettings,
    clock: Callable[[], Instant],
    stop: asyncio.Event,
    serve_standby: Callable[[], AbstractAsyncContextManager[None]],
    alive: Callable[[], object] = lambda: None,
) -> Lease | None:
    """Returns once this machine is active and has taken over what it needs; serves the page of a standby meanwhile.

    None when `stop` was set before.
    """
    lease = await asyncio.to_thread(leadership.try_lead)
    if lease is None:
        async with serve_standby():
            lease = await wait_to_lead(leadership, stop, alive)
    if lease is not None:
        with renewing(leadership):
            await take_over(data, ledger, lease, clock())
    return lease


async def wait_to_lead(leadership: Leadership, stop: asyncio.Event, alive: Callable[[], object]) -> Lease | None:
    """Returns once this machine is active; None when `stop` was set before. Calls `alive` again and again."""
    announced = False
    while not stop.is_set():
        alive()
        try:
            lease = await asyncio.to_thread(leadership.try_lead)
        except DBAPIError as error:
            log.error("the ledger does not answer, trying again: %s", error.orig)
            lease = None
        if lease is not None:
            log.warning("this machine is active", extra={"token": lease.token})
            return lease
        if not announced:
            log.warning("another machine is active: this one is standby")
            announced = True
        try:
            async with asyncio.timeout(POLL_S):
                await stop.wait()
        except TimeoutError:
            continue
    return None


@contextmanager
def renewing(leadership: Leadership | None) -> Iterator[None]:
    """Renews the lease from a thread meanwhile: a district is loaded for a minute, in which the event loop does not
    run, and a lease that is not renewed for six seconds goes to the standby, which would lose it in the same way.

    Whether another machine has become active all the same is found by `keep_leading`; no other renewal may run.
    """
    if leadership is None:
        yield
        return
    ended = threading.Event()
    thread = threading.Thread(target=_renew_until, args=(leadership, ended), name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _renew_until(leadership: Leadership, ended: threading.Event) -> None:
    while not ended.wait(RENEW_S):
        try:
            if not leadership.renew():
                return
        except DBAPIError as error:
            log.error("the lease was not renewed: %s", error.orig)


async def keep_leading(leadership: Leadership, may_go_on: Callable[[], bool]) -> None:
    """Renew the lease until cancelled. Raises LeadershipLost.

    While the server does not answer, this machine goes on (app/datadir/copied_journal.py says how far), as long as it
    `may_go_on`: only where the lease has run out and the broker's session is gone as well another machine has taken
    both. A server that keeps the connection open and answers nothing is no different, so that is asked while a renewal
    waits.
    """
    while True:
        renewed = asyncio.create_task(asyncio.to_thread(leadership.renew))
        while not renewed.done():
            _stop_unless(may_go_on)
            await asyncio.wait({renewed}, timeout=RENEW_S)
        try:
            if not await renewed:
                raise LeadershipLost("another machine has become active: this one stops")
        except DBAPIError as error:
            log.error("the lease was not renewed: %s", error.orig)
            _stop_unless(may_go_on)
        await asyncio.sleep(RENEW_S)


def _stop_unless(may_go_on: Callable[[], bool]) -> None:
    if not may_go_on():
        raise LeadershipLost("neither ledger nor broker is reached: another machine may be active")


def may_connect(leadership: Leadership) -> bool:
    """Whether this machine may take the session of the broker: another one that has become active keeps it."""
    return leadership.is_valid() or not leadership.has_standby


async def take_over(data: Path, ledger: LedgerSettings, lease: Lease, now: Instant) -> None:
    """Make DIR what the other machine's was: its journal after the last checkpoint, its last sign of life, its keys."""
    with closing(open_database(data, ledger)) as database:
        database.fence(lease.token)
        entries = await database.read(list_entries)
        await share_signing_key(data, database, now)
    with closing(SqliteJournal(data / JOURNAL_FILE)) as journal:
        await journal.adopt(entries)
        if lease.previous_renewed_at:
            await journal.mark(MarkKind.ALIVE, lease.previous_renewed_at)
    log.warning("journal taken over", extra={"entries": len(entries)})


def leadership_of(data: Path, ledger: LedgerSettings, address: str) -> Leadership | None:
    """This machine's part, with a ledger on a server; None for a ledger in a file."""
    url: URL = ledger_url(data, ledger)
    if url.get_backend_name() != "postgresql":
        return None
    open_database(data, ledger).close()
    log.info("ledger %s", printable(url))
    return Leadership(url, socket.gethostname(), address, installed_version())
