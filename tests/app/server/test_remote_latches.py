"""Latched rules that are evaluated elsewhere: what people settle or reset at the desk reaches the rules over Kafka.

The broker is the one that librdkafka has in itself for tests; the rules run in the hosts that the job in Flink runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

kafka = pytest.importorskip("confluent_kafka", reason="KAFKA'S CLIENT IS NOT INSTALLED: requirements-kafka.lock")

from app.config.catalog import load_active_rulebooks, load_kinds  # noqa: E402
from app.scale.keys import KeyedRegistry, keys_of_subjects  # noqa: E402
from app.scale.records import READINGS  # noqa: E402
from app.server.remote_latches import RemoteLatches  # noqa: E402
from domain import MINUTE, SECOND, Device, Finding, FindingPhase, Place, Reading  # noqa: E402
from domain.people import community  # noqa: E402
from rules.hosts.keyed.events import CLOCK, KeyedReadings, decode_keyed_event, split_record  # noqa: E402
from rules.hosts.replay import Reset  # noqa: E402
from store.errors import CannotWrite  # noqa: E402
from tests.conftest import Broker  # noqa: E402
from tests.support.keyed_hosts import KeyedHosts  # noqa: E402
from tests.support.rulebook_harness import LATCHED, RulebookHarness  # noqa: E402
from tests.support.timeouts import LONG_TIMEOUT_S  # noqa: E402

RESET = "/api/v1/rules/gas-alarm/reset"


class Topic:
    """The topic of readings, as workers write it and the job reads it."""

    def __init__(self) -> None:
        self._producer = kafka.Producer({"bootstrap.servers": "", "test.mock.num.brokers": 1})
        address = next(iter(self._producer.list_topics(timeout=60).brokers.values()))
        self.bootstrap = f"{address.host}:{address.port}"
        self._partitions = len(self._producer.list_topics(READINGS, 60).topics[READINGS].partitions)
        self._read = dict.fromkeys(range(self._partitions), 0)

    def write_clock(self, now: int) -> None:
        """As a worker writes it while it can receive."""
        for partition in self._read:
            self._producer.produce(READINGS, CLOCK, partition=partition, timestamp=now)
        self._producer.flush(60)

    def read(self) -> list[tuple[int, bytes]]:
        """What was written since the last call but clocks: time and record."""
        consumer = kafka.Consumer({"bootstrap.servers": self.bootstrap, "group.id": "test", "fetch.wait.max.ms": 10})
        found = list[tuple[int, bytes]]()
        try:
            for partition, position in self._read.items():
                place = kafka.TopicPartition(READINGS, partition, position)
                _, end = consumer.get_watermark_offsets(place, timeout=60)
                consumer.assign([place])
                messages = consumer.consume(end - position, timeout=60) if end > position else []
                found += [(one.timestamp()[1], one.value()) for one in messages]
                self._read[partition] = end
        finally:
            consumer.close()
        return [(at, record) for at, record in found if record != CLOCK]


@pytest.fixture
def topic() -> Iterator[Topic]:
    return Topic()


class Cluster(RulebookHarness):
    """A desk, and the rules beside it, joined by the topic of readings."""

    def __init__(self, topic: Topic, data: Path, mqtt: int, http: int) -> None:
        super().__init__(data, mqtt, http)
        self.topic, self.findings_from = topic, topic.bootstrap
        self.found: list[Finding] = []

    async def begin(self) -> None:
        self.save_file(LATCHED)
        await self.service.rulebook_reloader.poll()
        books, kinds = self.service.engine.books, dict(self.service.processing.kinds)
        self.hosts, self.keys = KeyedHosts(books, kinds, emit_shadow=False), KeyedRegistry(books, kinds)
        registry = self.service.registry
        for key, event in self.keys.update(registry.device_list(), registry.community, self.clock.now):
            self.hosts.apply(key, event)
        self.topic.write_clock(self.clock.now)

    async def rings(self, *alarms: bool) -> None:
        """The device reports these states; what the rules find is in the ledger on return."""
        for alarm in alarms:
            self.clock.now += SECOND
            now = self.clock.now
            reading = Reading("gas-402", "gas_alarm", now, now, {"alarm": alarm})
            self.hosts.apply(self.keys.key_of("gas-402"), KeyedReadings(now, (reading,)))
            self.topic.write_clock(now)
        await self._store()

    async def evaluates_resets(self) -> list[Reset]:
        """The rules read what was written to the topic."""
        resets = list[Reset]()
        for at, record in self.topic.read():
            key, encoded = split_record(record)
            event = decode_keyed_event(encoded)
            assert isinstance(event, Reset)
            assert event.now == at
            self.hosts.apply(key, event)
            resets.append(event)
        await self._store()
        return resets

    async def until_resets(self) -> list[Reset]:
        async with asyncio.timeout(LONG_TIMEOUT_S):
            while not (found := await self.evaluates_resets()):
                await asyncio.sleep(0.01)
        return found

    async def _store(self) -> None:
        findings, self.hosts.findings = self.hosts.findings, []
        self.found += findings
        if findings:
            await self.service.alerting.desk.process_findings(findings)

    async def settle(self, alert: str) -> None:
        for action in ("acknowledge", "arrive", "resolve"):
            answer = await self.api.post(f"/api/v1/alerts/{alert}/{action}", json={"comment": "已关阀"})
            assert answer.status_code == 200, answer.text


@pytest.fixture
async def cluster(topic: Topic, tmp_path: Path, broker: Broker, free_port: Callable[[], int]) -> AsyncIterator[Cluster]:
    async with Cluster(topic, tmp_path / "data", broker.port, free_port()) as running:
        await running.begin()
        yield running


def phases(cluster: Cluster) -> list[FindingPhase]:
    return [finding.phase for finding in cluster.found if finding.rule == "gas-alarm"]


async def test_the_next_danger_after_a_settled_one_is_told(cluster: Cluster) -> None:
    """The rule stayed latched in the cluster for ever: the next leak in that kitchen was told to nobody."""
    await cluster.rings(True, False)
    (alert,) = await cluster.until_items("/api/v1/alerts?ledger=danger")
    await cluster.settle(alert["id"])
    (reset,) = await cluster.until_resets()
    assert (reset.rule, reset.device) == ("gas-alarm", "gas-402")
    assert phases(cluster) == [FindingPhase.BEGAN, FindingPhase.ENDED]
    await cluster.rings(True)
    assert phases(cluster)[-1] is FindingPhase.BEGAN
    texts = cluster.phone("李伟").texts
    await cluster.until(lambda: sum("燃气" in text for text in texts) > 1, "the second text")


async def test_what_was_settled_while_kafka_was_away_is_reset_by_the_next_start(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RemoteLatches, "_write_records", refused)
    await cluster.rings(True, False)
    (alert,) = await cluster.until_items("/api/v1/alerts?ledger=danger")
    answer = await cluster.api.post(RESET, json={"device": "gas-402", "reason": "已到现场查看"})
    assert answer.status_code == 503
    await cluster.settle(alert["id"])
    await cluster.crash()
    monkeypatch.undo()
    await cluster.start()
    assert [reset.device for reset in await cluster.until_resets()] == ["gas-402"]
    assert phases(cluster) == [FindingPhase.BEGAN, FindingPhase.ENDED]


async def refused(*_: object) -> None:
    raise CannotWrite("Kafka is away")


async def test_a_person_resets_over_the_api_once(cluster: Cluster) -> None:
    """The device still alarms: the finding ends with its all-clear, as on one machine."""
    await cluster.rings(True)
    (latched,) = await cluster.until_items("/api/v1/rules/latched")
    assert (latched["rule"], latched["device"]) == ("gas-alarm", "gas-402")
    for status in (200, 409):
        answer = await cluster.api.post(RESET, json={"device": "gas-402", "reason": "误按"})
        assert answer.status_code == status, answer.text
    (reset,) = await cluster.until_resets()
    assert reset.finding == latched["finding"]
    assert phases(cluster) == [FindingPhase.BEGAN]
    assert await cluster.items("/api/v1/rules/latched") == []
    await cluster.rings(False)
    cluster.hosts.advance(cluster.clock.now + MINUTE)
    assert [finding.phase for finding in cluster.hosts.findings] == [FindingPhase.ENDED]


async def test_a_reset_says_nothing_about_the_time_since_the_last_message(cluster: Cluster) -> None:
    """Dated now it would carry the clock of the rules over an hour in which no worker could receive."""
    await cluster.rings(True, False)
    await cluster.until_items("/api/v1/rules/latched")
    received_until = cluster.clock.now
    await cluster.fast_forward(minutes=60)
    assert (await cluster.api.post(RESET, json={"device": "gas-402", "reason": "查看"})).status_code == 200
    (reset,) = await cluster.until_resets()
    assert reset.now == received_until


def test_a_building_has_the_key_of_a_device_in_it() -> None:
    kinds = load_kinds()
    books = load_active_rulebooks(kinds)
    town = community([Place("b1", "1栋", "building"), Place("h1", "101", "household", parent="b1")])
    devices = [Device("gas-0", "gas_alarm"), Device("gas-1", "gas_alarm", place="h1")]
    registry = KeyedRegistry(books, kinds)
    list(registry.update(devices, town, 0))
    keys = keys_of_subjects(["gas-1", "building/b1", "building/gone", "gas-9"], books, kinds, devices, town)
    assert keys["gas-1"] == keys["building/b1"] == registry.key_of("gas-1")
    assert (keys["building/gone"], keys["gas-9"]) == ("building/gone", "gas-9")
