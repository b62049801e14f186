"""The SQL of the store compiles for PostgreSQL as well."""

from __future__ import annotations

from sqlalchemy import Connection, event
from sqlalchemy.dialects import postgresql

from domain import Lane, RefusalReason
from ingest.results import Refusal
from store.database.alerts import retention
from store.database.database import Database
from store.database.refusals import refusals
from store.database.system import audit, checkpoints, jobs, sessions, tokens, users
from store.database.system.tokens import Token


def test_the_sql_of_the_store_compiles_for_postgresql(sqlite_database: Database) -> None:
    dialect, seen = postgresql.dialect(), []  # type: ignore[no-untyped-call]

    @event.listens_for(sqlite_database._engine, "before_execute")
    def _note(_tx: object, statement: object, *_rest: object) -> None:
        seen.append(str(statement.compile(dialect=dialect)))  # type: ignore[attr-defined]

    def everything(tx: Connection) -> None:
        refusals.store_refusals(tx, Lane.BULK, 1, [Refusal(0, "a", "t", b"", RefusalReason.BAD_VALUE, "")], limit=1)
        filters = refusals.RefusalFilter(source="a", reason=RefusalReason.BAD_VALUE, since=0, until=9)
        refusals.list_refusals(tx, 1, "5:5", filters)
        refusals.count_refusals(tx), refusals.purge_refusals(tx, 0)
        checkpoints.save(tx, "x", {}, 0, b"")
        (
            audit.record(tx, 0, "a", "b"),
            audit.list_entries(tx, 1, "7", audit.AuditFilter("a", "b", "c", 0, 1)),
            audit.purge(tx, 0),
        )
        jobs.put(tx, "a", "b"), jobs.record_run(tx, "a", 0, ""), jobs.list_jobs(tx)
        tokens.create(tx, Token("a", "b", "c")), tokens.find_by_hash(tx, "b", 0), tokens.revoke(tx, "a", 0)
        tokens.list_tokens(tx)
        users.create(tx, users.User("a", "b", "c")), users.change(tx, "a", pin="x"), users.find_by_subject(tx, "a")
        users.find_by_person(tx, "a"), users.count(tx), users.other_administrators(tx, "a"), users.remove(tx, "a")
        sessions.create(tx, sessions.Session("s", "t", "a", None, 0, 0, 9)), sessions.get(tx, "s", 1)
        sessions.list_open(tx, 1, "a"), sessions.seen(tx, "s", 1), sessions.end(tx, "s", 1)
        sessions.end_of_user(tx, "a", 1, "s"), sessions.purge(tx, 1)
        retention.delete_alerts(tx, retention.expired_alerts(tx, 0), 0)
        retention.delete_findings(tx, retention.expired_findings(tx, 0))

    sqlite_database.write_blocking(everything)
    assert len(seen) > 25
