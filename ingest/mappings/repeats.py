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

DETAILS_MAX: Final = 20_000
"""Words; beyond it the oldest is forgotten."""

REPEAT_AFTER_MS: Final = DAY
"""A word that was not said for so long is news again."""


class RepeatFilter:
    """What each device said and when last."""

    def __init__(self, last: Iterable[tuple[str, str, Instant]] = ()) -> None:
        self._last_at: dict[tuple[str, str], Instant] = {(device, detail): at for device, detail, at in last}

    def state(self) -> list[tuple[str, str, Instant]]:
        """What a snapshot keeps: the oldest first."""
        return [(device, detail, at) for (device, detail), at in self._last_at.items()]

    def is_new(self, device: str, detail: str, at: Instant) -> bool:
        """Whether the device did not say so in the day before; from now on it did.

        >>> repeats = RepeatFilter()
        >>> [repeats.is_new("gas-1", "alarm: 'qwx'", at) for at in (0, 60_000, DAY, 3 * DAY)]
        [True, False, False, True]
        """
        key = (device, detail)
        last = self._last_at.pop(key, None)
        self._last_at[key] = at
        if len(self._last_at) > DETAILS_MAX:
            del self._last_at[next(iter(self._last_at))]
        return last is None or at - last > REPEAT_AFTER_MS

    def to_report(self, device: str, objections: Iterable[Objection], at: Instant) -> Iterator[Objection]:
        """What is still to be said: a word said before is refused, and not told again; a field is asked for once."""
        for one in objections:
            if not one.once or self.is_new(device, one.detail, at):
                yield one
            elif one.reason not in (Reason.NO_MAPPING, Reason.BAD_TIME):
                yield Objection(one.reason, one.detail, quantity=one.quantity)


class SelfTestLimiter:
    """Since when each device says that it is under test."""

    __test__ = False

    def __init__(self, began: Mapping[str, Instant] | None = None) -> None:
        self.started_at: dict[str, Instant] = dict(began or {})

    def limit(self, reading: Reading, device: Device | None = None) -> Reading:
        """The reading, without its test flag where that stands too long: what it says is then meant.

        A danger after which nothing more is said is told by the rules (rules/state/self_tests.py).
        """
        if not reading.is_test:
            self.started_at.pop(reading.device, None)
            return reading
        began = self.started_at.setdefault(reading.device, reading.received)
        if reading.received - began <= limit_of(device):
            return reading
        return replace(reading, values={**reading.values, "test": False})
