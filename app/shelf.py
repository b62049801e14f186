"""What people wrote as data, read from the packages and from a site folder: kinds, mappings, rulebooks, ladders.

A site's files stand beside the built-in ones; a site file of the same name replaces the built-in one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from alerts.ladder import LadderBook
from alerts.ladder import check as check_ladders
from alerts.wordbook import WordBook
from app.written import Document, Located, WrittenError, read_model, read_yaml, validate
from domain.kind import CommonQuantities, Kind
from ingest.mapping import MappingBook
from ingest.mapping_check import check as check_mapping
from rules.check import check as check_book
from rules.check import check_references, check_together
from rules.rulebook import Rulebook

ROOT = Path(__file__).resolve().parent.parent
KINDS = ROOT / "domain" / "kinds"
MAPPINGS = ROOT / "ingest" / "mappings"
BOOKS = ROOT / "rules" / "books"
LADDERS = ROOT / "alerts" / "ladders"
WORDS = ROOT / "alerts" / "wording.zh.yaml"


def yaml_files(built_in: Path, site: Path | None) -> list[Path]:
    """The YAML files of a shelf by name, the site's own winning; trials (`*_test.yaml`) are not among them."""
    found: dict[str, Path] = {}
    for folder in (built_in, site):
        if folder is not None and folder.is_dir():
            found.update({file.name: file for file in sorted(folder.glob("*.yaml"))})
    return [file for name, file in sorted(found.items()) if not name.endswith("_test.yaml")]


def load_kinds(site: Path | None = None) -> Mapping[str, Kind]:
    """Every kind by name, with the quantities that all kinds have."""
    files = yaml_files(KINDS, site and site / "kinds")
    common = read_model(KINDS / "common.yaml", CommonQuantities).common
    kinds = [read_model(file, Kind) for file in files if file.name != "common.yaml"]
    return {kind.kind: kind.with_common(common) for kind in kinds}


def load_mappings(kinds: Mapping[str, Kind], site: Path | None = None) -> list[MappingBook]:
    """Every mapping of vendor fields to our quantities, checked against the kinds they map to."""
    books: list[MappingBook] = []
    faults: list[Located] = []
    for file in yaml_files(MAPPINGS, site and site / "mappings"):
        document = read_yaml(file)
        books.append(validate(document, MappingBook))
        faults += document.locate_all(check_mapping(books[-1], kinds))
    if faults:
        raise WrittenError(faults)
    return books


def load_books(kinds: Mapping[str, Kind], files: Sequence[Path]) -> list[Rulebook]:
    """Rulebooks, checked against the kinds they speak of; every fault of every book at once."""
    return [book for _, book in _books(kinds, files)]


def load_rules(kinds: Mapping[str, Kind], site: Path | None = None) -> list[Rulebook]:
    """All rulebooks in force; beside their own faults, what they ask of rules that no book has."""
    read = _books(kinds, book_files(site))
    faults = [read[index][0].locate(fault) for index, fault in check_references([book for _, book in read])]
    if faults:
        raise WrittenError(faults)
    return [book for _, book in read]


def _books(kinds: Mapping[str, Kind], files: Sequence[Path]) -> list[tuple[Document, Rulebook]]:
    read: list[tuple[Document, Rulebook]] = []
    faults: list[Located] = []
    for file in files:
        try:
            document = read_yaml(file)
            book = validate(document, Rulebook)
            faults += document.locate_all(check_book(book, kinds))
            read.append((document, book))
        except WrittenError as error:
            faults += error.faults
    together = check_together([book for _, book in read])
    faults += [read[index][0].locate(fault) for index, fault in together]
    if faults:
        raise WrittenError(faults)
    return read


def book_files(site: Path | None = None) -> list[Path]:
    """The active rulebooks: the built-in ones and the site's."""
    return yaml_files(BOOKS, site and site / "rules")


def load_ladders(site: Path | None = None) -> LadderBook:
    """The site's ladders.yaml, or the built-in one."""
    own = site / "ladders.yaml" if site else None
    document = read_yaml(own if own and own.exists() else LADDERS / "default.yaml")
    book = validate(document, LadderBook)
    faults = document.locate_all(check_ladders(book))
    if faults:
        raise WrittenError(faults)
    return book


def load_words(site: Path | None = None) -> WordBook:
    """The site's wording.zh.yaml, or the built-in one."""
    own = site / "wording.zh.yaml" if site else None
    return read_model(own if own and own.exists() else WORDS, WordBook)
