"""Which fields of which safety devices nobody understood, and since when: told once, and over when they are understood.

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
"""Fields; beyond it the oldest is forgotten."""

REPEAT_AFTER_MS: Final = DAY
"""A field that is still said and not understood so long after it was told is told again."""


class OpenVerdict(Struct, frozen=True, array_like=True):
    """One field as it is remembered; `begin` is when it was told."""

    device: str
    platform: str
    field: str
    value: ShownValue
    line: str
    begin: Instant

    @property
    def verdict(self) -> UnreadVerdict:
        return UnreadVerdict(self.field, self.value, self.line)


IsUnderstood = Callable[[str, ShownValue], bool]
"""Whether this value of this field is understood now."""


class UnreadVerdicts:
    """The memory of them, by device."""

    def __init__(self, kept: Iterable[OpenVerdict] = ()) -> None:
        self._by_device: dict[str, dict[tuple[str, str], OpenVerdict]] = {}
        self._count = 0
        for one in kept:
            self._add(one)

    def __contains__(self, device: str) -> bool:
        return device in self._by_device

    def state(self) -> list[OpenVerdict]:
        """What a snapshot keeps."""
        return [one for fields in self._by_device.values() for one in fields.values()]

    def _add(self, one: OpenVerdict) -> None:
        fields = self._by_device.setdefault(one.device, {})
        self._count += (one.platform, one.field) not in fields
        fields[one.platform, one.field] = one
        if self._count > FIELDS_MAX:
            oldest = next(iter(self._by_device))
            self._remove(next(iter(self._by_device[oldest].values())))

    def _remove(self, one: OpenVerdict) -> None:
        fields = self._by_device[one.device]
        del fields[one.platform, one.field]
        self._count -= 1
        if not fields:
            del self._by_device[one.device]

    def report(
        self, device: Device, platform: str, verdicts: Iterable[UnreadVerdict], at: Instant
    ) -> Iterator[UnreadVerdictEvent]:
        """Fields of a message that were not understood: those that nobody was told of in the day before."""
        for verdict in verdicts:
            before = self._by_device.get(device.id, {}).get((platform, verdict.field))
            if before is not None and at - before.begin <= REPEAT_AFTER_MS:
                continue
            self._add(OpenVerdict(device.id, platform, verdict.field, verdict.value, verdict.line, at))
            yield UnreadVerdictEvent(device, platform, verdict, at, at)
            if before is not None:
                yield UnreadVerdictEvent(device, platform, before.verdict, before.begin, at, is_over=True)

    def end_understood(
        self, device: Device, platform: str, understands: IsUnderstood, at: Instant
    ) -> Iterator[UnreadVerdictEvent]:
        """What was told of this device and is understood now."""
        for one in list(self._by_device.get(device.id, {}).values()):
            if one.platform == platform and understands(one.field, one.value):
                self._remove(one)
                yield UnreadVerdictEvent(device, platform, one.verdict, one.begin, at, is_over=True)

    def end_removed(self, devices: Iterable[str], at: Instant) -> Iterator[UnreadVerdictEvent]:
        """Devices that are registered no more: nobody need understand them."""
        for device in devices:
            for one in list(self._by_device.get(device, {}).values()):
                self._remove(one)
                yield UnreadVerdictEvent(Device(device, ""), one.platform, one.verdict, one.begin, at, is_over=True)
