"""Silences and the findings they cover, in the ledger: through the book that the desk reads."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection

from alerts.silence import HeldFinding, HeldState, Matchers, Silence
from domain import HOUR, Evidence, Severity
from store.database.alerts import silences
from store.database.alerts.repository import SqlAlertStore
from tests.alerts.test_silence import NOW, finding

GAS = Matchers(place="b3", severity=Severity.CRITICAL)


def plan(tx: Connection, **changes: Any) -> Silence:
    one = Silence(0, GAS, NOW, NOW + HOUR, "w-li", "李四", "检修", NOW - HOUR)
    return silences.create_silence(tx, replace(one, **changes))


def test_a_silence_comes_back_as_it_was_written_and_the_newest_first(tx: Connection) -> None:
    first, second = plan(tx), plan(tx, matchers=Matchers(rule="battery-low"))

    assert (first.id, second.id) == (1, 2)
    assert silences.get_silence(tx, 1) == first
    assert silences.get_silence(tx, 3) is None
    page = silences.list_silences(tx, 1)
    assert ([*page.items], [*silences.list_silences(tx, 1, page.next).items]) == ([second], [first])


def test_only_those_that_cover_something_now_are_active(tx: Connection) -> None:
    one, later = plan(tx), plan(tx, since=NOW + 2 * HOUR, until=NOW + 3 * HOUR)
    book = SqlAlertStore(tx)

    assert [book.active_silences(at) for at in (NOW - 1, NOW, NOW + HOUR - 1, NOW + HOUR)] == [[], [one], [one], []]
    assert silences.end_silence(tx, later.id, "w-zhang", NOW) is not None
    assert book.active_silences(NOW + 2 * HOUR) == []
    ended = silences.end_silence(tx, one.id, "w-zhang", NOW + 5)
    assert ended is not None
    assert (ended.ended_at, ended.ended_by, book.active_silences(NOW + 5)) == (NOW + 5, "w-zhang", [])
    assert silences.end_silence(tx, one.id, "w-zhang", NOW + 6) is None
    assert silences.end_silence(tx, 99, "w-zhang", NOW) is None


def test_a_held_finding_keeps_how_it_began_and_is_settled_once(tx: Connection) -> None:
    one, book = plan(tx), SqlAlertStore(tx)
    began = finding(evidence=(Evidence("lel_pct", 12.5, at=NOW), Evidence("alarm", True)))
    book.hold_finding(began, one.id, NOW + 1)
    book.hold_finding(replace(began, title="later"), one.id, NOW + 2)

    assert book.silenced_findings() == [HeldFinding(began, one.id, NOW + 1)]
    assert (book.held_finding(began.id), book.held_finding("none")) == (HeldFinding(began, one.id, NOW + 1), None)
    book.settle_held(began.id, HeldState.ENDED, NOW + 9)
    book.settle_held(began.id, HeldState.RELEASED, NOW + 10)
    assert book.held_finding(began.id) == HeldFinding(began, one.id, NOW + 1, HeldState.ENDED, NOW + 9)
    assert book.silenced_findings(state=HeldState.HELD) == []


def test_a_finding_that_another_silence_covers_goes_over_to_it(tx: Connection) -> None:
    one, other, book = plan(tx), plan(tx, until=NOW + 3 * HOUR), SqlAlertStore(tx)
    book.hold_finding(finding(), one.id, NOW)
    assert book.next_silence_end() == NOW + HOUR
    book.hold_finding(finding(), other.id, NOW)

    assert book.next_silence_end() == NOW + 3 * HOUR
    silences.end_silence(tx, other.id, "w-li", NOW + 7)
    assert book.next_silence_end() == NOW + 7
    book.settle_held(finding().id, HeldState.RELEASED, NOW + 8)
    book.hold_finding(finding(), one.id, NOW + 9)
    assert book.next_silence_end() is None
    assert silences.count_held(tx, [one.id, other.id]) == {other.id: 1}


def test_held_findings_are_found_by_silence_device_and_time(tx: Connection) -> None:
    one, other, book = plan(tx), plan(tx), SqlAlertStore(tx)
    second = finding(id="x@1/gas-2/5", device="gas-2", begin=NOW + 5)
    book.hold_finding(second, other.id, NOW + 5)
    book.hold_finding(finding(), one.id, NOW)

    assert [held.finding.id for held in book.silenced_findings()] == [finding().id, second.id]
    assert [held.finding for held in book.silenced_findings(silence=other.id)] == [second]
    assert [held.finding for held in book.silenced_findings(device="gas-2")] == [second]
    assert silences.list_held(tx, device="gas-2", since=NOW + 6, until=NOW + 9) == []
    assert len(silences.list_held(tx, device="gas-2", since=NOW, until=NOW + 9)) == 1


def test_what_is_long_over_is_forgotten_and_what_is_held_is_not(tx: Connection) -> None:
    old, held, open_ended, book = plan(tx), plan(tx), plan(tx, until=NOW + 9 * HOUR), SqlAlertStore(tx)
    book.hold_finding(finding(id="ended"), old.id, NOW)
    book.hold_finding(finding(id="kept"), held.id, NOW)
    book.hold_finding(finding(id="recent"), held.id, NOW)
    book.settle_held("ended", HeldState.ENDED, NOW + 5)
    book.settle_held("recent", HeldState.ENDED, NOW + 3 * HOUR)

    assert silences.purge_silences(tx, NOW + 1) == 0
    assert silences.purge_silences(tx, NOW + 2 * HOUR) == 2
    assert [one.id for one in silences.list_silences(tx, 9).items] == [open_ended.id, held.id]
    assert {each.finding.id for each in book.silenced_findings()} == {"kept", "recent"}
    assert silences.purge_silences(tx, NOW + 99 * HOUR) == 2, "the silence that still holds a finding stays"
    assert [one.id for one in silences.list_silences(tx, 9).items] == [held.id]
