"""A flush writes what was appended before it, and no more: readings of a steady load never stop."""

from __future__ import annotations

from typing import Any

from domain import Lane, Reading
from store.history.buffered import BufferedHistory


class BusyHistory(BufferedHistory):
    """While it writes one entry the next one is appended."""

    written = 0

    def append_next(self) -> None:
        self.written += 1
        self.append(
            Lane.BULK, self.written, [Reading("gas-1", "gas_alarm", self.written, self.written, {"lel_pct": 1})]
        )

    def _flush_batch(self) -> None:
        batches = self._buffer.front(1)
        self.append_next()
        self._buffer.drop(batches)

    def _disconnect(self) -> None: ...

    series = rollups = latest = sorted_replay = first_received = export = snapshot = roll_up = delete_expired = None


async def test_a_flush_ends_while_readings_go_on_arriving() -> None:
    history: Any = BusyHistory()
    history.append_next()
    history.append_next()
    await history.flush()
    assert (history.written, history.pending) == (4, 2)
    history._flush_blocking()
    assert (history.written, history.pending) == (6, 2)
