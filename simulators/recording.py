"""Recordings of MQTT messages: JSON lines that are written from a broker or a journal, and played again at any speed.

A line is `{"at": ms since 1970, "topic": text, "payload": base64, "qos": 0, "retain": false}`; `at` never goes back.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from domain import DAY, SECOND, Instant
from simulators.wire import Message
from simulators.wire.times import utc

_LINE_BYTES_MAX: Final = 4 * 1024 * 1024
_NEAR: Final = 2 * DAY
"""A number this near to the time of reception is a time of the message."""
_EPOCH_MS: Final = re.compile(rb"(?<![\d.])\d{13}(?![\d.])")
_EPOCH_S: Final = re.compile(rb"(?<![\d.])\d{10}(?![\d.])")
_ISO: Final = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?=(?:\.\d+)?(?:Z|\+00:00))")
_ISO_FORMAT: Final = "%Y-%m-%dT%H:%M:%S"


class RecordedMessage(Struct, frozen=True):
    """One line. JSON has the payload as base64."""

    at: Instant
    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False


class InvalidRecording(ValueError):
    """A line that is no recorded message; the text names file, line and what to write."""


def write_recording(file: Path, messages: Iterable[RecordedMessage]) -> int:
    """Write a recording, readable by its owner only: it contains what residents' devices sent. Returns the number."""
    count = 0
    file.touch(mode=0o600)
    with file.open("wb") as out:
        for message in messages:
            out.write(msgspec.json.encode(message) + b"\n")
            count += 1
    return count


def read_recording(file: Path) -> Iterator[RecordedMessage]:
    """The messages in order. Raises InvalidRecording at the first faulty line; OSError when it cannot be read."""
    decoder = msgspec.json.Decoder(RecordedMessage)
    latest = 0
    with file.open("rb") as lines:
        for number, line in enumerate(iter(lambda: lines.readline(_LINE_BYTES_MAX + 1), b""), 1):
            if len(line) > _LINE_BYTES_MAX:
                raise InvalidRecording(f"{file}:{number}: longer than {_LINE_BYTES_MAX} bytes")
            if not line.strip():
                continue
            try:
                message = decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise InvalidRecording(
                    f'{file}:{number}: {error}: write {{"at": ms, "topic": text, "payload": base64, "qos": 0, '
                    f'"retain": false}}'
                ) from None
            if message.at < latest:
                raise InvalidRecording(f"{file}:{number}: at: {message.at} is before the line above; sort by `at`")
            latest = message.at
            yield message


async def replay(
    messages: Iterable[RecordedMessage],
    publish: Callable[[Message], Awaitable[None]],
    speed: float,
    clock: Callable[[], Instant],
    sleep: Callable[[float], Awaitable[None]],
    shifts_times: bool,
) -> int:
    """Publish the messages at `speed` times their pace; returns their number.

    `shifts_times`: times in JSON payloads are moved by as much as the message itself, so that they are those of now.
    """
    started, first, count = clock(), None, 0
    for message in messages:
        first = message.at if first is None else first
        ahead_ms = started + (message.at - first) / speed - clock()
        if ahead_ms > 0:
            await sleep(ahead_ms / SECOND)
        payload = shift_times(message.payload, message.at, clock()) if shifts_times else message.payload
        await publish(Message(message.topic, payload, message.qos, message.retain))
        count += 1
    return count


def shift_times(payload: bytes, recorded_at: Instant, now: Instant) -> bytes:
    """Move the times near `recorded_at` in a JSON payload by `now - recorded_at`.

    Recognised are epochs in s and ms and UTC times of RFC 3339. Payloads of other formats, which may have checksums,
    stay as they are.

    >>> shift_times(b'{"ts": 1796011200000, "seq": 1234567890}', 1796011201000, 1796097601000)
    b'{"ts": 1796097600000, "seq": 1234567890}'
    >>> shift_times(b'{"time": "2026-11-30T04:00:00.123Z"}', 1796011201000, 1796014801000)
    b'{"time": "2026-11-30T05:00:00.123Z"}'
    """
    if not payload.lstrip().startswith((b"{", b"[")):
        return payload
    shift_ms = now - recorded_at

    def moved(unit_ms: int) -> Callable[[re.Match[bytes]], bytes]:
        def move(found: re.Match[bytes]) -> bytes:
            at = int(found[0]) * unit_ms
            return b"%d" % ((at + shift_ms) // unit_ms) if abs(at - recorded_at) <= _NEAR else found[0]

        return move

    payload = _EPOCH_S.sub(moved(SECOND), _EPOCH_MS.sub(moved(1), payload))
    return _ISO.sub(lambda found: _move_iso(found[0], recorded_at, shift_ms), payload)


def _move_iso(text: bytes, recorded_at: Instant, shift_ms: int) -> bytes:
    try:
        at = int(datetime.strptime(f"{text.decode()}+0000", f"{_ISO_FORMAT}%z").timestamp()) * SECOND
    except ValueError:  # 2026-02-30 is no time
        return text
    return utc(at + shift_ms).strftime(_ISO_FORMAT).encode() if abs(at - recorded_at) <= _NEAR else text
