"""Files people write become checked models; every fault at once, as `file:line:column: field: what, and what to write`.

It knows YAML, CSV and pydantic; what the fields mean is the business of the models it is given.
"""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from msgspec import Struct
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from domain import Fault
from domain.widths import narrow

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 40
MAX_PARTS = 200_000
"""Of one file with its aliases written out: an alias may save typing, it may not grow without bound."""

M = TypeVar("M", bound=BaseModel)
Loc = tuple[str | int, ...]
Mark = tuple[int, int]


class Located(Struct, frozen=True):
    """One fault at its place in a file; line and column count from 1."""

    file: str
    line: int
    column: int
    field: str
    message: str

    def __str__(self) -> str:
        field = f"{self.field}: " if self.field else ""
        return f"{self.file}:{self.line}:{self.column}: {field}{self.message}"


class WrittenError(Exception):
    """Everything wrong with the files that were read."""

    def __init__(self, faults: Sequence[Located]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class Document(Struct, frozen=True):
    """Plain data and where each part of it stands."""

    file: str
    data: Any
    marks: Mapping[Loc, Mark]

    def locate(self, fault: Fault) -> Located:
        """The fault at the deepest part of its path that the file has."""
        where = tuple(fault.where)
        known = where
        while known and known not in self.marks:
            known = known[:-1]
        line, column = self.marks.get(known, (1, 1))
        return Located(self.file, line, column, ".".join(str(part) for part in where), fault.message)

    def locate_all(self, faults: Iterable[Fault]) -> list[Located]:
        return sorted((self.locate(fault) for fault in faults), key=lambda fault: (fault.line, fault.column))


def read_yaml(path: Path) -> Document:
    """The file as plain data. Aliases, duplicate keys, excessive depth and size are faults, not surprises."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise WrittenError([Located(str(path), 1, 1, "", f"cannot be read: {error.strerror}")]) from error
    if len(raw) > MAX_BYTES:
        raise WrittenError([Located(str(path), 1, 1, "", f"larger than {MAX_BYTES} bytes: split it")])
    try:
        node = yaml.compose(raw.decode("utf-8"), Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        raise WrittenError([Located(str(path), 1, 1, "", "is not UTF-8: save it as UTF-8")]) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        said = f"not YAML: {error.problem}{_full_width(raw.decode('utf-8').splitlines(), line)}"
        raise WrittenError([Located(str(path), line, column, "", said)]) from error
    except yaml.reader.ReaderError as error:
        text = raw.decode("utf-8")[: error.position]
        line, column = text.count("\n") + 1, len(text) - text.rfind("\n")
        said = f"holds the control character {error.character:#04x}, which YAML does not take: remove it"
        raise WrittenError([Located(str(path), line, column, "", said)]) from error
    marks: dict[Loc, Mark] = {}
    faults: list[Located] = []
    data = _plain(node, (), marks, faults, str(path), [0]) if node is not None else None
    if faults:
        raise WrittenError(faults)
    return Document(str(path), data, marks)


_AS_WRITTEN = re.compile(r"[-+]?\d[\d_]*(:[0-5]?\d)+(\.\d*)?|\d{4}-\d\d?-\d\d?([Tt ].*)?", re.ASCII)
"""Scalars that YAML 1.1 would turn into something else: 22:30 into 1350, 2026-05-01 into a date. They stay text."""


def _full_width(lines: Sequence[str], line: int) -> str:
    """What to write instead of the full-width signs of this line, or of the one before, where the reader stumbled."""
    for text in reversed(lines[max(line - 2, 0) : line]):
        found = full_width_signs(text)
        if found:
            return f"; {found}"
    return ""


def full_width_signs(text: str) -> str:
    """A sentence about full-width signs that mean something in ASCII; empty where there are none."""
    signs = dict.fromkeys(sign for sign in text if sign in _FULL_WIDTH)
    return f"write {', '.join(f'{narrow(sign)} instead of {sign}' for sign in signs)}" if signs else ""


_FULL_WIDTH = frozenset("：，＞＜＝！（）［］｛｝“”‘’＃－＋０１２３４５６７８９％．｜＂＇")


def _plain(node: Any, loc: Loc, marks: dict[Loc, Mark], faults: list[Located], file: str, parts: list[int]) -> Any:
    mark = (node.start_mark.line + 1, node.start_mark.column + 1)
    marks.setdefault(loc, mark)
    parts[0] += 1
    if parts[0] > MAX_PARTS or len(loc) > MAX_DEPTH:
        if not faults:
            faults.append(Located(file, *mark, "", "its aliases grow without bound: write them out"))
        return None
    if isinstance(node, yaml.MappingNode):
        return _plain_mapping(node, loc, marks, faults, file, parts)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*loc, index), marks, faults, file, parts) for index, item in enumerate(node.value)]
    if _AS_WRITTEN.fullmatch(node.value) and node.tag != "tag:yaml.org,2002:str":
        return node.value
    try:
        return yaml.SafeLoader("").construct_object(node)
    except (yaml.YAMLError, ValueError) as error:
        faults.append(Located(file, *mark, ".".join(map(str, loc)), f"not a plain value: {error}"))
        return None


def _plain_mapping(
    node: Any, loc: Loc, marks: dict[Loc, Mark], faults: list[Located], file: str, parts: list[int]
) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        at = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
        if key in data:
            first = marks[(*loc, key)][0]
            faults.append(Located(file, *at, key, f"stands twice (first in line {first}): remove one"))
            continue
        marks[(*loc, key)] = at
        data[key] = _plain(value_node, (*loc, key), marks, faults, file, parts)
    return data


def validate(document: Document, model: type[M]) -> M:
    """The document as its model, or every fault at its line and column."""
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        raise WrittenError(document.locate_all(_faults(error.errors(), document, model))) from error


def _faults(errors: Sequence[ErrorDetails], document: Document, model: type[BaseModel]) -> Iterator[Fault]:
    instead: Mapping[str, str] = getattr(model, "instead", {})
    known = sorted(_field_names(model, set())) if instead else []
    missing: dict[Loc, list[str]] = {}
    for error in errors:
        if error["type"] == "missing":
            missing.setdefault(_walk(error["loc"], document)[:-1], []).append(str(error["loc"][-1]))
    for error in errors:
        where = _walk(error["loc"], document)
        yield Fault(where, _sentence(error, missing.get(where[:-1], []), instead, known))


def _field_names(model: type[BaseModel], seen: set[type[BaseModel]]) -> set[str]:
    """The fields of a model and of the models in it."""
    if model in seen:
        return set()
    seen.add(model)
    found = {field.alias or name for name, field in model.model_fields.items()}
    for field in model.model_fields.values():
        found = found.union(*(_field_names(inner, seen) for inner in _models_in(field.annotation)), ())
    return found


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def _walk(loc: Loc, document: Document) -> Loc:
    """The error's path without the model and tag names that pydantic puts between the keys of the file."""
    path: Loc = ()
    for index, part in enumerate(loc):
        if (*path, part) in document.marks or index == len(loc) - 1:
            path = (*path, part)
    return path


def _sentence(error: ErrorDetails, missing: Sequence[str], instead: Mapping[str, str], known: Sequence[str]) -> str:
    field = str(error["loc"][-1]) if error["loc"] else ""
    if error["type"] == "missing":
        return f"is missing: write `{field}: ...`"
    if error["type"] == "extra_forbidden":
        return f"is not known here: {_field_instead(field, missing, instead, known)}"
    message = error["msg"].removeprefix("Value error, ")
    found = error["input"]
    if error["type"] in ("enum", "literal_error") and isinstance(found, str):
        message += _value_instead(found, str(error.get("ctx", {}).get("expected", "")), instead)
    shown = repr(found) if isinstance(found, str | int | float | bool) else ""
    signs = full_width_signs(found) if isinstance(found, str) and "full-width" not in message else ""
    return f"{message} (found {shown})" + (f": {signs}" if signs else "") if shown and shown not in message else message


def _field_instead(field: str, missing: Sequence[str], instead: Mapping[str, str], known: Sequence[str]) -> str:
    """What was meant by a field that nobody knows: a word of another tool, a missing field, a field of this file."""
    if field in instead:
        return f"write {instead[field]}"
    if signs := full_width_signs(field):
        return signs
    meant = difflib.get_close_matches(field, missing, 1) or difflib.get_close_matches(field, known, 1, cutoff=0.75)
    return f"write `{meant[0]}`" if meant else "remove it or correct its name"


def _value_instead(found: str, expected: str, instead: Mapping[str, str]) -> str:
    """The value of a fixed list that was meant."""
    values = re.findall(r"'([^']+)'", expected)
    meant = [instead[found]] if instead.get(found) in values else difflib.get_close_matches(found.lower(), values, 1)
    return f": write {meant[0]}" if meant else ""


def read_model(path: Path, model: type[M]) -> M:
    """A YAML file as its model."""
    return validate(read_yaml(path), model)


R = TypeVar("R")


def read_csv(
    path: Path, required: Sequence[str], optional: Sequence[str], row: Callable[[dict[str, str]], R]
) -> list[R]:
    """One `R` a row. Columns may stand in any order; `attributes.*` columns are always welcome.

    `row` gets the non-empty cells and raises KeyError(column, message) or ValueError(message) for what it refuses.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise WrittenError([Located(str(path), 1, 1, "", f"cannot be read as UTF-8: {error}")]) from error
    reader = csv.reader(text.splitlines())
    header = [name.strip() for name in next(reader, [])]
    faults = list(_header_faults(str(path), header, required, optional))
    if faults:
        raise WrittenError(faults)
    made: list[R] = []
    for cells in reader:
        if any(cell.strip() for cell in cells):
            _take_row(str(path), reader.line_num, header, cells, required, row, made, faults)
    if faults:
        raise WrittenError(faults)
    return made


def _header_faults(file: str, header: list[str], required: Sequence[str], optional: Sequence[str]) -> Iterator[Located]:
    for name in required:
        if name not in header:
            yield Located(file, 1, 1, name, f"is missing: the first line needs the columns {', '.join(required)}")
    for index, name in enumerate(header):
        if name not in required and name not in optional and not name.startswith("attributes."):
            known = ", ".join([*required, *optional, "attributes.*"])
            yield Located(file, 1, _column(header, index), name, f"is no column: known are {known}")


def _column(cells: Sequence[str], index: int) -> int:
    """Where a cell starts in its line, counting from 1 (exact for cells without quotes)."""
    return 1 + sum(len(cell) + 1 for cell in cells[:index])


def _take_row(
    file: str,
    line: int,
    header: list[str],
    cells: list[str],
    required: Sequence[str],
    row: Callable[[dict[str, str]], R],
    made: list[R],
    faults: list[Located],
) -> None:
    values = {name: cell.strip() for name, cell in zip(header, cells, strict=False) if cell.strip()}
    column = {name: _column(cells, index) for index, name in enumerate(header)}
    if len(cells) > len(header):
        faults.append(
            Located(file, line, _column(cells, len(header)), "", "has more cells than the first line has columns")
        )
    for name in required:
        if name not in values:
            faults.append(Located(file, line, column[name], name, "is empty: every row needs it"))
    if all(name in values for name in required):
        try:
            made.append(row(values))
        except KeyError as error:
            name, message = error.args
            faults.append(Located(file, line, column.get(name, 1), name, message))
        except ValueError as error:
            faults.append(Located(file, line, 1, "", str(error)))
