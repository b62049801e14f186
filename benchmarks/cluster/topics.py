"""Writing events to the topic of readings, and reading the topic of findings."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Sequence

import msgspec
from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, Producer, TopicPartition

from domain import Finding, Instant
from rules.hosts.keyed.events import CLOCK, KeyedEvent, encode_event

READINGS = "fengshao.readings"
FINDINGS = "fengshao.findings"
_decode = msgspec.json.Decoder(Finding).decode
BURST = 50
"""Events written without a pause."""
Identity = tuple[str, str, int]
"""Of one phase of a finding: id, phase, event time. What is written again after a recovery has the same."""


class EventWriter:
    """Writes events as ingest workers do: by key, with the time of arrival as the record's timestamp."""

    def __init__(self, bootstrap: str, partitions: int, topic: str = READINGS) -> None:
        self._producer = Producer({
            "bootstrap.servers": bootstrap, "acks": "all", "enable.idempotence": True, "linger.ms": 5,
            "queue.buffering.max.messages": 1_000_000, "message.timeout.ms": 0,
            "partitioner": "murmur2_random", "log_level": 0,
        })  # fmt: skip
        self._topic, self._partitions, self._refused = topic, partitions, list[str]()

    def write(self, events: Iterable[tuple[Instant, str, KeyedEvent]]) -> None:
        """Writes events; they are in the topic after `flush`."""
        for now, key, event in events:
            self._producer.produce(
                self._topic, encode_event(key, event), key.encode(), timestamp=now, on_delivery=self._report
            )
            self._producer.poll(0)

    def _report(self, error: object, _message: object) -> None:
        if error is not None:
            self._refused.append(str(error))

    def write_paced(self, events: Sequence[tuple[Instant, str, KeyedEvent]], per_s: int) -> None:
        """Writes events at a rate."""
        began = time.monotonic()
        for start in range(0, len(events), BURST):
            ahead_s = start / per_s - (time.monotonic() - began)
            if ahead_s > 0:
                time.sleep(ahead_s)
            self.write(events[start : start + BURST])
        self.flush()

    def write_clock(self, now: Instant) -> None:
        """Says in every partition that everything received before `now` is in it."""
        for partition in range(self._partitions):
            self._producer.produce(self._topic, CLOCK, partition=partition, timestamp=now)

    def flush(self) -> None:
        """Returns when all is in the topic. Raises RuntimeError after five minutes, or when events were refused."""
        if self._producer.flush(300):
            raise RuntimeError("Kafka did not take the events within five minutes")
        if self._refused:
            raise RuntimeError(f"Kafka refused {len(self._refused)} events: {self._refused[0]}")


def records_kept(bootstrap: str, topic: str = READINGS) -> int:
    """The records of a topic that can still be read: what retention has deleted is not among them."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "offsets", "log_level": 0})
    try:
        partitions = consumer.list_topics(topic, 60).topics[topic].partitions
        ends = [consumer.get_watermark_offsets(TopicPartition(topic, one), timeout=60) for one in partitions]
        return sum(end - begin for begin, end in ends)
    finally:
        consumer.close()


class FindingReader:
    """Collects the findings of a topic: by identity, with the wall-clock instant each was first read at."""

    def __init__(self, bootstrap: str, topic: str = FINDINGS) -> None:
        self._consumer = Consumer({
            "bootstrap.servers": bootstrap, "group.id": "reader", "auto.offset.reset": "earliest", "log_level": 0,
            "enable.auto.commit": False,
        })  # fmt: skip
        # Assigned, not subscribed: a reader that waits for minutes would lose its place in a group.
        partitions = self._consumer.list_topics(topic, 60).topics[topic].partitions
        self._consumer.assign([TopicPartition(topic, one, OFFSET_BEGINNING) for one in partitions])
        self.findings: dict[Identity, Finding] = {}
        self.read_at: dict[Identity, float] = {}
        self.repeated = 0

    def read(self, timeout_s: float) -> int:
        """Reads what is there within `timeout_s`; the number of findings that were not known."""
        known = len(self.findings)
        for message in self._consumer.consume(1_000, timeout_s):
            self._keep(message)
        return len(self.findings) - known

    def follow(self, ended: threading.Event) -> None:
        """Reads each finding as soon as it is there, until `ended`: for the time of its arrival."""
        while not ended.is_set():
            message = self._consumer.poll(0.25)
            if message is not None:
                self._keep(message)

    def _keep(self, message: Message) -> None:
        if message.error() is None:
            finding = _decode(message.value() or b"")
            identity = (finding.id, finding.phase.value, finding.at)
            self.repeated += identity in self.findings
            self.read_at.setdefault(identity, time.time())
            self.findings.setdefault(identity, finding)

    def read_until(self, complete: Callable[[], bool], quiet_s: float, timeout_s: float) -> None:
        """Until complete, or nothing came for `quiet_s`, or `timeout_s` are over."""
        deadline = time.monotonic() + timeout_s
        last = time.monotonic()
        while not complete() and time.monotonic() < min(deadline, last + quiet_s):
            if self.read(1.0):
                last = time.monotonic()

    def by_trial(self) -> dict[str, list[Finding]]:
        """The findings by the prefix of their trial."""
        found: dict[str, list[Finding]] = {}
        for finding in self.findings.values():
            match = re.search(r"\bt\d+-", f"{finding.subject.id} {finding.device}")
            found.setdefault(match.group() if match else "", []).append(finding)
        return found

    def close(self) -> None:
        """Leaves the group."""
        self._consumer.close()
