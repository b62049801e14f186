"""Recorded messages: written, read and played again."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain import DAY, HOUR, MINUTE
from simulators.recording import (
    InvalidRecording,
    RecordedMessage,
    read_recording,
    replay,
    shift_times,
    write_recording,
)
from simulators.wire import Message

AT = 1_796_011_200_000  # 2026-11-30T04:00:00Z


def test_a_recording_has_one_json_object_a_line_and_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "session.jsonl"
    message = RecordedMessage(AT, "shellies/gas/sensor/gas", b"heavy", 0, retain=True)
    assert write_recording(file, [message]) == 1
    assert file.read_text() == (
        '{"at":1796011200000,"topic":"shellies/gas/sensor/gas","payload":"aGVhdnk=","qos":0,"retain":true}\n'
    )
    assert file.stat().st_mode & 0o777 == 0o600


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.text(), st.binary(), st.integers(0, 2), st.booleans()), max_size=5))
def test_what_is_written_is_read(tmp_path: Path, contents: list[tuple[str, bytes, int, bool]]) -> None:
    file = tmp_path / "session.jsonl"
    messages = [RecordedMessage(AT + number, *content) for number, content in enumerate(contents)]
    write_recording(file, messages)
    assert list(read_recording(file)) == messages


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ('{"at": 1, "topic": "t", "payload": ""}\n\n{"at": 2}', r"session.jsonl:3: .*topic.*: write {\"at\": ms"),
        ("not json", r"session.jsonl:1: .*write {\"at\": ms"),
        (
            '{"at": 2, "topic": "t", "payload": ""}\n{"at": 1, "topic": "t", "payload": ""}',
            r"session.jsonl:2: at: 1 is before the line above; sort by `at`",
        ),
        ('{"at": 1, "topic": "t", "payload": "***"}', "session.jsonl:1: "),
        (" " * 4_194_305, "session.jsonl:1: longer than 4194304 bytes"),
    ],
)
def test_a_faulty_line_is_named_with_what_to_write(tmp_path: Path, lines: str, fault: str) -> None:
    file = tmp_path / "session.jsonl"
    file.write_text(lines)
    with pytest.raises(InvalidRecording, match=fault):
        list(read_recording(file))


class Player:
    """A clock that sleeping moves, and what was published when."""

    def __init__(self, now: int) -> None:
        self.now = now
        self.published: list[tuple[int, Message]] = []

    async def sleep(self, seconds: float) -> None:
        self.now += round(seconds * 1000)

    async def publish(self, message: Message) -> None:
        self.published.append((self.now, message))


async def test_a_recording_is_played_at_a_multiple_of_its_pace_with_times_of_now() -> None:
    player = Player(AT + DAY)
    messages = [
        RecordedMessage(AT, "fengshao/v1/gas-1/up", b'{"ts": 1796011199000}', 1),
        RecordedMessage(AT + 10 * MINUTE, "zigbee2mqtt/door", b'{"contact": true}', 0, retain=True),
    ]
    count = await replay(messages, player.publish, 60, lambda: player.now, player.sleep, shifts_times=True)
    assert count == 2
    assert player.published == [
        (AT + DAY, Message("fengshao/v1/gas-1/up", b'{"ts": 1796097599000}', 1)),
        (AT + DAY + 10_000, Message("zigbee2mqtt/door", b'{"contact": true}', 0, retain=True)),
    ]


async def test_times_are_kept_where_that_is_asked_for() -> None:
    player = Player(AT + DAY)
    message = RecordedMessage(AT, "fengshao/v1/gas-1/up", b'{"ts": 1796011199000}', 1)
    await replay([message], player.publish, 1, lambda: player.now, player.sleep, shifts_times=False)
    assert player.published[0][1].payload == message.payload


@pytest.mark.parametrize(
    ("payload", "shifted"),
    [
        (b'{"ts": 1796011200}', b'{"ts": 1796014800}'),
        (b'[{"ts": 1796011200123}]', b'[{"ts": 1796014800123}]'),
        (b'{"time":"2026-11-30T04:00:00.775000000+00:00"}', b'{"time":"2026-11-30T05:00:00.775000000+00:00"}'),
        (b'{"event_time": "2026-11-30T03:30:00Z"}', b'{"event_time": "2026-11-30T04:30:00Z"}'),
        # No times of this message: a number of a sensor, an IMEI, an older instant, local time, no date.
        (b'{"seq": 1234567890, "v": 17960.11200000}', b'{"seq": 1234567890, "v": 17960.11200000}'),
        (b'{"IMEI": "860374051000000"}', b'{"IMEI": "860374051000000"}'),
        (b'{"installed": 1696011200000}', b'{"installed": 1696011200000}'),
        (b'{"Time": "2026-11-30T04:00:00"}', b'{"Time": "2026-11-30T04:00:00"}'),
        (b'{"Time": "2026-02-30T04:00:00Z"}', b'{"Time": "2026-02-30T04:00:00Z"}'),
        (b'{"Time": "2025-11-30T04:00:00Z"}', b'{"Time": "2025-11-30T04:00:00Z"}'),
        (b"##0101QN=20261130120000223;", b"##0101QN=20261130120000223;"),
    ],
)
def test_only_times_of_the_message_are_moved(payload: bytes, shifted: bytes) -> None:
    assert shift_times(payload, AT, AT + HOUR) == shifted
