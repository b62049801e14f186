"""The audit trail: newest first, purged by age."""

from __future__ import annotations

from sqlalchemy import Connection

from store.database.system import audit
from store.database.system.audit import AuditFilter


def test_the_audit_trail_is_read_from_its_end(tx: Connection) -> None:
    for n in range(5):
        audit.record(tx, n, "w1" if n % 2 else "admin", "device deleted", {"device": f"d{n}", "forced": True})
    audit.record(tx, 9, "admin", "signed in")
    first = audit.list_entries(tx, 4)
    rest = audit.list_entries(tx, 4, first.next)
    assert [act.at for act in first.items + rest.items] == [9, 4, 3, 2, 1, 0]
    assert rest.next is None
    assert audit.list_entries(tx, 9, filters=AuditFilter(actor="w1")).items[0] == audit.AuditEntry(
        3, "w1", "device deleted", {"device": "d3", "forced": True}
    )
    assert audit.purge(tx, before=4) == 4
    assert len(audit.list_entries(tx, 9).items) == 2


def test_the_audit_trail_is_filtered_by_what_it_was_about_by_action_and_by_time(tx: Connection) -> None:
    audit.record(tx, 1, "user:li", "personal data read", {"people": "r-wang r-zhao", "fields": "phone"})
    audit.record(tx, 2, "user:li", "personal data read", {"people": "r-wang-2"})
    audit.record(tx, 3, "admin", "alert close", {"alert": "7", "as": "r-wang"})
    audit.record(tx, 4, "admin", "alert_100% odd", {})

    def found(**conditions: str | int) -> list[int]:
        return [entry.at for entry in audit.list_entries(tx, 9, filters=AuditFilter(**conditions)).items]  # type: ignore[arg-type]

    assert found(about="r-wang") == [3, 1]
    assert found(about="r-zhao") == [1]
    assert found(about="r-wan") == found(about="%") == []
    assert found(action="alert ") == [3]
    assert found(action="alert_") == [4]
    assert found(since=2, until=3) == [3, 2]
