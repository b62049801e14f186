"""The definitions of a job come back as they were written."""

from __future__ import annotations

from domain.kind import Kind
from rules.hosts.flink.definitions import JobDefinitions
from rules.rulebook.model import Rulebook


def test_the_built_in_definitions_survive_the_file_of_a_job(books: dict[str, Rulebook], kinds: dict[str, Kind]) -> None:
    written = JobDefinitions(kinds, list(books.values()), "Asia/Urumqi", True)
    read = JobDefinitions.load(written.dump())
    assert read == written
    assert read.timezone.key == "Asia/Urumqi"


def test_definitions_keep_the_rulebooks_of_earlier_jobs(books: dict[str, Rulebook], kinds: dict[str, Kind]) -> None:
    first = JobDefinitions(kinds, list(books.values()))
    second = JobDefinitions(kinds, first.books[1:]).after(first)
    third = JobDefinitions(kinds, first.books[2:]).after(second)
    again = JobDefinitions(kinds, first.books).after(third)
    assert [len(one) for one in again.former] == [len(first.books) - 2, len(first.books) - 1]
    assert JobDefinitions.load(again.dump()) == again
