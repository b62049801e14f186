"""The consumer against a real Mosquitto: lanes, reconnecting, retained messages, failures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import uvloop

from domain import Device, Identity, Lane
from domain.kind import Kind
from ingest.frame import JournalEntry
from ingest.mqtt.broker_address import parse_broker_address
from ingest.mqtt.consumer import MqttConsumer
from ingest.mqtt.session import NOT_CONNECTED
from tests.ingest.mqtt.consumer_events import RecordedEvents
from tests.ingest.mqtt.running_consumer import MemoryJournal, now_ms, publish, running, until


async def test_an_alarm_is_stored_once_and_in_the_urgent_lane(broker: Any) -> None:
    journal = MemoryJournal()
    async with running(broker, journal) as consumer:
        await publish(broker, *[("fengshao/v1/band-1/alarm", b'{"sos": true}')] * 3)
        await publish(broker, ("fengshao/v1/band-1/up", b"last"))
        await until(lambda: b"last" in journal.payloads())

        assert journal.payloads(Lane.URGENT) == [b'{"sos": true}'] * 3
        assert journal.payloads(Lane.BULK) == [b"last"]
        await until(lambda: consumer.status().session_copies == 3)


async def test_an_alarm_is_received_on_uvloop_as_well(broker: Any) -> None:
    def listen() -> list[bytes]:
        journal = MemoryJournal()

        async def run_once() -> None:
            async with running(broker, journal):
                await publish(broker, ("fengshao/v1/band-1/alarm", b"help"))
                await until(lambda: journal.rows)

        uvloop.run(run_once())
        return journal.payloads(Lane.URGENT)

    assert [b"help"] == await asyncio.to_thread(listen)


async def test_messages_published_while_offline_are_received_once_and_alarms_first(broker: Any) -> None:
    async with running(broker, MemoryJournal()):
        pass
    ordinary = [("fengshao/v1/gas-1/up", b"%d" % number) for number in range(3_000)]
    await publish(broker, *ordinary, ("fengshao/v1/band-1/alarm", b"sos"), ("fengshao/v1/gas-1/up", b"last"))
    journal = MemoryJournal()
    async with running(broker, journal):
        await until(lambda: b"last" in journal.payloads())

    assert [b"sos"] == journal.payloads(Lane.URGENT)
    assert [*(payload for _, payload in ordinary), b"last"] == journal.payloads(Lane.BULK)
    assert b"sos" in journal.payloads()[: len(journal.rows[0][1]) + 1]


async def test_after_the_broker_was_killed_the_consumer_reconnects_and_reports_the_outage(broker: Any) -> None:
    journal = MemoryJournal()
    async with running(broker, journal) as consumer:
        broker.kill()
        await until(lambda: not consumer.ready and consumer.connections == [True, False])
        broker.start()
        await until(lambda: consumer.ready)
        await publish(broker, ("fengshao/v1/gas-1/up", b"again"), ("fengshao/v1/gas-1/alarm", b"alarm"))
        await until(lambda: len(journal.payloads()) == 2)

        assert ([b"again"], [b"alarm"]) == (journal.payloads(Lane.BULK), journal.payloads(Lane.URGENT))
        assert [True, False, True] == consumer.connections


async def test_a_registered_device_of_an_urgent_kind_moves_to_the_urgent_lane(
    broker: Any, kinds: dict[str, Kind]
) -> None:
    journal = MemoryJournal()
    gas = Device("gas-1", "gas_alarm", identities=(Identity("zigbee2mqtt", "3栋/402 gas"),))
    topic = "zigbee2mqtt/3栋/402 gas"
    async with running(broker, journal) as consumer:
        await publish(broker, (topic, b"1"))
        await until(lambda: journal.payloads(Lane.BULK) == [b"1"])
        consumer.set_devices([gas], kinds)
        await until(lambda: consumer.ready)
        await publish(broker, *[(topic, b"2")] * 3, ("fengshao/v1/x/up", b"last"))
        await until(lambda: b"last" in journal.payloads() and journal.payloads().count(b"2") == 3)
        await until(lambda: consumer.status().session_copies == 3)
        consumer.set_devices([], kinds)
        await until(lambda: consumer.status().urgent.granted == 1)
        await publish(broker, (topic, b"3"))
        await until(lambda: b"3" in journal.payloads(Lane.BULK))

        assert 3 == journal.payloads().count(b"2")


async def test_only_messages_retained_before_the_subscription_are_marked_retained(broker: Any) -> None:
    await publish(broker, ("fengshao/v1/gas-1/up", b"old"), retain=True)
    journal = MemoryJournal()
    async with running(broker, journal):
        await until(lambda: journal.rows)
        await publish(broker, ("fengshao/v1/gas-1/up", b"new"), retain=True)
        await until(lambda: len(journal.payloads()) == 2)

    assert [(b"old", True), (b"new", False)] == [(f.payload, f.retain) for _, frames in journal.rows for f in frames]


async def test_qos_0_messages_are_received_and_their_frames_have_no_packet_id(broker: Any) -> None:
    journal = MemoryJournal()
    async with running(broker, journal):
        await publish(broker, ("fengshao/v1/gas-1/up", b"a"), ("fengshao/v1/gas-1/alarm", b"b"), qos=0)
        await until(lambda: len(journal.payloads()) == 2)

    assert {(0, None)} == {(frame.qos, frame.packet_id) for _, frames in journal.rows for frame in frames}


async def test_without_a_broker_it_is_not_ready_and_reports_the_reason(free_port: Callable[[], int]) -> None:
    consumer = MqttConsumer(
        parse_broker_address(f"mqtt://127.0.0.1:{free_port()}"),
        MemoryJournal(),
        lambda _: None,
        now_ms,
        RecordedEvents(),
    )
    task = asyncio.create_task(consumer.run())
    await until(lambda: "127.0.0.1" in consumer.status().urgent.last_error)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task

    assert not consumer.ready


async def test_a_machine_that_is_superseded_leaves_the_sessions_to_the_active_one(
    broker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.mqtt.consumer.PERMISSION_POLL_S", 0.0)
    permitted, asked = asyncio.Event(), asyncio.Event()

    def may_connect() -> bool:
        asked.set()
        return permitted.is_set()

    consumer = MqttConsumer(
        parse_broker_address(f"mqtt://127.0.0.1:{broker.port}"),
        MemoryJournal(),
        lambda _: None,
        now_ms,
        RecordedEvents(),
    )
    consumer.may_connect = may_connect
    task = asyncio.create_task(consumer.run())
    await asked.wait()
    await publish(broker, ("fengshao/v1/gas-1/up", b"{}"))  # the broker works, and time has passed
    assert consumer.status().urgent.last_error == NOT_CONNECTED
    permitted.set()
    await until(lambda: consumer.ready)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_an_error_behind_the_journal_ends_the_consumer_and_is_not_swallowed(broker: Any) -> None:
    def fail(entry: JournalEntry) -> None:
        raise ZeroDivisionError("a bug in the chain")

    consumer = MqttConsumer(
        parse_broker_address(f"mqtt://127.0.0.1:{broker.port}"), MemoryJournal(), fail, now_ms, RecordedEvents()
    )
    task = asyncio.create_task(consumer.run())
    await until(lambda: consumer.ready)
    await publish(broker, ("fengshao/v1/gas-1/up", b"{}"))
    with pytest.raises(ZeroDivisionError, match="a bug in the chain"):
        await task
