"""Details of registry changes in the audit trail."""

from __future__ import annotations

from console.api.audit_details import IDS_MAX, summary
from store.database.registry import RegistryChanges


def test_a_change_of_many_rows_is_summarised_by_number_and_first_ids() -> None:
    ids = tuple(f"d-{number:03}" for number in range(500))

    detail = summary(RegistryChanges(created=ids, removed=("old",)))

    assert detail == {"created": 500, "created_ids": " ".join(ids[:IDS_MAX]), "removed": 1, "removed_ids": "old"}
