"""What a device repeats with every message, and a test that never ends. Both need what was said before.

It is no part of a snapshot: after a restart an unread word is told once more, and a test has its whole time again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec.structs import replace

from domain import DAY, MINUTE, Instant, Reading, Reason
from ingest.taking import Objection

KEPT_MAX: Final = 20_000
"""Words; beyond it the oldest is forgotten."""

QUIET: Final = DAY
"""A word that was not said for so long is news again."""

TEST_MAX: Final = 3 * MINUTE
"""A self-test takes seconds to a minute; a flag that stands longer is a state that somebody forgot to take back."""


class News:
    """What each device said and when last."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], Instant] = {}

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
            elif one.reason is not Reason.NO_MAPPING:
                yield Objection(one.reason, one.detail, quantity=one.quantity)


class TestRuns:
    """Since when each device says that it is under test."""

    __test__ = False

    def __init__(self) -> None:
        self._began: dict[str, Instant] = {}

    def limited(self, reading: Reading) -> Reading:
        """The reading, without its test flag where that stands too long: what it says is then meant."""
        if not reading.is_test:
            self._began.pop(reading.device, None)
            return reading
        began = self._began.setdefault(reading.device, reading.received)
        if reading.received - began <= TEST_MAX:
            return reading
        return replace(reading, values={**reading.values, "test": False})
