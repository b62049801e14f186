"""The audit trail: newest first, purged by age."""

from __future__ import annotations

from sqlalchemy import Connection

from store.database.system import audit


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
