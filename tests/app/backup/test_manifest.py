"""What an archive says of itself."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from app.backup import manifest
from app.backup.manifest import ArchivedFile, Manifest
from domain import Lane

WHOLE = Manifest(
    at=1,
    version="0.1.0",
    schema="0030",
    journal=9,
    checkpoint={Lane.BULK: 5},
    history={Lane.BULK: 7, Lane.URGENT: 2},
    readings=True,
    files=(ArchivedFile("ledger.db", 3, "ab"), ArchivedFile("journal.db", 4, "cd")),
)


def test_a_manifest_is_read_as_it_was_written() -> None:
    read = manifest.decode(manifest.encode(WHOLE))
    assert replace(read, files=tuple(read.files)) == WHOLE
    assert read.total_bytes == 7
    assert list(manifest.inconsistencies(read)) == []


def test_a_manifest_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="its format is 2, this version reads 1"):
        manifest.decode(manifest.encode(replace(WHOLE, format=2)))


def test_positions_that_do_not_belong_together_are_named() -> None:
    ahead = replace(WHOLE, journal=6)
    assert list(manifest.inconsistencies(ahead)) == ["the history is at 7 of lane bulk, the journal ends at 6"]
    behind = replace(WHOLE, history={Lane.BULK: 4})
    assert list(manifest.inconsistencies(behind)) == ["the history is at 4 of lane bulk, the engine state at 5"]
    on_a_server = replace(WHOLE, history={})
    assert list(manifest.inconsistencies(on_a_server)) == []
