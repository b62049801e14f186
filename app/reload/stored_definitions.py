"""Definitions as stored in the database with the state that was evaluated by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace
from pydantic import BaseModel, ValidationError

from app.config.faults import ConfigFault
from app.reload.definitions import Definitions, load_definitions
from domain.kind import CommonQuantities, Kind
from ingest.mappings.mapping import MappingBook
from rules.rulebook.model import Rulebook

M = TypeVar("M", bound=BaseModel)
_AS_WRITTEN = {"as_written": True}


def encode_definitions(definitions: Definitions) -> dict[str, Any]:
    """As JSON types."""
    return {
        "common": _dump(definitions.common),
        "kinds": {name: _dump(kind) for name, kind in definitions.kinds_by_file.items()},
        "mappings": {name: _dump(mapping) for name, mapping in definitions.mappings_by_file.items()},
        "books": {name: _dump(book) for name, book in definitions.books_by_file.items()},
    }


def decode_definitions(encoded: Any) -> Definitions | None:
    """Inverse of `encode_definitions`; None when this version cannot read them."""
    try:
        sections = msgspec.convert(encoded, dict[str, dict[str, Any]])
        return Definitions(
            CommonQuantities.model_validate(sections["common"]),
            _load_section(sections["kinds"], Kind),
            _load_section(sections["mappings"], MappingBook),
            _load_section(sections["books"], Rulebook),
        )
    except (msgspec.ValidationError, ValidationError, KeyError):
        return None


def _dump(model: BaseModel) -> Any:
    return model.model_dump(mode="json", exclude_defaults=True, by_alias=True, context=_AS_WRITTEN)


def _load_section(models: Mapping[str, Any], model: type[M]) -> dict[str, M]:
    return {name: model.model_validate(fields) for name, fields in models.items()}


def definitions_at_start(
    encoded: Any, books: Sequence[Rulebook], site: Path | None
) -> tuple[Definitions, list[ConfigFault]]:
    """The definitions that a stored state was evaluated by, and faults of the files on disk where those are used.

    `books` are the rulebooks in the state. Without a state, or without stored definitions, the files on disk are used.
    Never raises: of a file with faults the built-in version is used, or none. A start at night must not fail by a file.
    """
    stored = decode_definitions(encoded) if encoded is not None else None
    if stored is not None:
        return _with_books(stored, books), []
    built_in, _ = load_definitions(Definitions(), None)
    loaded, faults = load_definitions(built_in, site)
    return _with_books(loaded, books), faults


def _with_books(definitions: Definitions, books: Sequence[Rulebook]) -> Definitions:
    """With the books of the state, under the names of their files.

    Several files may be of one hazard (wristband and home are both about persons): a book is of the file of its hazard
    with which it shares the most rules. A book whose file is gone is named by its hazard.
    """
    if not books:
        return definitions
    by_file: dict[str, Rulebook] = {}
    for book in books:
        by_file[_file_of(book, definitions.books_by_file, by_file)] = book
    return replace(definitions, books_by_file=by_file)


def _file_of(book: Rulebook, files: Mapping[str, Rulebook], taken: Mapping[str, Rulebook]) -> str:
    names = {rule.name for rule in book.rules}
    free = [name for name, file in files.items() if file.hazard == book.hazard and name not in taken]
    if free:
        return max(free, key=lambda name: len(names.intersection(rule.name for rule in files[name].rules)))
    stems = (book.hazard, *(f"{book.hazard}-{number}" for number in range(2, len(taken) + 3)))
    return next(f"{stem}.yaml" for stem in stems if f"{stem}.yaml" not in taken)
