"""Refused messages are replayed once, and again when they are refused again."""

from __future__ import annotations

from msgspec.structs import replace
from sqlalchemy import Connection

from domain import Lane, RefusalReason
from ingest.results import Refusal
from store.database.refusals import refusals, replays


def refusal(
    at: int = 0, source: str = "native", reason: RefusalReason = RefusalReason.BAD_PAYLOAD, detail: str = "x"
) -> Refusal:
    return Refusal(at, source, "fengshao/v1/d/up", b"{\xff", reason, detail)


def total(tx: Connection) -> int:
    return sum(count.kept + count.counted for count in refusals.count_refusals(tx))


def test_a_message_refused_again_after_a_replay_keeps_its_row(tx: Connection) -> None:
    two = [refusal(7), refusal(7)]
    refusals.store_refusals(tx, Lane.BULK, 1, two, limit=9)
    numbers = [one.n for one in replays.list_replayable(tx, 9)]
    before = replays.list_replayable(tx, 9)
    replays.mark_replayed(tx, before, 20)
    assert [] == replays.list_replayable(tx, 9)
    again = [replace(one, reason=RefusalReason.NO_MAPPING, detail="y", replayed=True) for one in two]
    refusals.store_refusals(tx, Lane.BULK, 2, again, limit=9)

    assert [(n, RefusalReason.NO_MAPPING) for n in numbers] == [
        (one.n, one.refusal.reason) for one in replays.list_replayable(tx, 9)
    ]
    assert [] == replays.list_replayable(tx, 9, after=numbers[-1])
    replays.mark_replayed(tx, before, 30)
    assert numbers == [one.n for one in replays.list_replayable(tx, 9)]
    assert 2 == total(tx)
    refusals.store_refusals(tx, Lane.BULK, 3, [replace(again[0], topic="of another")], limit=9)
    assert 3 == total(tx)
