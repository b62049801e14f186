"""The critical dangers that nobody has acknowledged, or whose owner has not arrived, kept for the time without the
ledger: those that changed are read every few seconds, all of them every minute.

Their escalation is in the ledger: while it takes nothing, no further person would be called.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from typing import Final

from alerts.alert import Alert
from store.database.alerts.audits import unanswered_dangers
from store.database.database import Database
from store.database.sql import MAX_IN_LIST
from store.errors import LedgerUnread

log = logging.getLogger("fengshao.unanswered_dangers")

POLL_S: Final = 2.0
READ_ALL_EVERY: Final = 30
"""Polls from one reading of all to the next, for what changed without a word of it. With 700 open dangers all of them
at each poll took a fifteenth of the interpreter's time."""


class UnansweredDangers:
    """Call `run` in a task. What was read last stays when the ledger cannot be read."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._found: dict[int, tuple[Alert, frozenset[str]]] = {}
        self._changed, self._all_due = set[int](), True

    def __call__(self) -> Sequence[tuple[Alert, frozenset[str]]]:
        """Each alert with its owner and the people who were called about it in its present round."""
        return [self._found[alert] for alert in sorted(self._found)]

    def alert_changed(self, alert: str) -> None:
        """To be read again by the next poll."""
        self._changed.add(int(alert))

    async def run(self) -> None:
        """Read every POLL_S, until cancelled."""
        while True:
            for poll in range(READ_ALL_EVERY):
                self._all_due |= not poll
                await self.read()
                await asyncio.sleep(POLL_S)

    async def read(self) -> None:
        """Read what changed since the last time, or all where that is due: at first, and until it has succeeded. A
        ledger that does not answer is reported elsewhere."""
        changed, self._changed = self._changed, set()
        among = None if self._all_due or len(changed) > MAX_IN_LIST else sorted(changed)
        if among == []:
            return
        try:
            read = await self._database.read(partial(unanswered_dangers, among=among))
        except LedgerUnread as error:
            self._changed |= changed
            log.debug("kept as read before: %s", error)
            return
        self._all_due = self._all_due and among is not None
        kept = {} if among is None else {alert: one for alert, one in self._found.items() if alert not in changed}
        self._found = kept | {alert.id: (alert, called) for alert, called in read}
