"""Latched rules that are evaluated elsewhere: what people settle or reset at the desk reaches the rules over Kafka.

The broker is the one that librdkafka has in itself for tests; the rules run in the hosts that the job in Flink runs.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

kafka = pytest.importorskip("confluent_kafka", reason="KAFKA'S CLIENT IS NOT INSTALLED: requirements-kafka.lock")

from app.config.catalog import load_active_rulebooks, load_kinds  # noqa: E402
from app.scale.keys import KeyedRegistry, keys_of_subjects  # noqa: E402
from app.scale.records import READINGS  # noqa: E402
from app.server.remote_latches import REPEAT_MS, RemoteLatches  # noqa: E402
from domain import HOUR, MINUTE, SECOND, Device, Finding, FindingPhase, Place, Reading  # noqa: E402
from domain.people import community  # noqa: E402
from rules.hosts.keyed.events import CLOCK, KeyedReadings, decode_keyed_event, split_record  # noqa: E402
from rules.hosts.replay import Reset  # noqa: E402
from store.errors import CannotWrite  # noqa: E402
from tests.conftest import Broker  # noqa: E402
from tests.support.keyed_hosts import KeyedHosts  # noqa: E402
from tests.support.rulebook_harness import GAS, LATCHED, RulebookHarness  # noqa: E402
from tests.support.timeouts import LONG_TIMEOUT_S  # noqa: E402

LATCHED_BUILDING = GAS.replace("- name: gas-building\n", "- name: gas-building\n  latch: true\n").replace(
    "at_least: 3", "at_least: 2"
)
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

    @property
    def latches(self) -> RemoteLatches:
        return self.service.remote_latches

    async def begin(self, text: str = LATCHED) -> None:
        self.save_file(text)
        await self.service.rulebook_reloader.poll()
        books, kinds = self.service.engine.books, dict(self.service.processing.kinds)
        self.hosts, self.keys = KeyedHosts(books, kinds, emit_shadow=False), KeyedRegistry(books, kinds)
        registry = self.service.registry
        for key, event in self.keys.update(registry.device_list(), registry.community, self.clock.now):
            self.hosts.apply(key, event)
        self.topic.write_clock(self.clock.now)

    async def rings(self, *alarms: bool, device: str = "gas-402") -> None:
        """The device reports these states; what the rules find is in the ledger on return."""
        for alarm in alarms:
            self.clock.now += SECOND
            now = self.clock.now
            reading = Reading(device, "gas_alarm", now, now, {"alarm": alarm})
            self.hosts.apply(self.keys.key_of(device), KeyedReadings(now, (reading,)))
            self.topic.write_clock(now)
        await self.store()

    async def passes(self, ms: int) -> None:
        """So long nothing is reported."""
        self.clock.now += ms
        self.topic.write_clock(self.clock.now)
        self.hosts.advance(self.clock.now)
        await self.store()

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
        await self.store()
        return resets

    async def until_resets(self) -> list[Reset]:
        async with asyncio.timeout(LONG_TIMEOUT_S):
            while not (found := await self.evaluates_resets()):
                await asyncio.sleep(0.01)
        return found

    async def store(self) -> None:
        """What the rules have found is in the ledger on return."""
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


async def test_a_reset_that_had_no_effect_is_written_again(cluster: Cluster) -> None:
    """The job in Flink had not been started with the rulebooks of the desk yet, and held the device by another key."""
    await cluster.rings(True, False)
    (alert,) = await cluster.until_items("/api/v1/alerts?ledger=danger")
    await cluster.settle(alert["id"])
    await cluster.until(lambda: cluster.latches._written, "the reset")
    lost = cluster.topic.read()
    assert len(lost) == 1
    await cluster.latches._reset_settled(None)
    assert cluster.topic.read() == []

    await cluster.fast_forward(minutes=REPEAT_MS / MINUTE)
    assert len(await cluster.items("/api/v1/rules/latched")) == 1
    await cluster.latches._reset_settled(None)
    await cluster.until_resets()
    assert phases(cluster) == [FindingPhase.BEGAN, FindingPhase.ENDED]
    await cluster.latches._reset_settled(None)
    assert (cluster.latches._written, cluster.topic.read()) == ({}, [])


async def test_a_building_is_reset_in_the_second_stage(cluster: Cluster) -> None:
    await cluster.begin(LATCHED_BUILDING)
    for device in ("gas-402", "gas-403"):
        await cluster.rings(True, False, device=device)
    await cluster.passes(HOUR)
    (latched,) = await cluster.until_items("/api/v1/rules/latched")
    assert latched["device"].startswith("building/")
    path = f"/api/v1/rules/{latched['rule']}/reset"
    answer = await cluster.api.post(path, json={"subject": latched["device"], "reason": "已到现场查看"})
    assert answer.status_code == 200, answer.text
    await cluster.until_resets()
    await cluster.passes(MINUTE)
    ended = [finding.id for finding in cluster.found if finding.phase is FindingPhase.ENDED]
    assert latched["finding"] in ended


async def test_a_kafka_that_hangs_delays_nothing_else(cluster: Cluster) -> None:
    """Its questions took all threads, and the lease of the machine was not renewed: nothing was sent by anybody."""
    await cluster.rings(True, False)
    asked, answers = list[str](), threading.Event()

    def newest(topic: str, _within_s: float) -> int:
        asked.append(topic)
        answers.wait(LONG_TIMEOUT_S)
        return cluster.clock.now

    cluster.latches._newest_record()
    journal: Any = cluster.latches._journal
    written, journal.newest = journal.newest, newest
    found = await cluster.latches.latched_findings()
    writes = [asyncio.create_task(cluster.latches._write(found)) for _ in range(20)]
    await cluster.until(lambda: asked, "the first question")
    await asyncio.gather(*(asyncio.to_thread(int) for _ in range(20)))
    assert len(asked) == 1
    answers.set()
    await asyncio.gather(*writes)
    journal.newest = written


async def test_a_person_resets_over_the_api_once(cluster: Cluster) -> None:
    """The device still alarms: the finding ends with its all-clear, as on one machine."""
    await cluster.rings(True)
    (latched,) = await cluster.until_items("/api/v1/rules/latched")
    assert (latched["rule"], latched["device"]) == ("gas-alarm", "gas-402")
    for device, status in (("gas-402", 200), ("gas-403", 409)):
        answer = await cluster.api.post(RESET, json={"device": device, "reason": "误按"})
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
