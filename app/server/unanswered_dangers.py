"""The critical dangers that nobody has acknowledged, or whose owner has not arrived, read every few seconds and kept
for the time without the ledger.

Their escalation is in the ledger: while it takes nothing, no further person would be called.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from alerts.alert import Alert
from store.database.alerts.audits import unanswered_dangers
from store.database.database import Database
from store.errors import LedgerUnread

log = logging.getLogger("fengshao.unanswered_dangers")

POLL_S: Final = 2.0


class UnansweredDangers:
    """Call `run` in a task. What was read last stays when the ledger cannot be read."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._found: Sequence[tuple[Alert, frozenset[str]]] = ()

    def __call__(self) -> Sequence[tuple[Alert, frozenset[str]]]:
        """Each alert with its owner and the people who were called about it in its present round."""
        return self._found

    async def run(self) -> None:
        """Read every POLL_S, until cancelled."""
        while True:
            await self.read()
            await asyncio.sleep(POLL_S)

    async def read(self) -> None:
        """Read once; a ledger that does not answer is reported elsewhere."""
        try:
            self._found = await self._database.read(unanswered_dangers)
        except LedgerUnread as error:
            log.debug("kept as read before: %s", error)
