"""Failures of disk, broker and connection, and overload: real broker, real files, nothing patched."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from domain import Lane
from tests.conftest import Broker
from tests.support.service_harness import ServiceHarness, running_service


@pytest.fixture
async def harness(tmp_path: Path, broker: Broker, free_port: Callable[[], int]) -> AsyncIterator[ServiceHarness]:
    async with running_service(tmp_path / "data", broker.port, free_port()) as running:
        yield running


def journal_error(harness: ServiceHarness) -> str:
    return harness.service.consumer.status().journal_error


def are_processed(harness: ServiceHarness, count: int) -> Callable[[], bool]:
    return lambda: harness.service.processing.pipeline.counters.readings >= count


async def values(harness: ServiceHarness, device: str, quantity: str) -> list[Any]:
    return [item["value"] for item in await harness.items(f"/api/v1/devices/{device}/readings?quantity={quantity}")]


async def test_on_a_full_disk_nothing_is_acknowledged_and_everything_arrives_when_there_is_space(
    harness: ServiceHarness,
) -> None:
    write = harness.stores.journal._writer
    (pages,) = write.execute("PRAGMA page_count").fetchone()
    write.execute(f"PRAGMA max_page_count={pages}")
    filler = "x" * 20_000
    for number in range(5):
        await harness.publish("fengshao/v1/meter-402/up", {"seq": number, "volume_m3": number, "note": filler})
    await harness.until(lambda: "full" in journal_error(harness), "the full disk on the status")
    assert "full" in harness.service.status()["journal_error"]
    assert not are_processed(harness, 5)()
    unready = await harness.api.get("/readyz")
    assert (503, False) == (unready.status_code, unready.json()["checks"]["stores"])
    (alert,) = await harness.until_items("/api/v1/alerts?ledger=health")
    assert ("journal-refused", "日志磁盘写不进") == (alert["rule"], alert["title"])

    write.execute("PRAGMA max_page_count=1000000")
    await harness.until(are_processed(harness, 5), "what waited at the broker")
    assert journal_error(harness) == ""
    assert [0, 1, 2, 3, 4] == await values(harness, "meter-402", "volume_m3")
    assert (await harness.api.get("/readyz")).status_code == 200
    assert [alert["id"]] == [health_alert["id"] for health_alert in await harness.items("/api/v1/alerts?ledger=health")]


async def test_a_push_is_answered_with_2xx_only_when_it_is_in_the_journal(harness: ServiceHarness) -> None:
    write = harness.stores.journal._writer
    (pages,) = write.execute("PRAGMA page_count").fetchone()
    write.execute(f"PRAGMA max_page_count={pages}")
    reading = {"seq": 1, "volume_m3": 7, "note": "x" * 20_000}
    refused = await harness.api.post("/api/v1/readings?device=meter-402", json=reading)
    assert (503, "5") == (refused.status_code, refused.headers["retry-after"])

    write.execute("PRAGMA max_page_count=1000000")
    response = await harness.api.post("/api/v1/readings?device=meter-402", json=reading)
    await harness.crash()
    await harness.start()
    assert response.status_code == 200
    await harness.until(are_processed(harness, 1), "what was answered with 200, after the crash")
    assert [7] == await values(harness, "meter-402", "volume_m3")


async def test_a_full_disk_makes_no_device_absent(harness: ServiceHarness) -> None:
    await harness.publish("fengshao/v1/gas-402/up", {"seq": 1, "alarm": False})
    await harness.until(are_processed(harness, 1), "the first reading")
    write = harness.stores.journal._writer
    (pages,) = write.execute("PRAGMA page_count").fetchone()
    write.execute(f"PRAGMA max_page_count={pages}")
    await harness.publish("fengshao/v1/gas-402/up", {"seq": 2, "alarm": False, "note": "x" * 20_000})
    await harness.until(lambda: "full" in journal_error(harness), "the full disk on the status")

    await harness.fast_forward(minutes=3 * 24 * 60)
    write.execute("PRAGMA max_page_count=1000000")
    await harness.until(are_processed(harness, 2), "what waited at the broker")
    await harness.until_items("/api/v1/alerts?ledger=health")
    await harness.publish("fengshao/v1/gas-402/up", {"seq": 3, "alarm": False})
    await harness.until(are_processed(harness, 3), "the next reading")
    assert ["journal-refused"] == [alert["rule"] for alert in await harness.items("/api/v1/alerts")]


async def test_while_the_journal_is_locked_the_service_answers_and_nothing_is_lost(
    harness: ServiceHarness,
) -> None:
    with contextlib.closing(sqlite3.connect(harness.data / "journal.db", isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        for number in range(20):
            await harness.publish("fengshao/v1/meter-402/up", {"seq": number, "volume_m3": number})
        await harness.publish("fengshao/v1/gas-402/alarm", {"alarm": True})
        for _ in range(20):
            assert (await harness.api.get("/healthz")).status_code == 200
        assert not are_processed(harness, 1)()
        connection.execute("COMMIT")

    await harness.until(are_processed(harness, 21), "what waited for the disk")
    await harness.phone("李伟").expects_sms("燃气泄漏")


POISONED_PAYLOADS = (
    b"",
    b"\x00" * 40,
    b"\xff\xfe\xfa",
    b"[" * 200_000,
    b'{"alarm": ' * 5_000,
    b'{"lel_pct": 1e999, "seq": 99999999999999999999999999}',
    b'{"ts": "9999999999-99-99", "seq": {"a": []}}',
    b"x" * 900_000,
    b"y" * 3_000_000,
)


async def test_a_poisoned_message_blocks_no_other_also_after_a_restart(harness: ServiceHarness) -> None:
    topics = (
        "fengshao/v1/meter-402/up",
        "fengshao/v1/meter-402/alarm",
        "zigbee2mqtt/0x000d6f0014f7bf0f",
        "spBv1.0/a/b",
    )
    for number, payload in enumerate(POISONED_PAYLOADS):
        for topic in topics:
            await harness.publish(topic, payload)
        await harness.publish("fengshao/v1/meter-402/up", {"seq": number, "volume_m3": number})
    await harness.until(are_processed(harness, len(POISONED_PAYLOADS)), "every reading among the poisoned messages")
    counts = harness.service.processing.pipeline.counters
    assert counts.refusals.total() + counts.device_events.total() >= len(POISONED_PAYLOADS) * len(topics)

    await harness.crash()
    await harness.start()
    await harness.publish("fengshao/v1/gas-402/alarm", {"alarm": True})
    phone = harness.phone("李伟")  # also got a text about the payloads: one looks like an alarm
    await harness.until(lambda: any("燃气泄漏" in text for text in phone.texts), "the text about the leak")
    assert list(range(len(POISONED_PAYLOADS))) == await values(harness, "meter-402", "volume_m3")


async def test_messages_of_a_lost_connection_arrive_with_the_persistent_session(harness: ServiceHarness) -> None:
    for number_of_cut in range(3):
        for session in harness.service.consumer._sessions.values():
            assert session.connection is not None
            session.connection.abort("cut by the test")
        for number in range(20):
            await harness.publish("fengshao/v1/meter-402/up", {"seq": 20 * number_of_cut + number, "volume_m3": number})
        await harness.until(lambda: harness.service.consumer.ready, "the link")
    await harness.until(are_processed(harness, 60), "what the broker kept for us")

    assert 60 == len(await values(harness, "meter-402", "volume_m3"))
    assert all(session.session_present for session in harness.service.consumer._sessions.values())


async def test_after_a_restart_of_the_broker_its_queue_is_received(harness: ServiceHarness, broker: Broker) -> None:
    await harness.publish("fengshao/v1/meter-402/up", {"seq": 1, "volume_m3": 1})
    await harness.until(are_processed(harness, 1), "the first reading")
    broker.stop()
    await harness.until(lambda: not harness.service.consumer.ready, "the loss of the link")
    broker.start()
    await harness.until(lambda: harness.service.consumer.ready, "the link")
    async with aiomqtt.Client("127.0.0.1", broker.port) as device:
        await device.publish("fengshao/v1/meter-402/up", '{"seq": 2, "volume_m3": 2}', qos=1)

    await harness.until(are_processed(harness, 2), "the second reading")
    assert [1, 2] == await values(harness, "meter-402", "volume_m3")


async def test_duplicates_are_recognised_after_a_crash(harness: ServiceHarness) -> None:
    await harness.publish("fengshao/v1/meter-402/up", {"seq": 7, "ts": harness.clock.now, "volume_m3": 7})
    await harness.until(are_processed(harness, 1), "the reading")
    await harness.crash()
    await harness.start()

    await harness.publish("fengshao/v1/meter-402/up", {"seq": 7, "ts": harness.clock.now, "volume_m3": 7})
    await harness.publish("fengshao/v1/meter-402/up", {"seq": 8, "ts": harness.clock.now + 1, "volume_m3": 8})
    await harness.until(are_processed(harness, 2), "the next reading")
    assert 1 == harness.service.processing.pipeline.counters.duplicates
    assert [7, 8] == await values(harness, "meter-402", "volume_m3")


async def test_a_retained_danger_is_reported_once_with_a_label(
    tmp_path: Path, broker: Broker, free_port: Callable[[], int]
) -> None:
    async with aiomqtt.Client("127.0.0.1", broker.port) as device:
        await device.publish("fengshao/v1/gas-402/alarm", '{"alarm": true, "seq": 1}', qos=1, retain=True)
    async with running_service(tmp_path / "data", broker.port, free_port()) as harness:
        (alert,) = await harness.until_items("/api/v1/alerts")
        await harness.crash()
        await harness.start()
        await harness.publish("fengshao/v1/meter-402/up", {"volume_m3": 1})
        await harness.until(are_processed(harness, 1), "a reading after the restart")

        assert 1 == len(await harness.items("/api/v1/alerts"))
        (reading,) = await harness.items("/api/v1/devices/gas-402/readings?quantity=alarm")
        assert ("gas-alarm", True, "retained") == (alert["rule"], reading["value"], reading["quality"])


async def test_a_danger_on_an_ordinary_topic_is_journaled_in_the_urgent_lane(harness: ServiceHarness) -> None:
    await harness.publish("fengshao/v1/band-402/up", {"sos": True})
    await harness.publish("fengshao/v1/band-402/up", {"sos": False, "heart_rate_bpm": 71})
    await harness.until(are_processed(harness, 2), "both messages")

    lanes = {
        lane: [frame.payload for entry in harness.stores.journal.read(lane, 0) for frame in entry.frames]
        for lane in Lane
    }
    assert ([b'{"sos": true}'], 1) == (lanes[Lane.URGENT], len(lanes[Lane.BULK]))


async def test_messages_dropped_by_the_broker_are_reported_to_maintenance(
    tmp_path: Path, broker: Broker, free_port: Callable[[], int]
) -> None:
    broker.stop()
    with broker.config.open("a") as config:
        config.write("sys_interval 1\nmax_queued_messages 10\n")
    broker.start()
    async with running_service(tmp_path / "data", broker.port, free_port()) as harness:
        async with aiomqtt.Client("127.0.0.1", broker.port, identifier="asleep", clean_session=False) as client:
            await client.subscribe("fengshao/v1/meter-402/up", qos=1)
        for number in range(60):
            await harness.publish("fengshao/v1/meter-402/up", {"seq": number, "volume_m3": number})

        (alert,) = await harness.until_items("/api/v1/alerts?ledger=health")
        assert ("broker-dropped", "消息服务器丢弃消息") == (alert["rule"], alert["title"])
        assert alert["evidence"][0]["value"] > 0
        await harness.until(are_processed(harness, 60), "all sixty readings, which we had no part in losing")
