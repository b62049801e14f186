"""Kinds, mappings and rulebooks as they are in force, each by the file that it came from.

They are taken up together, because they speak of each other, and file by file: one that is faulty keeps its last good
version, and the others are taken. What is in force is kept with the state that was judged by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace
from pydantic import BaseModel, ValidationError

from app.config.catalog import KINDS, MAPPINGS, RULEBOOKS, overlay_files, parse_rulebooks, rulebook_files
from app.config.faults import ConfigError, ConfigFault
from app.config.yaml_files import read_model, read_yaml, validate
from domain.kind import CommonQuantities, Kind
from ingest.mappings.check import check as check_mapping
from ingest.mappings.mapping import MappingBook
from rules.rulebook.check import check as check_book
from rules.rulebook.model import Rulebook
from rules.rulebook.references import check_references, check_together

M = TypeVar("M", bound=BaseModel)
COMMON = "common.yaml"
FOLDERS = {KINDS: "kinds", MAPPINGS: "mappings", RULEBOOKS: "rules"}
_AS_WRITTEN = {"as_written": True}


class Definitions(Struct, frozen=True):
    """By file name. `kinds` are as written, without what all kinds have (`common`)."""

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


class LiveKinds(Mapping[str, Kind]):
    """The kinds in force, for whoever looks them up by name while they may change."""

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        self.current = kinds

    def __getitem__(self, name: str) -> Kind:
        return self.current[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.current)

    def __len__(self) -> int:
        return len(self.current)


def load_definitions(before: Definitions, site: Path | None) -> tuple[Definitions, list[ConfigFault]]:
    """What lies on disk, with the last good version of every file that cannot be used, and every fault."""
    faults: list[ConfigFault] = []
    now = _kinds(before, site, faults)
    taken = _books(before, _mappings(before, now, site, faults), site, faults)
    broken = _broken(taken)
    if broken and now.kinds != before.kinds:
        # What was judged must go on being judged: the kinds that changed under a rule wait until the rule fits them.
        faults += [_held_back(name, broken, site) for name in _changed(before, now)]
        held = replace(now, kinds_by_file={**now.kinds_by_file, **before.kinds_by_file}, common=before.common)
        more: list[ConfigFault] = []
        taken = _books(before, _mappings(before, held, site, more), site, more)
        faults += more
    return taken, list(dict.fromkeys(faults))


def _files(built_in: Path, site: Path | None) -> list[Path]:
    return overlay_files(built_in, site / FOLDERS[built_in] if site is not None else None)


def _kinds(before: Definitions, site: Path | None, faults: list[ConfigFault]) -> Definitions:
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


def _mappings(before: Definitions, now: Definitions, site: Path | None, faults: list[ConfigFault]) -> Definitions:
    kinds, books = now.kinds, dict[str, MappingBook]()
    for file in _files(MAPPINGS, site):
        try:
            document = read_yaml(file)
            book = validate(document, MappingBook)
            wrong = document.locate_all(check_mapping(book, kinds))
        except ConfigError as error:
            wrong = list(error.faults)
        if not wrong:
            books[file.name] = book
        elif file.name in before.mappings_by_file:
            books[file.name] = before.mappings_by_file[file.name]
        faults += wrong
    return replace(now, mappings_by_file=books)


def _books(before: Definitions, now: Definitions, site: Path | None, faults: list[ConfigFault]) -> Definitions:
    """The rulebooks that are right, and the last good version of the others; until all that are taken fit together."""
    read, wrong = parse_rulebooks(now.kinds, rulebook_files(site), ())
    names = [file.name for file in rulebook_files(site)]
    faulty = {Path(fault.file).name for fault in wrong}
    fresh = {file.name: book for file, book in read}
    while True:
        books = {name: fresh[name] for name in names if name in fresh and name not in faulty}
        books |= {name: before.books_by_file[name] for name in faulty if name in before.books_by_file}
        taken = replace(now, books_by_file={name: books[name] for name in names if name in books})
        unfit = {name: said for name, said in _broken(taken).items() if name not in faulty}
        if not unfit:
            faults += wrong
            return taken
        faulty |= unfit.keys()
        wrong += [
            ConfigFault(_path(RULEBOOKS, name, site), 1, 1, "", f"{said}; the book before it stays")
            for name, said in unfit.items()
        ]


def _broken(taken: Definitions) -> dict[str, str]:
    """Rulebooks that cannot be judged beside the others and by these kinds, with the first thing that is wrong."""
    kinds, names, books = taken.kinds, list(taken.books_by_file), taken.books
    found = [(index, fault) for index, book in enumerate(books) for fault in check_book(book, kinds)]
    found += check_together(books) + check_references(books)
    return {names[index]: fault.message for index, fault in reversed(found)}


def _changed(before: Definitions, now: Definitions) -> list[str]:
    """Files of kinds that were there and are otherwise, or gone."""
    return [name for name, kind in before.kinds_by_file.items() if now.kinds_by_file.get(name) != kind] or [COMMON]


def _held_back(name: str, broken: Mapping[str, str], site: Path | None) -> ConfigFault:
    book, said = next(iter(broken.items()))
    return ConfigFault(_path(KINDS, name, site), 1, 1, "", f"the kind before it stays, for {book} asks of it: {said}")


def _path(built_in: Path, name: str, site: Path | None) -> str:
    own = site / FOLDERS[built_in] / name if site is not None else None
    return str(own if own is not None and own.exists() else built_in / name)


# -- written down with the state that was judged by them -------------------------------------------------------------


def encode_definitions(one: Definitions) -> dict[str, Any]:
    """As a ledger keeps them."""
    return {
        "common": _dumped(one.common),
        "kinds": {name: _dumped(kind) for name, kind in one.kinds_by_file.items()},
        "mappings": {name: _dumped(book) for name, book in one.mappings_by_file.items()},
        "books": {name: _dumped(book) for name, book in one.books_by_file.items()},
    }


def decode_definitions(written: Any) -> Definitions | None:
    """What was kept; None when there is nothing that this version can read."""
    try:
        held = msgspec.convert(written, dict[str, dict[str, Any]])
        return Definitions(
            CommonQuantities.model_validate(held["common"]),
            _recalled(held["kinds"], Kind),
            _recalled(held["mappings"], MappingBook),
            _recalled(held["books"], Rulebook),
        )
    except (msgspec.ValidationError, ValidationError, KeyError):
        return None


def _dumped(model: BaseModel) -> Any:
    return model.model_dump(mode="json", exclude_defaults=True, by_alias=True, context=_AS_WRITTEN)


def _recalled(written: Mapping[str, Any], model: type[M]) -> dict[str, M]:
    return {name: model.model_validate(one) for name, one in written.items()}


def definitions_at_start(
    kept: Any, books: Sequence[Rulebook], site: Path | None
) -> tuple[Definitions, list[ConfigFault]]:
    """What a state was judged by. One that was kept without its definitions, or the first, goes by the files on disk.

    Raises ConfigError when nothing was judged before and a file is faulty: a person is at the terminal to mend it.
    """
    known = decode_definitions(kept) if kept is not None else None
    if known is not None:
        return replace(known, books_by_file=_named(known.books_by_file, books) if books else known.books_by_file), []
    found, faults = load_definitions(Definitions(), site)
    if faults and not books:
        raise ConfigError(faults)
    return replace(found, books_by_file=_named(found.books_by_file, books) if books else found.books_by_file), faults


def _named(by_file: Mapping[str, Rulebook], books: Sequence[Rulebook]) -> dict[str, Rulebook]:
    """The books that a state was judged by under the names of their files; of a file that is gone, by the hazard."""
    files = {book.hazard: name for name, book in by_file.items()}
    return {files.get(book.hazard, f"{book.hazard}.yaml"): book for book in books}
