"""What a server surely has that saves to disk some seconds after it accepts."""

from __future__ import annotations

from domain import Lane
from store.history.remote.confirmation import Confirmation, Verdict
from store.history.remote.spool import RecordHead, SpooledRecord, SpoolPosition


def record(n: int) -> SpooledRecord:
    return SpooledRecord(RecordHead({Lane.BULK: n}, 1, n), b"", SpoolPosition(1, n), SpoolPosition(1, n + 1))


def test_a_record_is_confirmed_by_a_late_answer_of_the_same_start() -> None:
    confirmation = Confirmation(15)
    assert not confirmation.is_known
    assert confirmation.answered("8:00") is Verdict.SAME
    confirmation.sent(record(1), 100)
    confirmation.sent(record(2), 110)
    assert confirmation.answered("8:00") is Verdict.SAME
    assert confirmation.confirmed(114.9) == []
    assert confirmation.confirmed(115) == [record(1)]
    assert confirmation.waiting == 1


def test_after_a_restart_nothing_that_waited_is_confirmed() -> None:
    confirmation = Confirmation(15)
    confirmation.answered("8:00")
    confirmation.sent(record(1), 100)
    assert confirmation.answered("9:30") is Verdict.RESTARTED
    assert confirmation.confirmed(200) == []
    assert confirmation.answered("9:30") is Verdict.SAME


def test_a_broken_connection_is_taken_for_a_restart_when_something_waits() -> None:
    """A server that is killed in the second of its start names the same time again."""
    confirmation = Confirmation(15)
    confirmation.answered("8:00")
    confirmation.contact_lost()
    assert confirmation.answered("8:00") is Verdict.SAME
    confirmation.sent(record(1), 100)
    assert confirmation.answered("8:00") is Verdict.SAME
    confirmation.contact_lost()
    assert confirmation.answered("8:00") is Verdict.RESTARTED
    assert confirmation.confirmed(200) == []
