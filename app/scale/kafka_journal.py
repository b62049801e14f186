"""KafkaJournal: the journal of an ingest worker. `append` returns when every replica in sync has the records."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from app.scale.records import READINGS, Record
from domain import Instant, Lane
from ingest.frame import Frame
from rules.hosts.keyed.events import CLOCK

POLL_S: Final = 0.1
FULL_S: Final = 0.05
READ_S: Final = 60
SETTINGS: Final = {
    "acks": "all",
    "enable.idempotence": True,
    "linger.ms": 2,
    "partitioner": "murmur2_random",
    "queue.buffering.max.messages": 500_000,
}


class KafkaJournal:
    """Writes what a batch of frames holds, and the frames; nothing of it is acknowledged before all is written: while
    Kafka is away nothing is acknowledged and nothing more is read."""

    def __init__(
        self, bootstrap: str, build: Callable[[Sequence[Frame]], Iterable[Record]], given_up_after_ms: int = 0
    ) -> None:
        """`given_up_after_ms`: a record that is not confirmed by then is refused; 0: never."""
        self._connection = {"bootstrap.servers": bootstrap, "log_level": 3}
        self._producer = Producer({**self._connection, **SETTINGS, "message.timeout.ms": given_up_after_ms})
        self._build, self._appended, self._closed = build, 0, threading.Event()
        self._unwritten: tuple[Sequence[Frame], list[Record]] | None = None
        self._poller = threading.Thread(target=self._poll, name="kafka", daemon=True)
        self._poller.start()

    def partitions(self, topic: str = READINGS, within_s: float = 30) -> int:
        """The number of partitions of a topic. Raises KafkaException."""
        return len(self._producer.list_topics(topic, within_s).topics[topic].partitions)

    def newest(self, topic: str = READINGS, within_s: float = READ_S) -> Instant | None:
        """The time of the newest record of a topic: a worker could receive then, for each writes clocks. None for an
        empty topic. Raises KafkaException, also when Kafka has not said it in time.
        """
        left = _Deadline(within_s)
        consumer = Consumer({**self._connection, "group.id": "fengshao-newest", "enable.auto.commit": False})
        try:
            places = [TopicPartition(topic, partition) for partition in range(self.partitions(topic, left()))]
            lasts = [last for place in places if (last := _last_of(consumer, place, left())) is not None]
            return _newest_of(consumer, lasts, left)
        finally:
            consumer.close()

    async def append(self, _lane: Lane, frames: Sequence[Frame]) -> int:
        """Write the frames and what they hold; returns a number that grows with each call. Raises OSError.

        A repeated call with the same frames writes what was refused: decoded again they would be duplicates of
        themselves, and what is written already would be evaluated twice.
        """
        if self._unwritten is None or self._unwritten[0] is not frames:
            self._unwritten = frames, list(self._build(frames))
        records, refused = self._unwritten[1], list[Record]()
        self._unwritten = frames, refused
        await self.write(records, refused)
        self._unwritten, self._appended = None, self._appended + 1
        return self._appended

    async def write(self, records: Iterable[Record], refused: list[Record] | None = None) -> None:
        """Returns when all records are written. Raises OSError when one was refused, after an answer for each; those
        that were are added to `refused`."""
        delivery = _Delivery(asyncio.get_running_loop(), [] if refused is None else refused)
        for record in records:
            delivery.expect()
            await self._produce(record, delivery)
        await delivery.wait()

    async def _produce(self, record: Record, delivery: _Delivery) -> None:
        """Queues a record, as soon as the queue has room."""
        while True:
            try:
                report = partial(delivery.report, record)
                self._producer.produce(
                    record.topic, record.value, record.key.encode(), timestamp=record.at, on_delivery=report
                )
                return
            except BufferError:
                await asyncio.sleep(FULL_S)
            except KafkaException as error:
                return delivery.report(record, error, None)

    def write_clock(self, partitions: int, now: Instant) -> None:
        """Says in each partition that everything received before `now` is in it. Not waited for: another follows."""
        for partition in range(partitions):
            with suppress(BufferError):  # full of what Kafka does not take: the next clock says the same
                self._producer.produce(READINGS, CLOCK, partition=partition, timestamp=now)

    def _poll(self) -> None:
        while not self._closed.is_set():
            self._producer.poll(POLL_S)

    def close(self) -> None:
        """Write what is queued, for at most ten seconds: nothing of it is acknowledged."""
        self._producer.flush(10)
        self._closed.set()
        self._poller.join()


class _Deadline:
    """Called: the seconds that are left. Raises KafkaException when none are."""

    def __init__(self, within_s: float) -> None:
        self._within_s, self._at_s = within_s, time.monotonic() + within_s

    def __call__(self) -> float:
        left_s = self._at_s - time.monotonic()
        if left_s <= 0:
            raise KafkaException(f"the newest record was not read within {self._within_s:g} s")
        return left_s


def _last_of(consumer: Consumer, place: TopicPartition, within_s: float) -> TopicPartition | None:
    """The place of the last record of a partition; None for an empty one."""
    begin, end = consumer.get_watermark_offsets(place, timeout=within_s)
    return None if begin == end else TopicPartition(place.topic, place.partition, end - 1)


def _newest_of(consumer: Consumer, places: Sequence[TopicPartition], left: _Deadline) -> Instant | None:
    """Read together: one after the other each would wait for the end of the fetch before it, half a second."""
    consumer.assign(list(places))
    newest, waiting = None, {place.partition for place in places}
    while waiting:
        for message in consumer.consume(len(waiting), left()):
            if message.error() is None:
                waiting.discard(message.partition())
                newest = max(newest or 0, int(message.timestamp()[1]))
    return newest


class _Delivery:
    """Counts the reports of one write, which come in the thread that polls."""

    def __init__(self, loop: asyncio.AbstractEventLoop, refused: list[Record]) -> None:
        self._loop, self._lock, self._open, self._refused, self._error = loop, threading.Lock(), 1, refused, ""
        self._done: asyncio.Future[None] = loop.create_future()

    def expect(self) -> None:
        with self._lock:
            self._open += 1

    def report(self, record: Record, error: Any, _message: Any) -> None:
        """A record was written, or refused: too large, no such topic."""
        if error is not None:
            with self._lock:
                self._refused.append(record)
                self._error = str(error)
        self._count()

    def _count(self) -> None:
        with self._lock:
            self._open -= 1
            complete = not self._open
        if complete:
            self._loop.call_soon_threadsafe(self._complete)

    def _complete(self) -> None:
        if not self._done.done():
            self._done.set_result(None)

    async def wait(self) -> None:
        """Raises OSError when a record was refused."""
        self._count()
        await self._done
        if self._error:
            raise OSError(f"Kafka refused {len(self._refused)} records: {self._error}")
