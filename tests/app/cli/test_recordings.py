"""`fengshao simulate --record` and `--replay`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import aiomqtt

from app.datadir.stores import JOURNAL_FILE
from domain import Lane
from ingest.frame import Frame
from simulators.recording import RecordedMessage, read_recording, write_recording
from store.journal import SqliteJournal
from tests.conftest import Broker
from tests.support.cli import run

AT = 1_796_011_200_000


async def test_a_broker_is_recorded(broker: Broker, tmp_path: Path) -> None:
    file = tmp_path / "session.jsonl"
    async with aiomqtt.Client("127.0.0.1", broker.port) as client:
        # Retained, so that they are delivered whenever the recording has subscribed.
        await client.publish("shellies/gas-1/online", b"true", qos=1, retain=True)
        await client.publish("$oc/devices/d/sys/properties/report", b"{}", qos=1, retain=True)
    url = f"mqtt://127.0.0.1:{broker.port}"
    result = await asyncio.to_thread(run, "simulate", "--record", str(file), "--seconds", "0.3", "--mqtt", url)
    assert result.output == f"{file}: 2 messages; ended by: time\n"
    received = sorted((message.topic, message.payload, message.retain) for message in read_recording(file))
    assert received == [
        ("$oc/devices/d/sys/properties/report", b"{}", True),
        ("shellies/gas-1/online", b"true", True),
    ]


async def test_a_recording_is_replayed_in_order(broker: Broker, tmp_path: Path) -> None:
    file, url = tmp_path / "session.jsonl", f"mqtt://127.0.0.1:{broker.port}"
    sent = [RecordedMessage(AT + number * 50, "shellies/gas-1/sensor/gas", b"%d" % number, 1) for number in range(6)]
    write_recording(file, sent)
    async with aiomqtt.Client("127.0.0.1", broker.port) as client:
        await client.subscribe("shellies/#", qos=1)
        played = await asyncio.to_thread(run, "simulate", "--replay", str(file), "--speed", "10", "--broker", url)
        received = []
        async for message in client.messages:
            received.append(message.payload)
            if len(received) == len(sent):
                break
    assert played.output == f"{file}: 6 messages published\n"
    assert received == [message.payload for message in sent]


async def test_a_journal_is_exported_in_order_of_reception(tmp_path: Path) -> None:
    data, file = tmp_path / "data", tmp_path / "session.jsonl"
    data.mkdir()
    journal = SqliteJournal(data / JOURNAL_FILE)
    await journal.append(Lane.BULK, [Frame("a", b"1", AT, "bulk"), Frame("c", b"3", AT + 2, "bulk", 1)])
    copy = Frame("x", b"2", AT + 1, "urgent", is_session_copy=True)
    await journal.append(Lane.URGENT, [Frame("b", b"2", AT + 1, "urgent", 1), copy])
    journal.close()
    result = run("simulate", "--record", str(file), "--data", str(data))
    assert result.output == f"{file}: 3 messages of the journal\n"
    assert [(message.at, message.topic) for message in read_recording(file)] == [
        (AT, "a"),
        (AT + 1, "b"),
        (AT + 2, "c"),
    ]


def test_what_cannot_be_played_is_named(tmp_path: Path, free_port: Callable[[], int]) -> None:
    file, nowhere = tmp_path / "session.jsonl", f"mqtt://127.0.0.1:{free_port()}"
    write_recording(file, [])
    assert "--speed 0: write a number above 0" in run("simulate", "--replay", str(file), "--speed", "0").stderr
    assert nowhere in run("simulate", "--replay", str(file), "--mqtt", nowhere).stderr
    assert "no journal" in run("simulate", "--record", str(file), "--data", str(tmp_path)).stderr


def test_a_faulty_recording_is_named_by_file_and_line(broker: Broker, tmp_path: Path) -> None:
    file = tmp_path / "session.jsonl"
    file.write_text("{}\n")
    result = run("simulate", "--replay", str(file), "--mqtt", f"mqtt://127.0.0.1:{broker.port}")
    assert (result.exit_code, f"{file}:1: " in result.stderr) == (1, True)
