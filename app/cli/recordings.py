"""`fengshao simulate --record` and `--replay`: sessions of a broker or a journal in a file, and from it to a broker."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import aiomqtt

from app.clock import Clock
from app.config.addresses import parse_broker_url
from app.datadir.stores import JOURNAL_FILE
from app.doctor.capture import CaptureLimits, listen
from app.errors import UserError
from app.mqtt_client import BrokerUnavailable, mqtt_client
from domain import Lane
from ingest.frame import Frame
from simulators.recording import InvalidRecording, RecordedMessage, read_recording, replay, write_recording
from simulators.wire import Message
from store.journal import SqliteJournal

_LIMITS: Final = CaptureLimits(messages=1_000_000, bytes=512 * 1024 * 1024)
_DOLLAR_FILTERS: Final = ("$oc/#",)
"""Not matched by `#`: topics of IoTDA."""


def record_broker(file: Path, mqtt: str, seconds: float, echo: Callable[[str], Any]) -> None:
    """Record what the broker delivers for some seconds."""
    address = parse_broker_url(mqtt)
    capture = asyncio.run(listen(address, seconds, _DOLLAR_FILTERS, Clock(), _LIMITS))
    count = write_recording(file, (_recorded(frame) for frame in capture.frames))
    echo(f"{file}: {count} messages; ended by: {capture.ended}")


def record_journal(file: Path, data: Path, echo: Callable[[str], Any]) -> None:
    """Record the messages of the journal of DIR, which a service may be using."""
    if not (journal_file := data / JOURNAL_FILE).exists():
        raise UserError(f"{journal_file}: no journal; write the data directory of a service")
    with closing(SqliteJournal(journal_file)) as journal:
        lanes = [_frames(journal, lane) for lane in Lane]
        merged = heapq.merge(*lanes, key=lambda frame: frame.received)
        count = write_recording(file, (_recorded(frame) for frame in merged))
    echo(f"{file}: {count} messages of the journal")


def play(file: Path, mqtt: str, speed: float, keeps_times: bool, echo: Callable[[str], Any]) -> None:
    """Publish a recording; each message after the acknowledgement of the one before."""
    if speed <= 0:
        raise UserError(f"--speed {speed:g}: write a number above 0")
    try:
        count = asyncio.run(_play(file, mqtt, speed, keeps_times))
    except (InvalidRecording, OSError) as error:
        raise UserError(str(error)) from None
    echo(f"{file}: {count} messages published")


async def _play(file: Path, mqtt: str, speed: float, keeps_times: bool) -> int:
    address = parse_broker_url(mqtt)
    try:
        async with mqtt_client(address) as client:

            async def publish(message: Message) -> None:
                await client.publish(message.topic, message.payload, qos=message.qos, retain=message.retain)

            messages = read_recording(file)
            return await replay(messages, publish, speed, Clock(), asyncio.sleep, shifts_times=not keeps_times)
    except aiomqtt.MqttError as error:
        raise BrokerUnavailable(f"{address}: {error}") from None


def _frames(journal: SqliteJournal, lane: Lane) -> Iterator[Frame]:
    after = 0
    while entries := journal.read(lane, after):
        for entry in entries:
            yield from (frame for frame in entry.frames if not frame.is_session_copy)
        after = entries[-1].pos


def _recorded(frame: Frame) -> RecordedMessage:
    return RecordedMessage(frame.received, frame.topic, frame.payload, frame.qos, frame.retain)
