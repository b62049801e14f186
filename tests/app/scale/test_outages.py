"""What was received after a gap waits until every key has the outage; nothing is written of a short interruption."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest

from app.scale.outages import OutageJournal, OutageRecorder
from app.scale.records import Record
from domain import Lane
from ingest.frame import Frame
from rules.hosts.keyed.events import decode_keyed_event, split_record
from rules.hosts.replay import Outage

T0 = 1_790_000_000_000
HOUR = 3_600_000


class Topic:
    """Records and frames in the order in which they were written. `refusing`: Kafka refuses the next write."""

    def __init__(self) -> None:
        self.written: list[tuple[str, Outage] | Frame] = []
        self.times: list[int] = []
        self.refusing = False

    async def write(self, records: Iterable[Record]) -> None:
        if self.refusing:
            raise OSError("Kafka refused")
        for record in records:
            key, event = split_record(record.value)
            outage = decode_keyed_event(event)
            assert isinstance(outage, Outage)
            self.written.append((key, outage))
            self.times.append(record.at)

    async def append(self, _lane: Lane, frames: Sequence[Frame]) -> int:
        self.written += frames
        return 1


@pytest.fixture
def topic() -> Topic:
    return Topic()


@pytest.fixture
def outages(topic: Topic) -> OutageRecorder:
    return OutageRecorder(topic.write, lambda: ["gas-1", "gas-2"])


def frame(received: int) -> Frame:
    return Frame("fengshao/v1/gas-1/up", b"{}", received, "one", 1, 1)


async def test_after_a_restart_of_everything_the_outage_comes_before_the_first_message(
    topic: Topic, outages: OutageRecorder
) -> None:
    outages.begin(T0)
    first = frame(T0 + HOUR)
    await OutageJournal(topic, outages).append(Lane.BULK, [first])
    assert topic.written == [("gas-1", Outage(T0, T0 + HOUR)), ("gas-2", Outage(T0, T0 + HOUR)), first]
    assert topic.times == [T0, T0]  # the clock of the rules stands still until both have it


async def test_no_outage_is_written_while_clocks_go_on(topic: Topic, outages: OutageRecorder) -> None:
    outages.begin(T0)
    for second in range(1, 20):
        await outages.advance([T0 + 1_000 * second])
    await outages.advance([T0])  # a message that waited longer than others
    await outages.advance([T0 + 23_999])
    assert topic.written == []
    await outages.advance([T0 + 28_999])
    assert len(topic.written) == 2


async def test_a_gap_between_messages_of_one_batch_is_an_outage(topic: Topic, outages: OutageRecorder) -> None:
    await outages.advance([T0])
    batch = [frame(T0 + 1), frame(T0 + HOUR)]
    await OutageJournal(topic, outages).append(Lane.BULK, batch)
    assert topic.written[:2] == [(name, Outage(T0 + 1, T0 + HOUR)) for name in ("gas-1", "gas-2")]
    assert topic.written[2:] == batch


async def test_an_outage_that_kafka_refused_is_written_again_and_holds_the_messages_back(
    topic: Topic, outages: OutageRecorder
) -> None:
    outages.begin(T0)
    topic.refusing = True
    with pytest.raises(OSError, match="refused"):
        await OutageJournal(topic, outages).append(Lane.BULK, [frame(T0 + HOUR)])
    topic.refusing = False
    await OutageJournal(topic, outages).append(Lane.BULK, [frame(T0 + HOUR)])
    assert len(topic.written) == 3
