"""Which records a server surely has that saves to disk some seconds after it accepted them. Pure.

The server is asked for the time of its start at intervals. A record is confirmed by an answer that comes long enough
after it was sent and names the same start as the answer before it was sent. Another start: everything since the last
confirmed record is sent again.
"""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import Final

from store.history.remote.spool import SpooledRecord

STORED_AFTER_S: Final = 15.0
"""VictoriaMetrics saves to disk every 5 s by default; twice that, and some time for a slow disk."""


class Verdict(Enum):
    """What an answer of the server means."""

    SAME = "same"
    RESTARTED = "restarted"


class Confirmation:
    """Records that were sent and may still be lost."""

    def __init__(self, stored_after_s: float = STORED_AFTER_S) -> None:
        self._stored_after_s = stored_after_s
        self._started: str | None = None
        self._is_contact_lost = False
        self._sent: deque[tuple[float, SpooledRecord]] = deque()

    @property
    def is_known(self) -> bool:
        """Whether the server was asked: nothing may be sent before."""
        return self._started is not None

    @property
    def waiting(self) -> int:
        """Records that are sent and not confirmed."""
        return len(self._sent)

    def sent(self, record: SpooledRecord, now_s: float) -> None:
        """A record was accepted."""
        self._sent.append((now_s, record))

    def contact_lost(self) -> None:
        """A connection was refused or broken: perhaps a restart, within the second of the time of its start."""
        self._is_contact_lost = True

    def answered(self, started: str) -> Verdict:
        """The server named the time of its start. After a restart nothing that waits is confirmed any more."""
        known, self._started = self._started, started
        is_doubtful, self._is_contact_lost = self._is_contact_lost and bool(self._sent), False
        if known is None or (known == started and not is_doubtful):
            return Verdict.SAME
        self._sent.clear()
        return Verdict.RESTARTED

    def confirmed(self, now_s: float) -> list[SpooledRecord]:
        """The records that are surely stored, by the answer that has just come. They no longer wait."""
        done = []
        while self._sent and now_s - self._sent[0][0] >= self._stored_after_s:
            done.append(self._sent.popleft()[1])
        return done
