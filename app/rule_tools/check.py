"""`fengshao rules check|test`: the safety office's tools over rulebooks and the trials beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import asdict

from app.config.catalog import load_kinds, load_rulebook_files, load_wording, parse_rulebooks, rulebook_files
from app.config.faults import ConfigError, ConfigFault
from app.config.yaml_files import read_model, read_yaml, validate
from domain.kind import Kind
from rules.rulebook.model import Rulebook
from rules.rulebook.warnings import warn
from rules.trials.check import check_trials, parse_trials_partially
from rules.trials.model import TrialBook
from rules.trials.runner import TrialResult, run_trials


def check_files(files: Sequence[Path], site: Path | None = None) -> dict[str, Any]:
    """How many books, rules and trials are right; raises ConfigError with every fault otherwise."""
    books, trials = _split_trials(files or rulebook_files(site))
    kinds = load_kinds(site)
    others = other_rulebooks(kinds, books, site)
    read, faults = parse_rulebooks(kinds, books, others)
    # Trials of a book that is not right would be told of rules that only seem to be missing.
    faulty = {fault.file for fault in faults}
    own = {file: book for file, book in read if str(file) not in faulty}
    beside = trials or [trial for book in books if (trial := trials_path(book)).exists()]
    for file in beside:
        faults += trial_faults(file, own.get(rulebook_path(file)), kinds, site)
    if faults:
        raise ConfigError(list(dict.fromkeys(faults)))
    warnings = rulebook_warnings(kinds, read, others, site)
    counts = {"books": len(books), "rules": sum(len(book.rules) for _, book in read), "trials": len(beside)}
    return {**counts, "warnings": [asdict(one) for one in warnings]} if warnings else counts


def rulebook_warnings(
    kinds: Mapping[str, Kind], read: Sequence[tuple[Path, Rulebook]], known: Sequence[Rulebook], site: Path | None
) -> list[ConfigFault]:
    """What is no mistake in these books and still may keep a rule from ever beginning or ending, where it stands."""
    hazards = {text.hazard for text in load_wording(site).sms} | {book.hazard for book in known}
    found: list[ConfigFault] = []
    for file, book in read:
        others = [*known, *(other for _, other in read if other is not book)]
        found += read_yaml(file).locate_all(warn(book, kinds, others, hazards))
    return found


def other_rulebooks(kinds: Mapping[str, Kind], files: Sequence[Path], site: Path | None = None) -> list[Rulebook]:
    """The books in force beside these files: a book may speak of what theirs find. A file of a name replaces it."""
    names = {file.name for file in files}
    return load_rulebook_files(kinds, [file for file in rulebook_files(site) if file.name not in names])


def trial_faults(
    file: Path, book: Rulebook | None, kinds: Mapping[str, Kind], site: Path | None
) -> Sequence[ConfigFault]:
    """By the book they stand beside, unless another was given; else by the one in force of that name."""
    faults: list[ConfigFault] = []
    try:
        document = read_yaml(file)
    except ConfigError as error:
        return error.faults
    try:
        validate(document, TrialBook)
    except ConfigError as error:
        faults += error.faults
    try:
        beside = rulebook_path(file)
        named = [one for one in rulebook_files(site) if one.name == beside.name]
        (book,) = (
            [book]
            if book is not None
            else load_rulebook_files(kinds, [beside] if beside.exists() else named or [beside])
        )
    except ConfigError as error:
        return [*faults, *error.faults]
    found = document.locate_all(check_trials(parse_trials_partially(document.data), book, kinds))
    return sorted([*faults, *found], key=lambda fault: (fault.line, fault.column))


def _split_trials(files: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    trials = [file for file in files if file.stem.endswith("_test")]
    return [file for file in files if file not in trials], trials


def trials_path(book: Path) -> Path:
    """The trials beside a rulebook."""
    return book.with_name(f"{book.stem}_test.yaml")


def rulebook_path(trials: Path) -> Path:
    """The rulebook beside its trials (a rulebook is its own)."""
    return trials.with_name(trials.name.replace("_test.yaml", ".yaml"))


def run_trial_files(
    files: Sequence[Path], site: Path | None, progress: Callable[[float], None]
) -> Iterator[tuple[Path, TrialResult]]:
    """Every trial of these books, of all in force if there are none, with what came of it."""
    kinds = load_kinds(site)
    found = list(_with_trials(files or rulebook_files(site)))
    books = [load_rulebook_files(kinds, [book])[0] for book, _ in found]
    known = other_rulebooks(kinds, [book for book, _ in found], site)
    faults = [
        fault
        for book, (_, trials) in zip(books, found, strict=True)
        for fault in trial_faults(trials, book, kinds, site)
    ]
    if faults:
        raise ConfigError(faults)
    for index, (book, (_, trials)) in enumerate(zip(books, found, strict=True)):
        others = [*known, *(other for other in books if other is not book)]
        yield from ((trials, one) for one in run_trials(book, read_model(trials, TrialBook), kinds, others))
        progress((index + 1) / len(found))


def _with_trials(files: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    for file in dict.fromkeys(map(rulebook_path, files)):
        if trials_path(file).exists():
            yield file, trials_path(file)
