"""Faults of single messages on their way: twice, late, out of order, lost, garbled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from zlib import crc32

import msgspec

from domain import SECOND, Instant
from simulators.faults.draws import draws, key_of, quick_draw
from simulators.faults.fault import DeviceFacts, Effect
from simulators.wire import HttpPush, Message, Sent


class _SomeMessages:
    """Acts on a share of messages, each drawn by itself, at any time. `FaultSet` records which."""

    def __init__(self, name: str, seed: int, share: float) -> None:
        self._name, self._share = f"{seed}/{name}", share
        self._key = key_of(self._name)

    def effects(self, _device: DeviceFacts, _start: Instant, _end: Instant) -> Iterator[Effect]:
        """None by time."""
        return iter(())

    def _draws(self, sent: Sent) -> tuple[float, ...] | None:
        """Two numbers of this message; None when it was not chosen."""
        # Several messages of one instant are told apart by their topics.
        topic = sent.message.topic if isinstance(sent.message, Message) else sent.message.platform
        number = sent.sent_at << 32 ^ crc32(topic.encode())
        if quick_draw(self._key ^ key_of(sent.device), number) >= self._share:
            return None
        return draws(2, self._name, sent.device, number)


_REPEAT_MS = 10 * SECOND
"""A device repeats an urgent message that was not acknowledged after this time."""


class OutOfOrder(_SomeMessages):
    """A message is overtaken by others of its device: it arrives up to `most_s` later."""

    def __init__(self, seed: int, share: float, most_s: float) -> None:
        super().__init__("out_of_order", seed, share)
        self._most_ms = most_s * SECOND

    def transmit(self, _device: DeviceFacts, sent: Sent) -> Sequence[Sent]:
        if (numbers := self._draws(sent)) is None:
            return (sent,)
        return (_delayed(sent, int(numbers[0] * self._most_ms)),)


class Missing(_SomeMessages):
    """A message is lost. An urgent one is not acknowledged then, so the device repeats it."""

    def __init__(self, seed: int, share: float) -> None:
        super().__init__("missing", seed, share)

    def transmit(self, _device: DeviceFacts, sent: Sent) -> Sequence[Sent]:
        if self._draws(sent) is None:
            return (sent,)
        return (_delayed(sent, _REPEAT_MS),) if sent.urgent else ()


class Malformed(_SomeMessages):
    """A message is cut off, or bytes of it are replaced by 0xFF. An urgent one is repeated unharmed."""

    def __init__(self, seed: int, share: float) -> None:
        super().__init__("malformed", seed, share)

    def transmit(self, _device: DeviceFacts, sent: Sent) -> Sequence[Sent]:
        if (numbers := self._draws(sent)) is None:
            return (sent,)
        garbled = msgspec.structs.replace(sent, message=_garble(sent.message, *numbers))
        return (garbled, _delayed(sent, _REPEAT_MS)) if sent.urgent else (garbled,)


class Duplicate(_SomeMessages):
    """A message arrives again within `within_s`, with equal bytes."""

    def __init__(self, seed: int, share: float, within_s: float) -> None:
        super().__init__("duplicate", seed, share)
        self._within_ms = within_s * SECOND

    def transmit(self, _device: DeviceFacts, sent: Sent) -> Sequence[Sent]:
        if (numbers := self._draws(sent)) is None:
            return (sent,)
        return (sent, _delayed(sent, int(numbers[0] * self._within_ms)))


class Late(_SomeMessages):
    """A message arrives later by up to `most_s`, an urgent one by up to `urgent_most_s`."""

    def __init__(self, seed: int, share: float, most_s: float, urgent_most_s: float) -> None:
        super().__init__("late", seed, share)
        self._most_ms, self._urgent_most_ms = most_s * SECOND, urgent_most_s * SECOND

    def transmit(self, _device: DeviceFacts, sent: Sent) -> Sequence[Sent]:
        if (numbers := self._draws(sent)) is None:
            return (sent,)
        most_ms = self._urgent_most_ms if sent.urgent else self._most_ms
        # Squared: most are a little late, few very late.
        return (_delayed(sent, int(numbers[0] ** 2 * most_ms)),)


def _delayed(sent: Sent, by_ms: int) -> Sent:
    return msgspec.structs.replace(sent, arrives_at=sent.arrives_at + by_ms)


def _garble(message: Message | HttpPush, kind: float, place: float) -> Message | HttpPush:
    if isinstance(message, Message):
        return msgspec.structs.replace(message, payload=_garble_bytes(message.payload, kind, place))
    return msgspec.structs.replace(message, body=_garble_bytes(message.body, kind, place))


def _garble_bytes(data: bytes, kind: float, place: float) -> bytes:
    at = int(place * len(data))
    if kind < 0.5:
        return data[:at]
    return data[:at] + b"\xff\xff" + data[at + 2 :]
