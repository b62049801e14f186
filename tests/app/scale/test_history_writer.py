"""Readings from Kafka into a real VictoriaMetrics; the broker is the one that librdkafka has in itself for tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

kafka = pytest.importorskip("confluent_kafka", reason="KAFKA'S CLIENT IS NOT INSTALLED: requirements-kafka.lock")

from app.datadir.lock import lock_data_dir  # noqa: E402
from app.errors import UserError  # noqa: E402
from app.scale import history_writer  # noqa: E402
from app.scale.history_writer import HistoryWriterOptions, decode_readings, run_history_writer  # noqa: E402
from app.scale.records import READINGS  # noqa: E402
from domain import HOUR, Lane, Reading  # noqa: E402
from rules.hosts.keyed.events import CLOCK, KeyedReadings, encode_event  # noqa: E402
from rules.hosts.replay import Outage  # noqa: E402
from store.errors import StoreError  # noqa: E402
from store.history.remote.history import LineProtocolHistory  # noqa: E402
from tests.support.cli import run  # noqa: E402
from tests.support.timeouts import LONG_TIMEOUT_S  # noqa: E402
from tests.support.victoriametrics import Victoria  # noqa: E402

START = 1_795_269_600_000


@pytest.fixture
def victoria(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Victoria]:
    server = Victoria(tmp_path / "victoria", free_port())
    server.start()
    yield server
    server.stop()


class Topic:
    """The topic of readings."""

    def __init__(self) -> None:
        self._producer = kafka.Producer({"bootstrap.servers": "", "test.mock.num.brokers": 1})
        address = next(iter(self._producer.list_topics(timeout=60).brokers.values()))
        self.bootstrap = f"{address.host}:{address.port}"

    def write(self, *values: bytes) -> None:
        for value in values:
            self._producer.produce(READINGS, value, b"gas-1")
        self._producer.flush(60)


def record(*lel_pct: float) -> bytes:
    """A message with a reading a minute; the first is at START plus its level in hours."""
    at = START + round(lel_pct[0] * HOUR)
    readings = [Reading("gas-1", "gas_alarm", at + n, at + 500, {"lel_pct": one}) for n, one in enumerate(lel_pct)]
    return encode_event("household/h402", KeyedReadings(at + 500, tuple(readings)))


async def test_what_workers_write_is_on_the_server_once_also_after_a_crash_before_it_is_marked_as_read(
    victoria: Victoria, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "site.yaml").write_text(f"history:\n  type: victoriametrics\n  url: {victoria.url}\n")
    topic = Topic()
    # The broker of the tests gives a partition to the next writer only when the session of the former has ended.
    monkeypatch.setitem(history_writer.SETTINGS, "session.timeout.ms", 3_000)
    monkeypatch.setitem(history_writer.SETTINGS, "heartbeat.interval.ms", 500)
    options = HistoryWriterOptions(topic.bootstrap, tmp_path / "data", tmp_path / "spool", tmp_path / "site")
    topic.write(record(1.0, 1.5), CLOCK, encode_event("gas-1", Outage(START, START + HOUR)), b"gas-1\nno event")
    with monkeypatch.context() as crash:
        crash.setattr("app.scale.history_writer.HistoryWriter._mark_as_read", crashed)
        with pytest.raises(ConnectionAbortedError):
            await run_history_writer(options)
    topic.write(record(2.0))
    writer = asyncio.create_task(run_history_writer(options))
    reader = LineProtocolHistory(victoria.url, tmp_path / "desk")
    async with asyncio.timeout(LONG_TIMEOUT_S):
        while len(found := await reader.series("gas-1", "lel_pct", START, START + 9 * HOUR)) < 3:
            victoria.settle()
            assert not writer.done()
            await asyncio.sleep(0.05)
    writer.cancel()
    await asyncio.gather(writer, return_exceptions=True)
    await reader.close()
    assert [(point.at - START, point.value) for point in found] == [(HOUR, 1.0), (HOUR + 1, 1.5), (2 * HOUR, 2.0)]


async def crashed(_writer: object) -> None:
    raise ConnectionAbortedError


class SmallHistory:
    """Takes so many readings, and then no more until the next start."""

    def __init__(self, room: int) -> None:
        self.room, self.stored, self.flushes = room, 0, 0

    def position(self) -> dict[Lane, int]:
        return {}

    def append(self, _lane: Lane, _position: int, readings: Sequence[Reading]) -> bool:
        self.room -= len(readings)
        self.stored += len(readings) if self.room >= 0 else 0
        return self.room >= 0

    async def flush(self) -> None:
        self.flushes += 1


async def test_what_the_history_does_not_take_is_not_marked_as_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch above a million readings was marked as read and stored nowhere, and so was all that followed."""
    marked = list[bool]()

    async def mark(_writer: object) -> None:
        marked.append(True)

    monkeypatch.setattr(history_writer.HistoryWriter, "_mark_as_read", mark)
    monkeypatch.setattr(history_writer, "PART_MAX", 2)
    history: Any = SmallHistory(room=5)
    writer: Any = history_writer.HistoryWriter("127.0.0.1:1", history)
    await writer._write([Message(record(1.0, 2.0, 3.0))])
    assert (history.stored, history.flushes, len(marked)) == (3, 2, 1)
    with pytest.raises(StoreError, match="not marked as read"):
        await writer._write([Message(record(1.0, 2.0, 3.0))])
    assert len(marked) == 1


class Message:
    """A message of the client for Kafka, or an error in its place."""

    def __init__(self, value: bytes, error: str | None = None) -> None:
        self._value, self._error = value, error

    def value(self) -> bytes:
        return self._value

    def error(self) -> str | None:
        return self._error

    def partition(self) -> int:
        return 3

    def offset(self) -> int:
        return 7


def test_what_is_no_event_is_logged_with_its_place_and_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    foreign = [Message(b'gas-1\n{"type":"KeyedReadings"'), Message(b"\xff\xfe\n{}")]
    messages = [*foreign, Message(b"", "broker down"), Message(record(3.0))]
    assert [reading.values for reading in decode_readings(messages)] == [{"lel_pct": 3.0}]  # type: ignore[arg-type]
    assert caplog.text.count("fengshao.readings[3]@7 is no event") == 2
    assert "broker down" in caplog.text


async def test_a_history_in_a_file_of_one_machine_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="name a server there"):
        await run_history_writer(HistoryWriterOptions("kafka:9092", tmp_path / "data", tmp_path / "spool"))


def test_two_writers_do_not_share_a_spool(tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "site.yaml").write_text("history:\n  type: victoriametrics\n  url: http://127.0.0.1:1\n")
    with lock_data_dir(tmp_path):
        options = ["--kafka", "kafka:9092", "--data", str(tmp_path / "data"), "--spool", str(tmp_path)]
        result = run("history-writer", *options, "--site", str(site))
    assert (result.exit_code, "name another --spool" in result.output) == (1, True)
