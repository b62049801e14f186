"""kill -9 between append and acknowledgement, simulated: two sessions deliver equal presses and stop anywhere."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.decoding.decoder import Decoder
from ingest.frame import Frame
from ingest.mqtt.journal_recovery import PACKETS_PER_SESSION_MAX, JournalRecovery
from ingest.mqtt.session_copies import SessionCopies
from ingest.topics import TopicFilterSet
from tests.support.long_form import examples

NOW = 1767225660000
TOPIC = "zigbee2mqtt/button"
URGENT_TOPICS = TopicFilterSet([TOPIC])


class Process:
    """One run of the service: what it journals of the presses of one button, all with equal bytes."""

    def __init__(self, journal: list[Frame]) -> None:
        self.journal, self.copies = journal, SessionCopies()
        self.waiting: dict[str, list[Frame]] = {"urgent": [], "bulk": []}
        recovery = JournalRecovery()
        recovery.add(journal, URGENT_TOPICS)
        for message_hash, (urgent, bulk, stored) in recovery.copies.items():
            self.copies.restore(message_hash, urgent, bulk, stored, NOW)
        self.known = {name: recovery.last_packets(name) for name in self.waiting}

    def receive(self, session: str, press: int, urgent_is_certain: bool) -> None:
        if press in self.known[session]:
            return
        message_hash = hash((TOPIC, b"press"))
        keep = (
            self.copies.keep_urgent(message_hash, NOW)
            if session == "urgent"
            else self.copies.keep_bulk(message_hash, NOW, urgent_is_certain)
        )
        self.waiting[session].append(Frame(TOPIC, b"press", NOW, session, 1, press, is_session_copy=not keep))

    def append(self, session: str, dangers_only: bool) -> None:
        """A danger is written at once; a copy of the other session waits with its batch."""
        appended = [frame for frame in self.waiting[session] if not (dangers_only and frame.is_session_copy)]
        self.journal += appended
        self.waiting[session] = [frame for frame in self.waiting[session] if frame not in appended]


STEPS = st.lists(st.tuples(st.sampled_from(["urgent", "bulk"]), st.sampled_from(["receive", "append", "dangers"])))


@settings(max_examples=examples(400, short=120), deadline=None)
@given(st.integers(1, 8), st.lists(STEPS, min_size=1, max_size=3), st.booleans())
def test_each_press_is_stored_once_whatever_was_journaled_when_the_process_was_killed(
    presses: int, lives: list[list[tuple[str, str]]], urgent_is_certain: bool
) -> None:
    journal: list[Frame] = []
    for steps in [*lives, None]:
        process = Process(journal)
        received = {"urgent": 0, "bulk": 0}  # the broker sends again from the beginning what may not be acknowledged
        for session, what in steps or []:
            if what != "receive":
                process.append(session, what == "dangers")
            elif received[session] < presses:
                process.receive(session, received[session], urgent_is_certain)
                received[session] += 1
    for session in ("urgent", "bulk"):
        for press in range(presses):
            process.receive(session, press, urgent_is_certain)
        process.append(session, dangers_only=False)

    assert presses == sum(not frame.is_session_copy for frame in journal)


def test_a_copy_of_the_other_session_gives_no_reading_and_is_counted(build_decoder: Callable[..., Decoder]) -> None:
    payload = b'{"lel_pct": 3}'
    frames = [
        Frame("fengshao/v1/gas-1/alarm", payload, NOW, "urgent", 1, 1),
        Frame("fengshao/v1/gas-1/alarm", payload, NOW, "bulk", 1, 1, is_session_copy=True),
        Frame("fengshao/v1/gas-1/alarm", payload, NOW, "bulk", 0, None, is_session_copy=True),
    ]
    result = build_decoder().decode(frames)

    assert (1, 2) == (len(result.refusals), result.duplicates)


def test_the_newest_packets_of_each_session_are_recovered_and_no_others() -> None:
    recovery = JournalRecovery()
    numbers = range(2 * PACKETS_PER_SESSION_MAX + 1)
    recovery.add(
        [Frame("t", b"%d" % index, NOW + index, "bulk", 1, index % 65_535 + 1) for index in numbers], TopicFilterSet()
    )
    recovery.add([Frame("t", b"pushed", NOW, "http", 1, 5), Frame("t", b"", NOW, "bulk")], TopicFilterSet())

    assert PACKETS_PER_SESSION_MAX == len(recovery.last_packets("bulk"))
    assert hash("t") ^ hash(b"%d" % numbers[-1]) == recovery.last_packets("bulk")[numbers[-1] % 65_535 + 1]
    assert {} == recovery.last_packets("urgent")
    assert {} == recovery.copies
