"""A key of one object finds it again, and nothing else."""

from __future__ import annotations

from domain.by_identity import ByIdentity


def test_only_the_very_same_object_is_found() -> None:
    book: dict[str, list[str]] = {"rules": []}
    known = {ByIdentity(book): 1}

    assert known[ByIdentity(book)] == 1
    assert ByIdentity({"rules": list[str]()}) not in known
    assert ByIdentity(book) != id(book)
