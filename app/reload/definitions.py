"""Kinds, mappings and rulebooks, each with the file it came from; loads them with a fallback per file.

They refer to each other, so they are loaded together. A file with a fault keeps its last version without faults, and
the others are applied.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from app.config.catalog import KINDS, MAPPINGS, RULEBOOKS, overlay_files, parse_rulebooks, rulebook_files
from app.config.faults import ConfigError, ConfigFault
from app.config.yaml_files import read_model, read_yaml, validate
from app.reload.file_watcher import missing_site
from domain.kind import CommonQuantities, Kind
from ingest.mappings.check import check as check_mapping
from ingest.mappings.mapping import MappingBook
from rules.rulebook.check import check as check_book
from rules.rulebook.model import Rulebook
from rules.rulebook.references import check_references, check_together

COMMON = "common.yaml"
FOLDERS = {KINDS: "kinds", MAPPINGS: "mappings", RULEBOOKS: "rules"}


class Definitions(Struct, frozen=True):
    """Models by file name. `kinds_by_file` holds kinds as written, without the quantities of `common`."""

    common: CommonQuantities = field(default_factory=lambda: CommonQuantities(common={}))
    kinds_by_file: Mapping[str, Kind] = {}
    mappings_by_file: Mapping[str, MappingBook] = {}
    books_by_file: Mapping[str, Rulebook] = {}

    @property
    def kinds(self) -> dict[str, Kind]:
        """Every kind by name, with the quantities that all kinds have."""
        return {kind.kind: kind.with_common(self.common.common) for kind in self.kinds_by_file.values()}

    @property
    def mappings(self) -> list[MappingBook]:
        return list(self.mappings_by_file.values())

    @property
    def books(self) -> list[Rulebook]:
        return list(self.books_by_file.values())


def load_definitions(before: Definitions, site: Path | None) -> tuple[Definitions, list[ConfigFault]]:
    """The definitions on disk, with the last version without faults of each file that has some; and all faults.

    Without the site's folder everything stays as it was.
    """
    missing = missing_site(site)
    if missing is not None:
        return before, [ConfigFault(str(site), 1, 1, "", missing)]
    faults: list[ConfigFault] = []
    kinds = _load_kinds(before, site, faults)
    loaded = _load_books(before, _load_mappings(before, kinds, site, faults), site, faults)
    broken = _broken_books(loaded)
    if broken and kinds.kinds != before.kinds:
        # Rules in force must stay in force: a changed kind that a rule does not fit waits until the rule is changed.
        faults += [_kind_kept(name, broken, site) for name in _changed_kinds(before, kinds)]
        kept = replace(kinds, kinds_by_file={**kinds.kinds_by_file, **before.kinds_by_file}, common=before.common)
        more: list[ConfigFault] = []
        loaded = _load_books(before, _load_mappings(before, kept, site, more), site, more)
        faults += more
    return loaded, list(dict.fromkeys(faults))


def _files(built_in: Path, site: Path | None) -> list[Path]:
    return overlay_files(built_in, site / FOLDERS[built_in] if site is not None else None)


def _load_kinds(before: Definitions, site: Path | None, faults: list[ConfigFault]) -> Definitions:
    common, kinds = before.common, dict[str, Kind]()
    for file in _files(KINDS, site):
        try:
            if file.name == COMMON:
                common = read_model(file, CommonQuantities)
            else:
                kinds[file.name] = read_model(file, Kind)
        except ConfigError as error:
            faults += error.faults
            kinds |= {file.name: before.kinds_by_file[file.name]} if file.name in before.kinds_by_file else {}
    return Definitions(common, kinds)


def _load_mappings(
    before: Definitions, loaded: Definitions, site: Path | None, faults: list[ConfigFault]
) -> Definitions:
    kinds, mappings = loaded.kinds, dict[str, MappingBook]()
    for file in _files(MAPPINGS, site):
        try:
            document = read_yaml(file)
            mapping = validate(document, MappingBook)
            file_faults = document.locate_all(check_mapping(mapping, kinds))
        except ConfigError as error:
            file_faults = list(error.faults)
        if not file_faults:
            mappings[file.name] = mapping
        elif file.name in before.mappings_by_file:
            mappings[file.name] = before.mappings_by_file[file.name]
        faults += file_faults
    return replace(loaded, mappings_by_file=mappings)


def _load_books(before: Definitions, loaded: Definitions, site: Path | None, faults: list[ConfigFault]) -> Definitions:
    """Rulebooks without faults, and the last such version of the others, repeated until all of them fit together."""
    parsed, book_faults = parse_rulebooks(loaded.kinds, rulebook_files(site), ())
    names = [file.name for file in rulebook_files(site)]
    faulty = {Path(fault.file).name for fault in book_faults}
    new = {file.name: book for file, book in parsed}
    while True:
        books = {name: new[name] for name in names if name in new and name not in faulty}
        books |= {name: before.books_by_file[name] for name in faulty if name in before.books_by_file}
        result = replace(loaded, books_by_file={name: books[name] for name in names if name in books})
        unfit = {name: message for name, message in _broken_books(result).items() if name not in faulty}
        if not unfit:
            faults += book_faults
            return result
        faulty |= unfit.keys()
        book_faults += [
            ConfigFault(_path(RULEBOOKS, name, site), 1, 1, "", f"{message}; the book before it stays")
            for name, message in unfit.items()
        ]


def _broken_books(definitions: Definitions) -> dict[str, str]:
    """Rulebooks that do not fit the kinds or each other, by file name, with their first fault."""
    kinds, names, books = definitions.kinds, list(definitions.books_by_file), definitions.books
    faults = [(index, fault) for index, book in enumerate(books) for fault in check_book(book, kinds)]
    faults += check_together(books) + check_references(books)
    return {names[index]: fault.message for index, fault in reversed(faults)}


def _changed_kinds(before: Definitions, loaded: Definitions) -> list[str]:
    """Files of kinds that were changed or removed; common.yaml when only that was changed."""
    changed = [name for name, kind in before.kinds_by_file.items() if loaded.kinds_by_file.get(name) != kind]
    return changed or [COMMON]


def _kind_kept(name: str, broken: Mapping[str, str], site: Path | None) -> ConfigFault:
    book, message = next(iter(broken.items()))
    return ConfigFault(
        _path(KINDS, name, site), 1, 1, "", f"the kind before it stays, for {book} asks of it: {message}"
    )


def _path(built_in: Path, name: str, site: Path | None) -> str:
    own = site / FOLDERS[built_in] / name if site is not None else None
    return str(own if own is not None and own.exists() else built_in / name)
