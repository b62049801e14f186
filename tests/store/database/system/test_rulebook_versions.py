"""Texts of rulebooks that were in force, by whom and why."""

from __future__ import annotations

from msgspec.structs import replace
from sqlalchemy import Connection

from store.database.system import rulebook_versions
from store.database.system.rulebook_versions import RulebookAction, RulebookVersion

FIRST = RulebookVersion(
    book="gas",
    at=1_795_269_900_000,
    action=RulebookAction.PUBLISHED,
    by="li",
    by_name="李四",
    reason="三起误报",
    etag="a",
    text="rules: []",
    trials="",
)


def test_versions_are_kept_per_book_and_listed_newest_first(tx: Connection) -> None:
    assert rulebook_versions.latest_version(tx, "gas") is None
    numbers = [
        rulebook_versions.add_version(tx, replace(FIRST, book=book, etag=etag))
        for book, etag in (("gas", "a"), ("fire", "b"), ("gas", "c"))
    ]
    page = rulebook_versions.list_versions(tx, "gas", 1)
    rest = rulebook_versions.list_versions(tx, "gas", 1, page.next)
    assert [version.etag for version in (*page.items, *rest.items)] == ["c", "a"]
    assert rest.next is None
    latest = rulebook_versions.latest_version(tx, "gas")
    assert latest == replace(FIRST, n=numbers[2], etag="c")
    assert rulebook_versions.get_version(tx, "gas", numbers[0]) == replace(FIRST, n=numbers[0])
    assert rulebook_versions.get_version(tx, "fire", numbers[0]) is None
