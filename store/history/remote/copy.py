"""A history server as the target or source of a copied history (store.history.transfer): written and read at once,
without a spool. What the server accepts is compared by reading it, so nothing has to be confirmed here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final

from domain import DAY, Instant, Reading
from store.errors import CannotWrite
from store.history.remote import samples
from store.history.remote.answers import Accepted, Account, NotAdmitted, Refused
from store.history.remote.compression import compress
from store.history.remote.delivery import Delivery
from store.history.remote.targets import Target, TargetServer
from store.refused_values import RefusedValue

FIRST_DAY: Final[Instant] = 1_420_070_400_000
"""2015: nothing that we read is older."""
DAYS_MAX: Final = 1 << 13
"""Days after it that are looked at, in halves: until 2037."""
ATTEMPTS: Final = 60
PAUSE_MAX_S: Final = 10.0
READ_S: Final = 120.0


class ServerCopy:
    """See HistoryCopy. `boolean_quantities`: as for a history on this server."""

    def __init__(
        self,
        url: str,
        target: Target,
        token: str,
        account: Account,
        pause: Callable[[float], object],
        boolean_quantities: Collection[str] = (),
    ) -> None:
        self._pause = pause
        self._target = TargetServer(target, url, token, account, boolean_quantities)
        self._server, self._reader = self._target.writer(READ_S), self._target.reader(READ_S)

    def days(self) -> list[Instant]:
        """See HistoryCopy.days. Raises CannotRead."""
        return list(self._days(FIRST_DAY, DAYS_MAX))

    def _days(self, first: Instant, count: int) -> Iterator[Instant]:
        """An empty period is asked for once, whatever its length."""
        if not self._reader.has_samples(first, first + count * DAY):
            return
        if count == 1:
            yield first
            return
        half = count // 2
        yield from self._days(first, half)
        yield from self._days(first + half * DAY, count - half)

    def readings(self, start: Instant, end: Instant) -> list[Reading]:
        """See HistoryCopy.readings. Raises CannotRead."""
        return list(samples.readings(self._reader.samples(start, end, None, None)))

    def write_day(self, day: Instant, parts: Iterator[Sequence[Reading]]) -> list[RefusedValue]:
        """See HistoryCopy.write_day: equal points count once on a server. Raises CannotWrite."""
        del day
        refused: list[RefusedValue] = []
        for part in parts:
            for first in range(0, len(part), self._target.readings_per_write):
                refused += self._write(part[first : first + self._target.readings_per_write])
        self._server.settle()
        return refused

    def life(self) -> str:
        """What changes when VictoriaMetrics restarts; empty for another server, and for one that hides it."""
        life = self._server.life() if self._target.confirms else None
        return life.started if life is not None else ""

    def close(self) -> None:
        """Close the connections."""
        self._server.close()
        self._reader.close()

    def _write(self, readings: Sequence[Reading]) -> list[RefusedValue]:
        delivery = Delivery(compress("\n".join(self._target.lines(readings))))
        failures = 0
        while (body := delivery.next()) is not None:
            answer = self._server.write(body)
            if isinstance(answer, Accepted | Refused):
                delivery.answered(answer)
                failures = 0
                continue
            failures += 1
            if isinstance(answer, NotAdmitted) or failures > ATTEMPTS:
                raise CannotWrite(answer.sentence)
            delivery.failed(answer)
            self._pause(min(answer.after_s or 0.5 * 2 ** min(failures, 8), PAUSE_MAX_S))
        return delivery.refused
