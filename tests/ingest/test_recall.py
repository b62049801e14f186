"""kill -9 between the journal and the acknowledgement, on paper: two sessions bring equal presses and stop anywhere."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.decoding.decoder import Listener
from ingest.frame import Frame
from ingest.mqtt.journal_recovery import PACKETS_PER_SESSION_MAX, JournalRecovery
from ingest.mqtt.session_copies import SessionCopies
from ingest.topics import Cover

NOW = 1767225660000
TOPIC = "zigbee2mqtt/button"
COVER = Cover([TOPIC])


class Process:
    """One life of the service: what it journals of one button's presses, all of equal bytes."""

    def __init__(self, journal: list[Frame]) -> None:
        self.journal, self.twins = journal, SessionCopies()
        self.waiting: dict[str, list[Frame]] = {"urgent": [], "bulk": []}
        recall = JournalRecovery()
        recall.add(journal, COVER)
        for twin, (urgent, bulk, taken) in recall.copies.items():
            self.twins.restore(twin, urgent, bulk, taken, NOW)
        self.known = {name: recall.last_packets(name) for name in self.waiting}

    def hear(self, session: str, press: int, trusted: bool) -> None:
        if press in self.known[session]:
            return
        twin = hash((TOPIC, b"press"))
        takes = self.twins.keep_urgent(twin, NOW) if session == "urgent" else self.twins.keep_bulk(twin, NOW, trusted)
        self.waiting[session].append(Frame(TOPIC, b"press", NOW, session, 1, press, twin=not takes))

    def append(self, session: str, dangers_only: bool) -> None:
        """What is a danger overtakes; what the other session brought too waits with its batch."""
        written = [frame for frame in self.waiting[session] if not (dangers_only and frame.twin)]
        self.journal += written
        self.waiting[session] = [frame for frame in self.waiting[session] if frame not in written]


STEPS = st.lists(st.tuples(st.sampled_from(["urgent", "bulk"]), st.sampled_from(["hear", "append", "dangers"])))


@settings(max_examples=400, deadline=None)
@given(st.integers(1, 8), st.lists(STEPS, min_size=1, max_size=3), st.booleans())
def test_each_press_is_taken_once_whatever_was_journaled_when_we_were_killed(
    presses: int, lives: list[list[tuple[str, str]]], trusted: bool
) -> None:
    journal: list[Frame] = []
    for steps in [*lives, None]:
        process = Process(journal)
        heard = {"urgent": 0, "bulk": 0}  # the broker sends again from the beginning what may not be acknowledged
        for session, what in steps or []:
            if what != "hear":
                process.append(session, what == "dangers")
            elif heard[session] < presses:
                process.hear(session, heard[session], trusted)
                heard[session] += 1
    for session in ("urgent", "bulk"):
        for press in range(presses):
            process.hear(session, press, trusted)
        process.append(session, dangers_only=False)

    assert presses == sum(not frame.twin for frame in journal)


def test_a_copy_of_the_other_session_is_no_reading_and_is_counted(listener: Callable[..., Listener]) -> None:
    said = b'{"lel_pct": 3}'
    frames = [
        Frame("fengshao/v1/gas-1/alarm", said, NOW, "urgent", 1, 1),
        Frame("fengshao/v1/gas-1/alarm", said, NOW, "bulk", 1, 1, twin=True),
        Frame("fengshao/v1/gas-1/alarm", said, NOW, "bulk", 0, None, twin=True),
    ]
    heard = listener().hear(frames)

    assert (1, 2) == (len(heard.refusals), heard.duplicates)


def test_of_each_session_the_newest_packets_are_known_and_of_others_none() -> None:
    recall = JournalRecovery()
    number = range(2 * PACKETS_PER_SESSION_MAX + 1)
    recall.add([Frame("t", b"%d" % each, NOW + each, "bulk", 1, each % 65_535 + 1) for each in number], Cover())
    recall.add([Frame("t", b"pushed", NOW, "http", 1, 5), Frame("t", b"", NOW, "bulk")], Cover())

    assert PACKETS_PER_SESSION_MAX == len(recall.last_packets("bulk"))
    assert hash("t") ^ hash(b"%d" % number[-1]) == recall.last_packets("bulk")[number[-1] % 65_535 + 1]
    assert {} == recall.last_packets("urgent")
    assert {} == recall.copies
