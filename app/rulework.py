"""`fengshao rules check|test`: the safety office's tools over rulebooks and the trials beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import click

from app.shelf import book_files, load_books, load_kinds, read_books
from app.written import Located, WrittenError, read_model, read_yaml, validate
from domain.kind import Kind
from rules.check import check_trials
from rules.rulebook import Rulebook
from rules.trial import TrialBook, TrialResult, run_trials


def check_files(files: Sequence[Path]) -> str:
    """One sentence when all is right; raises WrittenError with every fault otherwise."""
    books, trials = _sorted(files or book_files())
    kinds = load_kinds()
    known = neighbours(kinds, books)
    read, faults = read_books(kinds, books, known)
    # Trials of a book that is not right would be told of rules that only seem to be missing.
    faulty = {fault.file for fault in faults}
    own = {file: book for file, book in read if str(file) not in faulty}
    for file in trials or [trial for book in books if (trial := trials_of(book)).exists()]:
        faults += _trial_faults(file, own.get(book_of(file)), kinds)
    if faults:
        raise WrittenError(list(dict.fromkeys(faults)))
    return f"{len(books)} rulebooks are right"


def neighbours(kinds: Mapping[str, Kind], files: Sequence[Path]) -> list[Rulebook]:
    """The built-in rulebooks beside these files: a book may speak of what theirs find. A file of a name replaces it."""
    names = {file.name for file in files}
    return load_books(kinds, [file for file in book_files() if file.name not in names])


def _trial_faults(file: Path, book: Rulebook | None, kinds: Mapping[str, Kind]) -> Sequence[Located]:
    """By the book they stand beside, unless another was given; what cannot be read says so."""
    try:
        document = read_yaml(file)
        trials = validate(document, TrialBook)
        (book,) = [book] if book is not None else load_books(kinds, [book_of(file)])
        return document.locate_all(check_trials(trials, book, kinds))
    except WrittenError as error:
        return error.faults


def _sorted(files: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    trials = [file for file in files if file.stem.endswith("_test")]
    return [file for file in files if file not in trials], trials


def trials_of(book: Path) -> Path:
    """The trials beside a rulebook."""
    return book.with_name(f"{book.stem}_test.yaml")


def book_of(trials: Path) -> Path:
    """The rulebook beside its trials (a rulebook is its own)."""
    return trials.with_name(trials.name.replace("_test.yaml", ".yaml"))


def test_files(files: Sequence[Path], say: Callable[[str], None]) -> int:
    """Runs the trials of these rulebooks, says what went otherwise than expected, and returns the exit code."""
    kinds = load_kinds()
    results: list[tuple[Path, TrialResult]] = []
    found = list(_pairs(files))
    books = [load_books(kinds, [book])[0] for book, _ in found]
    known = neighbours(kinds, [book for book, _ in found])
    with click.progressbar(length=len(found), label="trials", hidden=not _is_slow(files)) as bar:
        for book, (_, trials) in zip(books, found, strict=True):
            others = [*known, *(other for other in books if other is not book)]
            results += [(trials, one) for one in run_trials(book, read_model(trials, TrialBook), kinds, others)]
            bar.update(1)
    failed = [(file, result) for file, result in results if not result.passed]
    for file, result in failed:
        say(f"{file}: {result.name}\n  exp: {list(result.expected)}\n  got: {list(result.got)}")
    say(f"{len(results) - len(failed)} trials passed, {len(failed)} failed")
    return 1 if failed else 0


def _pairs(files: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    for file in files or book_files():
        book = book_of(file)
        if trials_of(book).exists():
            yield book, trials_of(book)


def _is_slow(files: Sequence[Path]) -> bool:
    return len(files or book_files()) > 20
