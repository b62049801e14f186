"""Records that were changed over the API, until a file defines them again."""

from __future__ import annotations

from sqlalchemy import Connection

from store.database.registry import edits
from store.database.registry.edits import RegistryEdit


def test_the_last_edit_of_a_record_counts_until_it_is_cleared(tx: Connection) -> None:
    edits.record_edits(tx, "places", ["b3", "b4", "b3"], 5)
    edits.record_edits(tx, "devices", ["b3"], 6)
    edits.record_edits(tx, "places", ["b3"], 7, deleted=True)
    assert edits.list_edits(tx) == [
        RegistryEdit("devices", "b3", False, 6),
        RegistryEdit("places", "b3", True, 7),
        RegistryEdit("places", "b4", False, 5),
    ]
    edits.clear_edits(tx, "places", ["b3", "unknown"])
    edits.record_edits(tx, "cells", [], 8)
    assert [(edit.resource, edit.id) for edit in edits.list_edits(tx)] == [("devices", "b3"), ("places", "b4")]
