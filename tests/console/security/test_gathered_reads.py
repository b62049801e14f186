"""Reads of lists: at most two rows of the audit trail for a reader, an endpoint and a minute."""

from __future__ import annotations

from console.security import gathered_reads
from console.security.gathered_reads import QUERIES_MAX, GatheredReads, GatheredRow
from domain import HOUR, MINUTE

NOW = 1_795_269_903_123
ALERTS = "GET /api/v1/alerts"


def add(
    reads: GatheredReads, at: int, query: str = "", reader: str = "li", endpoint: str = ALERTS
) -> list[GatheredRow]:
    return list(reads.add(reader, endpoint, "address", query, at))


def shown(rows: list[GatheredRow]) -> list[tuple[str, int, int, list[str]]]:
    return [(row.reader, row.begin - NOW, row.reads, list(row.queries)) for row in rows]


def test_the_first_read_is_written_at_once_and_the_others_of_its_minute_as_one_row() -> None:
    reads = GatheredReads()
    assert shown(add(reads, NOW, "state=open")) == [("li", 0, 1, ["state=open"])]
    for second in range(1, 50):
        assert add(reads, NOW + second * 1000, f"place=b{second % 3}") == []
    assert list(reads.ended(NOW + MINUTE - 1)) == []
    assert shown(list(reads.ended(NOW + MINUTE))) == [("li", 0, 49, ["place=b1", "place=b2", "place=b0"])]
    assert list(reads.ended(NOW + 2 * MINUTE)) == []


def test_a_minute_with_one_read_has_one_row() -> None:
    reads = GatheredReads()
    add(reads, NOW)
    assert shown(add(reads, NOW + MINUTE)) == [("li", MINUTE, 1, [])]


def test_readers_and_endpoints_are_counted_separately() -> None:
    reads = GatheredReads()
    assert len(add(reads, NOW)) == len(add(reads, NOW, reader="zhao")) == len(add(reads, NOW, endpoint="GET /x")) == 1
    add(reads, NOW + 1, reader="zhao")
    assert [row.reader for row in reads.all_open()] == ["zhao"]
    assert list(reads.all_open()) == []


def test_a_row_names_a_bounded_number_of_queries() -> None:
    reads = GatheredReads()
    for number in range(QUERIES_MAX + 10):
        add(reads, NOW, f"q={number}")
    (row,) = reads.all_open()
    assert (row.reads, len(row.queries)) == (QUERIES_MAX + 9, QUERIES_MAX)


def test_a_window_may_be_longer() -> None:
    reads = GatheredReads(HOUR)
    add(reads, NOW)
    assert add(reads, NOW + 30 * MINUTE) == []
    assert [row.reads for row in reads.ended(NOW + HOUR)] == [1]


def test_beyond_the_limit_the_oldest_window_is_written_early() -> None:
    reads = GatheredReads()
    add(reads, NOW)
    add(reads, NOW)
    limit = gathered_reads.OPEN_MAX
    rows = [row for number in range(limit) for row in add(reads, NOW, reader=f"r{number}")]
    assert [row.reader for row in rows if row.reader == "li"] == ["li"]
    assert len(rows) == limit + 1
