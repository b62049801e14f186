"""The journal of an ingest worker, against the broker that librdkafka has in itself for tests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

import pytest

kafka = pytest.importorskip("confluent_kafka", reason="KAFKA'S CLIENT IS NOT INSTALLED: requirements-kafka.lock")

from app.scale import kafka_journal  # noqa: E402
from app.scale.kafka_journal import KafkaJournal  # noqa: E402
from app.scale.records import READINGS, Record  # noqa: E402
from domain import Lane  # noqa: E402
from ingest.frame import Frame  # noqa: E402

FRAMES = [Frame("fengshao/v1/gas-1/alarm", b'{"alarm": true}', 1000, "one", 1, 1)]
SMALL, LARGE = Record(READINGS, "gas-1", b"small", 1000), Record(READINGS, "gas-2", b"x" * 1_100_000, 1000)


class Builder:
    """Decodes each frame once: a second time it is a duplicate of itself."""

    def __init__(self, *records: Record) -> None:
        self.records, self.seen = list(records), list[Frame]()

    def __call__(self, frames: Sequence[Frame]) -> list[Record]:
        new = [frame for frame in frames if frame not in self.seen]
        self.seen += frames
        return self.records if new else []


@pytest.fixture
def builder(monkeypatch: pytest.MonkeyPatch) -> Builder:
    monkeypatch.setitem(kafka_journal.SETTINGS, "test.mock.num.brokers", 1)
    return Builder(SMALL, LARGE)


@pytest.fixture
def journal(builder: Builder) -> Iterator[KafkaJournal]:
    journal = KafkaJournal("", builder)
    yield journal
    journal.close()


def written(journal: KafkaJournal) -> list[bytes]:
    """All records of the topic of readings."""
    address = next(iter(journal._producer.list_topics(timeout=60).brokers.values()))
    consumer = kafka.Consumer({"bootstrap.servers": f"{address.host}:{address.port}", "group.id": "test"})
    partitions = range(journal.partitions())
    found = list[bytes]()
    try:
        for partition in partitions:
            place = kafka.TopicPartition(READINGS, partition, 0)
            _, end = consumer.get_watermark_offsets(place, timeout=60)
            consumer.assign([place])
            found += [message.value() for message in consumer.consume(end, timeout=60)] if end else []
    finally:
        consumer.close()
    return found


async def test_what_was_refused_is_written_later_and_nothing_else_twice(
    journal: KafkaJournal, builder: Builder
) -> None:
    """A refusal by Kafka is tried again by the writer of the session: decoded anew, the alarm was a duplicate."""
    for _ in range(2):
        with pytest.raises(OSError, match="refused 1 records"):
            await journal.append(Lane.BULK, FRAMES)
    builder.records[1:] = []
    assert await asyncio.to_thread(written, journal) == [b"small"]


async def test_frames_are_acknowledged_when_all_they_hold_is_written(journal: KafkaJournal, builder: Builder) -> None:
    builder.records[1:] = []
    assert await journal.append(Lane.BULK, FRAMES) == 1
    assert await journal.append(Lane.BULK, list(FRAMES)) == 2
    assert await asyncio.to_thread(written, journal) == [b"small"]


def test_the_newest_record_is_not_waited_for_longer_than_asked() -> None:
    """It was sought for a minute in each partition without a leader, in one of the few threads that all share."""
    journal = KafkaJournal("127.0.0.1:1", lambda _frames: ())
    try:
        with pytest.raises(kafka.KafkaException):
            journal.newest(within_s=0.2)
        with pytest.raises(kafka.KafkaException, match="not read within 0 s"):
            journal.newest(within_s=0)
    finally:
        journal._closed.set()


async def test_the_newest_record_says_until_when_a_worker_could_receive(
    journal: KafkaJournal, builder: Builder
) -> None:
    bootstrap = next(iter(journal._producer.list_topics(timeout=60).brokers.values()))
    journal._connection["bootstrap.servers"] = f"{bootstrap.host}:{bootstrap.port}"
    assert await asyncio.to_thread(journal.newest) is None
    builder.records[1:] = []
    await journal.append(Lane.BULK, FRAMES)
    assert await asyncio.to_thread(journal.newest) == SMALL.at
    journal.write_clock(journal.partitions(), 9_000)
    await asyncio.to_thread(journal._producer.flush, 60)
    assert await asyncio.to_thread(journal.newest) == 9_000
