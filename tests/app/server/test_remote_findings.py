"""A desk of findings that are evaluated elsewhere: from a real Kafka to a text, once, across a crash of the desk.

The first two tests are run by `make test-scale`; skipped where Java and the tools of `make scale-tools` are not there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from confluent_kafka import Producer
from msgspec.structs import replace

from app.server.outage_texts import AWAY_MS
from app.server.remote_findings import TOPIC, decode_findings
from benchmarks.cluster.kafka import LocalKafka
from benchmarks.cluster.processes import missing_tools
from domain import Finding, FindingPhase, Ledger, Severity, Subject
from tests.conftest import Broker
from tests.support.service_harness import START, ServiceHarness

FINDING = Finding(
    "gas-alarm@1/gas-1/1", "gas-alarm", "1", FindingPhase.BEGAN, "gas", "燃气报警", Severity.CRITICAL, Ledger.DANGER,
    Subject("device", "gas-1"), START, START, START, "gas-1", "h402",
)  # fmt: skip

BATTERY = replace(
    FINDING, id="low-battery@1/gas-9/1", rule="low-battery", hazard="device", title="电量低", severity=Severity.LOW,
    ledger=Ledger.HEALTH, subject=Subject("device", "gas-9"), device="gas-9", place="h403",
)  # fmt: skip


needs_kafka = pytest.mark.skipif(bool(missing_tools()), reason=f"KAFKA WAS NOT STARTED: missing {missing_tools()}")


@pytest.fixture
def kafka(tmp_path: Path) -> Iterator[LocalKafka]:
    started = LocalKafka(tmp_path / "kafka")
    try:
        started.start()
        started.create_topics({TOPIC: 2})
        yield started
    finally:
        started.stop()


@pytest.mark.cluster
@pytest.mark.timeout(300)
@needs_kafka
async def test_a_finding_in_kafka_becomes_one_text_also_when_the_desk_is_killed(
    kafka: LocalKafka, tmp_path: Path, broker: Broker, free_port: Callable[[], int]
) -> None:
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    harness = ServiceHarness(tmp_path / "data", broker.port, free_port())
    harness.findings_from = kafka.bootstrap
    async with harness:
        write(producer, FINDING, FINDING)
        await harness.until_items("/api/v1/alerts")
        await harness.phone("李伟").expects_sms("3栋", "燃气")
        await harness.crash()
        await harness.start()
        write(producer, FINDING, BATTERY)
        assert len(await harness.until_items("/api/v1/alerts", 2)) == 2
        assert sum("3栋2单元402" in text for text in harness.phone("李伟").texts) == 1


@pytest.mark.cluster
@pytest.mark.timeout(300)
@needs_kafka
async def test_dangers_in_kafka_are_sent_by_text_while_the_ledger_takes_nothing(
    kafka: LocalKafka, tmp_path: Path, broker: Broker, free_port: Callable[[], int]
) -> None:
    """Also those behind a batch that waits: it is read on."""
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    harness = ServiceHarness(tmp_path / "data", broker.port, free_port())
    harness.findings_from = kafka.bootstrap
    async with harness:
        remote, texts = harness.service.remote_findings, harness.service.outage_texts
        with closing(sqlite3.connect(harness.data / "ledger.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            write(producer, BATTERY)
            await harness.until(lambda: bool(remote._waiting), "the first batch")
            write(producer, FINDING)
            await harness.until(lambda: remote.unstored_dangers() == [FINDING], "a danger that waits")
            texts._answered_at = lambda: 0
            for now in (0, AWAY_MS, 2 * AWAY_MS):
                texts._monotonic = lambda now=now: now  # type: ignore[misc]
                await texts.check()
            await harness.phone("李伟").expects_sms("紧急：燃气报警", "暂不能短信接警")
            other.execute("ROLLBACK")
            assert len(await harness.until_items("/api/v1/alerts", 2)) == 2
        assert remote.unstored_dangers() == []


def write(producer: Producer, *findings: Finding) -> None:
    for finding in findings:
        producer.produce(TOPIC, msgspec.json.encode(finding), b"one partition keeps their order")
    producer.flush(60)


class Message:
    """A message of the client for Kafka, or an error in its place."""

    def __init__(self, value: bytes, error: str | None = None) -> None:
        self._value, self._error = value, error

    def value(self) -> bytes:
        return self._value

    def error(self) -> str | None:
        return self._error

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return 7


def test_what_is_no_finding_is_logged_with_its_place_and_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    messages = [Message(b"{}"), Message(b"", "broker down"), Message(msgspec.json.encode(FINDING))]
    assert decode_findings(messages) == [FINDING]  # type: ignore[arg-type]
    assert "fengshao.findings[0]@7 is no finding" in caplog.text
    assert "broker down" in caplog.text
