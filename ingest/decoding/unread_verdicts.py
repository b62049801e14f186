"""Verdicts of safety devices that are not understood, and since when: reported once, and ended once understood.

Part of the snapshot, so that a restart reports nothing a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from msgspec import Struct

from domain import DAY, Device, Instant
from ingest.mappings.proposal import ShownValue, UnreadVerdict
from ingest.results import UnreadVerdictEvent

FIELDS_MAX: Final = 20_000
"""Fields of all devices; beyond it the oldest is removed."""

REPEAT_AFTER_MS: Final = DAY
"""A field that is still not understood so long after it was reported is reported again."""


class OpenVerdict(Struct, frozen=True, array_like=True):
    """One field that is not understood; `begin` is when it was reported."""

    device: str
    platform: str
    field: str
    value: ShownValue
    line: str
    begin: Instant

    @property
    def verdict(self) -> UnreadVerdict:
        return UnreadVerdict(self.field, self.value, self.line)

    def ended(self, device: Device, at: Instant) -> UnreadVerdictEvent:
        return UnreadVerdictEvent(device, self.platform, self.verdict, self.begin, at, is_over=True)


IsUnderstood = Callable[[str, ShownValue], bool]
"""Whether this value of this field is understood now."""


class UnreadVerdicts:
    """Open verdicts by device, platform and field."""

    def __init__(self, open_verdicts: Iterable[OpenVerdict] = ()) -> None:
        self._by_device: dict[str, dict[tuple[str, str], OpenVerdict]] = {}
        self._count = 0
        for verdict in open_verdicts:
            self._add(verdict)

    def __contains__(self, device: str) -> bool:
        return device in self._by_device

    def state(self) -> list[OpenVerdict]:
        """All open verdicts, for a snapshot."""
        return [verdict for verdicts in self._by_device.values() for verdict in verdicts.values()]

    def _add(self, verdict: OpenVerdict) -> None:
        verdicts = self._by_device.setdefault(verdict.device, {})
        self._count += (verdict.platform, verdict.field) not in verdicts
        verdicts[verdict.platform, verdict.field] = verdict
        if self._count > FIELDS_MAX:
            oldest = next(iter(self._by_device))
            self._remove(next(iter(self._by_device[oldest].values())))

    def _remove(self, verdict: OpenVerdict) -> None:
        verdicts = self._by_device[verdict.device]
        del verdicts[verdict.platform, verdict.field]
        self._count -= 1
        if not verdicts:
            del self._by_device[verdict.device]

    def _of(self, device: str) -> list[OpenVerdict]:
        return list(self._by_device.get(device, {}).values())

    def report(
        self, device: Device, platform: str, verdicts: Iterable[UnreadVerdict], at: Instant
    ) -> Iterator[UnreadVerdictEvent]:
        """Begin the verdicts of a message that were not reported within REPEAT_AFTER_MS."""
        for verdict in verdicts:
            earlier = self._by_device.get(device.id, {}).get((platform, verdict.field))
            if earlier is not None and at - earlier.begin <= REPEAT_AFTER_MS:
                continue
            self._add(OpenVerdict(device.id, platform, verdict.field, verdict.value, verdict.line, at))
            yield UnreadVerdictEvent(device, platform, verdict, at, at)
            if earlier is not None:
                yield earlier.ended(device, at)

    def end_understood(
        self, device: Device, platform: str, is_understood: IsUnderstood, at: Instant
    ) -> Iterator[UnreadVerdictEvent]:
        """End the verdicts of this device that are understood now."""
        for verdict in self._of(device.id):
            if verdict.platform == platform and is_understood(verdict.field, verdict.value):
                self._remove(verdict)
                yield verdict.ended(device, at)

    def end_removed(self, devices: Iterable[str], at: Instant) -> Iterator[UnreadVerdictEvent]:
        """End the verdicts of devices that are not registered any more."""
        for device in devices:
            for verdict in self._of(device):
                self._remove(verdict)
                yield verdict.ended(Device(device, ""), at)
