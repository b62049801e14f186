"""Faults of single messages on their way: twice, late, out of order, lost, garbled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from zlib import crc32

import msgspec

from domain import SECOND, Instant
from simulators.faults.draws import draws, key_of, quick_draw
from simulators.faults.fault import DeviceFacts, Effect
from simulators.wire import HttpPush, Message, Sent


class SomeMessages:
    """Acts on a share of messages, each drawn by itself, at any time. `FaultSet` records which.

    `longest_ms`: by how much it delays a message, at most.
    """

    def __init__(self, name: str, seed: int, share: float, longest_ms: float) -> None:
        self._name, self._share, self.longest_ms = f"{seed}/{name}", share, longest_ms
        self._key = key_of(self._name)

    def may_act(self, _device: DeviceFacts, _start: Instant, _end: Instant) -> bool:
        return self._share > 0

    def effects(self, _device: DeviceFacts, _start: Instant, _end: Instant) -> Iterator[Effect]:
        """None by time."""
        return iter(())

    def is_chosen(self, device_key: int, number: int) -> bool:
        """Whether it acts on a message of `message_number`; `device_key` is that of the device's id."""
        return quick_draw(self._key ^ device_key, number) < self._share

    def _draws(self, sent: Sent) -> tuple[float, ...] | None:
        """Two numbers of this message; None when it was not chosen."""
        number = message_number(sent)
        if not self.is_chosen(key_of(sent.device), number):
            return None
        return draws(2, self._name, sent.device, number)


def message_number(sent: Sent) -> int:
    """What tells a message from the others of its device: the instant, and the topic among those of one instant."""
    topic = sent.message.topic if isinstance(sent.message, Message) else sent.message.platform
    return sent.sent_at << 32 ^ crc32(topic.encode())


_REPEAT_MS = 10 * SECOND
"""A device repeats an urgent message that was not acknowledged after this time."""


class OutOfOrder(SomeMessages):
    """A message is overtaken by others of its device: it arrives up to `most_s` later."""

    def __init__(self, seed: int, share: float, most_s: float) -> None:
        super().__init__("out_of_order", seed, share, most_s * SECOND)
        self._most_ms = most_s * SECOND

    def transmit(self, _device: DeviceFacts, sent: Sent) -> Sequence[Sent]:
        if (numbers := self._draws(sent)) is None:
            return (sent,)
        return (_delayed(sent, int(numbers[0] * self._most_ms)),)


class Missing(SomeMessages):
    """A message is lost. An urgent one is not acknowledged then, so the device repeats it."""

    def __init__(self, seed: int, share: float) -> None:
        super().__init__("missing", seed, share, _REPEAT_MS)

    def transmit(self, _device: DeviceFacts, sent: Sent) -> Sequence[Sent]:
        if self._draws(sent) is None:
            return (sent,)
        return (_delayed(sent, _REPEAT_MS),) if sent.urgent else ()


class Malformed(SomeMessages):
    """A message is cut off, or bytes of it are replaced by 0xFF. An urgent one is repeated unharmed."""

    def __init__(self, seed: int, share: float) -> None:
        super().__init__("malformed", seed, share, _REPEAT_MS)

    def transmit(self, _device: DeviceFacts, sent: Sent) -> Sequence[Sent]:
        if (numbers := self._draws(sent)) is None:
            return (sent,)
        garbled = msgspec.structs.replace(sent, message=_garble(sent.message, *numbers))
        return (garbled, _delayed(sent, _REPEAT_MS)) if sent.urgent else (garbled,)


class Duplicate(SomeMessages):
    """A message arrives again within `within_s`, with equal bytes."""

    def __init__(self, seed: int, share: float, within_s: float) -> None:
        super().__init__("duplicate", seed, share, within_s * SECOND)
        self._within_ms = within_s * SECOND

    def transmit(self, _device: DeviceFacts, sent: Sent) -> Sequence[Sent]:
        if (numbers := self._draws(sent)) is None:
            return (sent,)
        return (sent, _delayed(sent, int(numbers[0] * self._within_ms)))


class Late(SomeMessages):
    """A message arrives later by up to `most_s`, an urgent one by up to `urgent_most_s`."""

    def __init__(self, seed: int, share: float, most_s: float, urgent_most_s: float) -> None:
        super().__init__("late", seed, share, max(most_s, urgent_most_s) * SECOND)
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
