"""What the hosts of keyed state receive, and its form in a topic: the key, a line feed, JSON.

A record without a key is a clock: it says by its timestamp that everything received earlier is in its partition.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from domain import Instant, Reading
from rules.hosts.keyed.registry import RegistrySlice
from rules.hosts.replay import ConnectionLost, ConnectionRestored, Outage, Reset
from rules.state.group import MemberChange


class Registered(Struct, frozen=True, tag=True):
    """All devices of the key from now on. Devices that are no longer among them are removed."""

    now: Instant
    registry: RegistrySlice


class KeyedReadings(Struct, frozen=True, tag=True):
    """Readings of one message, received at `now`. `origin` is a digest of the message; `redelivered`: the broker may
    have delivered the same message before.
    """

    now: Instant
    readings: tuple[Reading, ...]
    origin: int = 0
    redelivered: bool = False


class Presence(Struct, frozen=True, tag=True):
    """Devices that came online (they measured nothing), or that their platform reports as offline."""

    now: Instant
    online: tuple[str, ...] = ()
    offline: tuple[str, ...] = ()


class GroupChange(Struct, frozen=True, tag=True):
    """A finding that began or ended, for the groups of the second stage; with the registry of its device."""

    change: MemberChange
    registry: RegistrySlice

    @property
    def now(self) -> Instant:
        return self.change.now


KeyedEvent = Registered | KeyedReadings | Presence | Outage | ConnectionLost | ConnectionRestored | Reset
GroupEvent = GroupChange | Outage | ConnectionLost | ConnectionRestored | Reset

SEPARATOR: Final = b"\n"
CLOCK: Final = b"\n{}"
_encode = msgspec.json.Encoder().encode
decode_keyed_event = msgspec.json.Decoder(KeyedEvent).decode
_decode_readings = msgspec.json.Decoder(KeyedReadings).decode
_OF_READINGS: Final = b'{"type":"KeyedReadings"'
"""So begins every event that holds readings: the others, a registry among them, are not decoded for it."""
decode_group_event = msgspec.json.Decoder(GroupEvent).decode


def encode_event(key: str, event: KeyedEvent | GroupEvent) -> bytes:
    """The record of an event.

    >>> split_record(encode_event("gas-1", Reset(5, "gas-high")))
    ('gas-1', b'{"type":"Reset","now":5,"rule":"gas-high","device":null,"finding":null}')
    """
    return key.encode() + SEPARATOR + _encode(event)


def readings_in(record: bytes) -> tuple[Reading, ...]:
    """The readings of a record; none where it is another event. Raises msgspec.DecodeError for other bytes.

    >>> readings_in(CLOCK), readings_in(encode_event("gas-1", Reset(5, "gas-high")))
    ((), ())
    """
    _, event = split_record(record)
    return _decode_readings(event).readings if event.startswith(_OF_READINGS) else ()


def split_record(record: bytes) -> tuple[str, bytes]:
    """The key and the encoded event; a clock has the empty key."""
    key, _, event = record.partition(SEPARATOR)
    return key.decode(), event
