"""Checkpoints, cursors, settings, jobs, the audit trail and tokens."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError

from domain import Lane
from ingest.results import Reason, Refusal
from store.database.database import Database
from store.database.refusals import refusals
from store.database.system import audit, checkpoints, jobs, journal_positions, key_values, tokens
from store.database.system.checkpoints import Checkpoint
from store.database.system.jobs import Job
from store.database.system.tokens import Token


@pytest.fixture
def tx(ledger: Database) -> Iterator[Connection]:
    with ledger._engine.begin() as opened:
        yield opened


def test_a_checkpoint_replaces_the_former_one(tx: Connection) -> None:
    assert checkpoints.load(tx, "engine") is None
    checkpoints.save(tx, "engine", {Lane.BULK: 3}, now=10, blob=b"\x00old")
    checkpoints.save(tx, "engine", {Lane.BULK: 9, Lane.URGENT: 2**40}, now=20, blob=b"new")
    checkpoints.save(tx, "listener", {}, now=20, blob=b"")
    loaded = checkpoints.load(tx, "engine")
    assert loaded == Checkpoint("engine", {Lane.BULK: 9, Lane.URGENT: 2**40}, 20, b"new")


def test_a_cursor_only_goes_forward_and_each_reader_has_its_own(tx: Connection) -> None:
    assert journal_positions.advance(tx, "desk", Lane.BULK, 5)
    assert not journal_positions.advance(tx, "desk", Lane.BULK, 5)
    assert not journal_positions.advance(tx, "desk", Lane.BULK, 4)
    assert journal_positions.advance(tx, "desk", Lane.URGENT, 4)
    assert journal_positions.advance(tx, "desk", Lane.BULK, 6)
    assert journal_positions.positions(tx, "desk") == {Lane.BULK: 6, Lane.URGENT: 4}
    assert journal_positions.positions(tx, "other") == {}


def test_a_setting_is_any_json_value(tx: Connection) -> None:
    assert key_values.get(tx, "wall", "none") == "none"
    key_values.put(tx, "wall", {"层": [1, 2.5, True, None]}, now=0)
    assert key_values.get(tx, "wall") == {"层": [1, 2.5, True, None]}
    key_values.put(tx, "wall", None, now=1)
    assert key_values.get(tx, "wall", "none") is None


def test_a_job_keeps_its_outcome_when_its_schedule_changes(tx: Connection) -> None:
    jobs.put(tx, "roll_up", "*/5 * * * *")
    assert jobs.record_run(tx, "roll_up", 7, "ok")
    jobs.put(tx, "roll_up", "*/10 * * * *", enabled=False)
    jobs.put(tx, "audit", "0 3 * * *")
    assert jobs.list_jobs(tx) == [Job("audit", "0 3 * * *"), Job("roll_up", "*/10 * * * *", False, 7, "ok")]
    assert jobs.remove(tx, "audit")
    assert not jobs.remove(tx, "audit")
    assert not jobs.record_run(tx, "audit", 8, "ok")


def test_the_audit_trail_is_read_from_its_end(tx: Connection) -> None:
    for n in range(5):
        audit.record(tx, n, "w1" if n % 2 else "admin", "device deleted", {"device": f"d{n}", "forced": True})
    audit.record(tx, 9, "admin", "signed in")
    first = audit.list_entries(tx, 4)
    rest = audit.list_entries(tx, 4, first.next)
    assert [act.at for act in first.items + rest.items] == [9, 4, 3, 2, 1, 0]
    assert rest.next is None
    assert audit.list_entries(tx, 9, actor="w1").items[0] == audit.AuditEntry(
        3, "w1", "device deleted", {"device": "d3", "forced": True}
    )
    assert audit.purge(tx, before=4) == 4
    assert len(audit.list_entries(tx, 9).items) == 2


def test_a_revoked_token_opens_nothing(tx: Connection) -> None:
    token = Token("t1", "abc", "worker", "w1", "p-1", 5)
    tokens.create(tx, token)
    assert tokens.find_by_hash(tx, "abc") == token
    assert tokens.find_by_hash(tx, "abd") is None
    assert tokens.revoke(tx, "t1", now=9)
    assert not tokens.revoke(tx, "t1", now=10)
    assert tokens.find_by_hash(tx, "abc") is None
    assert [known.revoked_at for known in tokens.list_tokens(tx)] == [9]
    with pytest.raises(IntegrityError):
        tokens.create(tx, Token("t2", "abc", "viewer"))


def test_the_sql_of_the_house_compiles_for_postgresql(ledger: Database) -> None:
    dialect, seen = postgresql.dialect(), []  # type: ignore[no-untyped-call]

    @event.listens_for(ledger._engine, "before_execute")
    def _note(_tx: object, statement: object, *_rest: object) -> None:
        seen.append(str(statement.compile(dialect=dialect)))  # type: ignore[attr-defined]

    def everything(tx: Connection) -> None:
        refusals.store_refusals(tx, Lane.BULK, 1, [Refusal(0, "a", "t", b"", Reason.BAD_VALUE, "")], limit=1)
        refusals.list_refusals(tx, 1, "5:5", source="a", reason=Reason.BAD_VALUE, since=0, until=9)
        refusals.hourly_counts(tx), refusals.total(tx), refusals.purge_refusals(tx, 0)
        checkpoints.save(tx, "x", {}, 0, b"")
        audit.record(tx, 0, "a", "b"), audit.list_entries(tx, 1, "7", actor="a"), audit.purge(tx, 0)
        jobs.put(tx, "a", "b"), jobs.record_run(tx, "a", 0, ""), jobs.list_jobs(tx), jobs.remove(tx, "a")
        tokens.create(tx, Token("a", "b", "c")), tokens.find_by_hash(tx, "b"), tokens.revoke(tx, "a", 0)
        tokens.list_tokens(tx)

    ledger.write_blocking(everything)
    assert len(seen) > 25
