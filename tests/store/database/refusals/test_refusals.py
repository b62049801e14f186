"""Refusals: stored up to a limit, then counted; a journal replay stores and counts nothing twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, select

from domain import HOUR, Lane, RefusalReason
from ingest.results import Refusal
from store.database.database import Database
from store.database.refusals import refusals
from store.database.refusals.refusals import RefusalFilter
from store.database.refusals.tables import refusal_counts as counts_table
from store.database.refusals.tables import refusals as refusals_table
from store.database.system import journal_positions
from store.database.system.tables import cursors as cursors_table
from tests.support.long_form import examples


def refusal(
    at: int = 0, source: str = "native", reason: RefusalReason = RefusalReason.BAD_PAYLOAD, detail: str = "x"
) -> Refusal:
    return Refusal(at, source, "fengshao/v1/d/up", b"{\xff", reason, detail)


def hourly_counts(tx: Connection) -> list[tuple[str, int, int, int]]:
    """Source, hour, stored and counted, newest hour first."""
    columns = counts_table.c
    query = select(columns.source, columns.hour, columns.kept, columns.counted)
    return [tuple(row) for row in tx.execute(query.order_by(columns.hour.desc(), columns.source))]


def total(tx: Connection) -> int:
    return sum(count.kept + count.counted for count in refusals.count_refusals(tx))


def test_a_refusal_comes_back_with_its_bytes_and_its_place_in_the_journal(tx: Connection) -> None:
    full = Refusal(
        7, "tts", "v3/a", b"\x00\xff", RefusalReason.UNKNOWN_DEVICE, "nobody", "tts", "eui-1", True, "gas_alarm"
    )
    assert refusals.store_refusals(tx, Lane.URGENT, 12, [refusal(5), full], limit=10) == 2
    newest, oldest = refusals.list_refusals(tx, 10).items
    assert (newest.lane, newest.pos, newest.refusal) == (Lane.URGENT, 12, full)
    assert oldest.refusal == refusal(5)


def test_beyond_the_limit_of_source_reason_and_hour_refusals_are_counted(tx: Connection) -> None:
    assert refusals.store_refusals(tx, Lane.BULK, 1, [refusal(n) for n in range(5)], limit=3) == 3
    assert refusals.store_refusals(tx, Lane.BULK, 2, [refusal(9), refusal(9, source="tts")], limit=3) == 1
    assert refusals.store_refusals(tx, Lane.BULK, 3, [refusal(HOUR)], limit=3) == 1
    assert hourly_counts(tx) == [("native", HOUR, 1, 0), ("native", 0, 3, 3), ("tts", 0, 1, 0)]
    last_hour = refusals.RefusalCount("native", RefusalReason.BAD_PAYLOAD, 1, 0)
    assert refusals.count_refusals(tx, RefusalFilter(since=HOUR + 1)) == [last_hour]
    assert total(tx) == 8


def test_a_replayed_entry_is_neither_stored_nor_counted_again(tx: Connection) -> None:
    refusals.store_refusals(tx, Lane.BULK, 5, [refusal()], limit=1)
    assert refusals.store_refusals(tx, Lane.BULK, 5, [refusal()], limit=1) == 0
    assert refusals.store_refusals(tx, Lane.BULK, 4, [refusal()], limit=1) == 0
    assert refusals.store_refusals(tx, Lane.URGENT, 4, [refusal()], limit=1) == 0
    assert total(tx) == 2
    assert journal_positions.positions(tx, refusals.READER) == {Lane.BULK: 5, Lane.URGENT: 4}


def test_refusals_are_found_by_source_reason_and_time(tx: Connection) -> None:
    some = [refusal(1), refusal(2, source="tts"), refusal(3, reason=RefusalReason.BAD_VALUE), refusal(4)]
    refusals.store_refusals(tx, Lane.BULK, 1, some, limit=10)

    def ats(**filters: object) -> list[int]:
        page = refusals.list_refusals(tx, 10, filters=RefusalFilter(**filters))  # type: ignore[arg-type]
        return [stored.refusal.at for stored in page.items]

    assert ats() == [4, 3, 2, 1]
    assert ats(source="native") == [4, 3, 1]
    assert ats(reason=RefusalReason.BAD_VALUE) == [3]
    assert ats(since=2, until=4) == [3, 2]


def test_pages_meet_every_refusal_once_even_in_the_same_millisecond(tx: Connection) -> None:
    refusals.store_refusals(tx, Lane.BULK, 1, [refusal(n // 4) for n in range(11)], limit=100)
    seen, after = [], None
    while True:
        page = refusals.list_refusals(tx, 3, after)
        seen += [kept.n for kept in page.items]
        after = page.next
        if after is None:
            break
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 11


def test_purging_deletes_old_refusals_and_counts(tx: Connection) -> None:
    refusals.store_refusals(tx, Lane.BULK, 1, [refusal(0), refusal(HOUR), refusal(2 * HOUR)], limit=10)
    assert refusals.purge_refusals(tx, before=2 * HOUR) == 2
    assert [kept.refusal.at for kept in refusals.list_refusals(tx, 10).items] == [2 * HOUR]
    assert [hour for _, hour, _, _ in hourly_counts(tx)] == [2 * HOUR]


def test_text_that_no_database_takes_is_kept_readable(tx: Connection) -> None:
    refusals.store_refusals(tx, Lane.BULK, 1, [refusal(detail="a\ud800b\0c枫")], limit=10)
    assert refusals.list_refusals(tx, 1).items[0].refusal.detail == "a?b\N{REPLACEMENT CHARACTER}c枫"


batches = st.lists(
    st.lists(
        st.builds(
            refusal, st.integers(0, 3 * HOUR), st.sampled_from(["a", "b"]), st.sampled_from(list(RefusalReason)[:2])
        ),
        max_size=6,
    ),
    max_size=6,
)


@hypothesis_settings(deadline=None, max_examples=examples(40, short=12))
@given(batches, st.integers(0, 4))
def test_nothing_is_lost_whatever_the_limit(batches: list[list[Refusal]], limit: int) -> None:
    database = Database("sqlite://")
    database.migrate()

    def scene(tx: Connection) -> None:
        for table in (refusals_table, counts_table, cursors_table):
            tx.execute(delete(table))
        for pos, batch in enumerate(batches, 1):
            refusals.store_refusals(tx, Lane.BULK, pos, batch, limit)
            refusals.store_refusals(tx, Lane.BULK, pos, batch, limit)
        assert total(tx) == sum(map(len, batches))
        assert len(refusals.list_refusals(tx, 100).items) == sum(kept for _, _, kept, _ in hourly_counts(tx))
        assert all(kept <= limit for _, _, kept, _ in hourly_counts(tx))

    database.write_blocking(scene)
    database.close()
