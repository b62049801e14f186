"""Objections that a device repeats with every message, and self-tests that never end.

Both are part of a snapshot: after a restart nothing is reported a second time, and no test gets its full time again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from domain import DAY, Device, Instant, Reading, RefusalReason
from domain.self_tests import limit_of
from ingest.mappings.field_values import Objection

DETAILS_MAX: Final = 20_000
"""Details of all devices; beyond it the oldest is removed."""

REPEAT_AFTER_MS: Final = DAY
"""A detail that did not occur for so long is new again."""


class RepeatFilter:
    """When each detail last occurred on each device."""

    def __init__(self, state: Iterable[tuple[str, str, Instant]] = ()) -> None:
        self._last_at: dict[tuple[str, str], Instant] = {(device, detail): at for device, detail, at in state}

    def state(self) -> list[tuple[str, str, Instant]]:
        """All details for a snapshot, the oldest first."""
        return [(device, detail, at) for (device, detail), at in self._last_at.items()]

    def is_new(self, device: str, detail: str, at: Instant) -> bool:
        """Whether the detail did not occur within REPEAT_AFTER_MS; its time is stored.

        >>> repeats = RepeatFilter()
        >>> [repeats.is_new("gas-1", "alarm: 'qwx'", at) for at in (0, 60_000, DAY, 3 * DAY)]
        [True, False, False, True]
        """
        key = (device, detail)
        last_at = self._last_at.pop(key, None)
        self._last_at[key] = at
        if len(self._last_at) > DETAILS_MAX:
            del self._last_at[next(iter(self._last_at))]
        return last_at is None or at - last_at > REPEAT_AFTER_MS

    def to_report(self, device: str, objections: Iterable[Objection], at: Instant) -> Iterator[Objection]:
        """New objections, and repeated ones without their danger; a missing mapping or a wrong time only when new."""
        for objection in objections:
            if not objection.once or self.is_new(device, objection.detail, at):
                yield objection
            elif objection.reason not in (RefusalReason.NO_MAPPING, RefusalReason.BAD_TIME):
                yield Objection(objection.reason, objection.detail, quantity=objection.quantity)


class SelfTestLimiter:
    """Since when each device reports that it is under test."""

    __test__ = False

    def __init__(self, started_at: Mapping[str, Instant] | None = None) -> None:
        self.started_at: dict[str, Instant] = dict(started_at or {})

    def limit(self, reading: Reading, device: Device | None = None) -> Reading:
        """The reading, with `test` false once the test lasts longer than the limit: its values then count.

        When a device under test sends nothing more after a danger, the rules end the test (rules/state/self_tests.py).
        """
        if not reading.is_test:
            self.end(reading.device)
            return reading
        started_at = self.started_at.setdefault(reading.device, reading.received)
        if reading.received - started_at <= limit_of(device):
            return reading
        return replace(reading, values={**reading.values, "test": False})

    def end(self, device: str) -> None:
        """The device is not under test."""
        self.started_at.pop(device, None)
