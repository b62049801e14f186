"""What a device repeats with every message, and a test that never ends. Both need what was said before.

Both are part of a snapshot: a restart tells no word a second time and gives no test its whole time again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from domain import DAY, Device, Instant, Reading, Reason
from domain.self_tests import limit_of
from ingest.mappings.field_values import Objection

KEPT_MAX: Final = 20_000
"""Words; beyond it the oldest is forgotten."""

QUIET: Final = DAY
"""A word that was not said for so long is news again."""


class News:
    """What each device said and when last."""

    def __init__(self, last: Iterable[tuple[str, str, Instant]] = ()) -> None:
        self._last: dict[tuple[str, str], Instant] = {(device, detail): at for device, detail, at in last}

    def saved(self) -> list[tuple[str, str, Instant]]:
        """What a snapshot keeps: the oldest first."""
        return [(device, detail, at) for (device, detail), at in self._last.items()]

    def is_news(self, device: str, detail: str, at: Instant) -> bool:
        """Whether the device did not say so in the day before; from now on it did.

        >>> news = News()
        >>> [news.is_news("gas-1", "alarm: 'qwx'", at) for at in (0, 60_000, QUIET, 3 * QUIET)]
        [True, False, False, True]
        """
        key = (device, detail)
        last = self._last.pop(key, None)
        self._last[key] = at
        if len(self._last) > KEPT_MAX:
            del self._last[next(iter(self._last))]
        return last is None or at - last > QUIET

    def to_say(self, device: str, objections: Iterable[Objection], at: Instant) -> Iterator[Objection]:
        """What is still to be said: a word said before is refused, and not told again; a field is asked for once."""
        for one in objections:
            if not one.once or self.is_news(device, one.detail, at):
                yield one
            elif one.reason not in (Reason.NO_MAPPING, Reason.BAD_TIME):
                yield Objection(one.reason, one.detail, quantity=one.quantity)


class TestRuns:
    """Since when each device says that it is under test."""

    __test__ = False

    def __init__(self, began: Mapping[str, Instant] | None = None) -> None:
        self.began: dict[str, Instant] = dict(began or {})

    def limited(self, reading: Reading, device: Device | None = None) -> Reading:
        """The reading, without its test flag where that stands too long: what it says is then meant.

        A danger after which nothing more is said is told by the rules (rules/state/self_tests.py).
        """
        if not reading.is_test:
            self.began.pop(reading.device, None)
            return reading
        began = self.began.setdefault(reading.device, reading.received)
        if reading.received - began <= limit_of(device):
            return reading
        return replace(reading, values={**reading.values, "test": False})
