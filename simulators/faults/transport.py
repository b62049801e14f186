"""Faults of single messages on their way: twice, late, out of order, lost, garbled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from domain import SECOND, Instant
from simulators.faults.draws import draws
from simulators.faults.fault import DeviceFacts, Effect
from simulators.wire import Message, Sent


class _SomeMessages:
    """Acts on a share of messages, each drawn by itself, at any time."""

    def __init__(self, name: str, seed: int, share: float) -> None:
        self._name, self._key, self._share = name, f"{seed}/{name}", share

    def effects(self, device: DeviceFacts, start: Instant, end: Instant) -> Iterator[Effect]:
        """All the time: a message of the time may have been chosen."""
        if self._share > 0:
            yield Effect(self._name, device.id, start, end)

    def _draws(self, sent: Sent) -> tuple[float, float, float] | None:
        """Two numbers of this message beside the one by which it was chosen; None when it was not."""
        topic = sent.message.topic if isinstance(sent.message, Message) else sent.message.platform
        numbers = draws(3, self._key, sent.device, sent.sent_at, topic)
        return (numbers[0], numbers[1], numbers[2]) if numbers[0] < self._share else None


class Duplicate(_SomeMessages):
    """A message arrives again within `within_s`, with equal bytes."""

    def __init__(self, seed: int, share: float, within_s: float) -> None:
        super().__init__("duplicate", seed, share)
        self._within_ms = within_s * SECOND

    def transmit(self, _device: DeviceFacts, sent: Sent) -> Iterable[Sent]:
        if (numbers := self._draws(sent)) is None:
            return (sent,)
        again = msgspec.structs.replace(sent, arrives_at=sent.arrives_at + int(numbers[1] * self._within_ms))
        return (sent, again)


class Late(_SomeMessages):
    """A message arrives later by up to `most_s`, an urgent one by up to `urgent_most_s`."""

    def __init__(self, seed: int, share: float, most_s: float, urgent_most_s: float) -> None:
        super().__init__("late", seed, share)
        self._most_ms, self._urgent_most_ms = most_s * SECOND, urgent_most_s * SECOND

    def transmit(self, _device: DeviceFacts, sent: Sent) -> Iterable[Sent]:
        if (numbers := self._draws(sent)) is None:
            return (sent,)
        most_ms = self._urgent_most_ms if sent.urgent else self._most_ms
        # Squared: most are a little late, few very late.
        return (msgspec.structs.replace(sent, arrives_at=sent.arrives_at + int(numbers[1] ** 2 * most_ms)),)
