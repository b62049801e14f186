"""Files people write become checked models; every fault at once, as `file:line:column: field: what, and what to write`.

It knows YAML and pydantic; what the fields mean is the business of the models it is given.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar, cast

import yaml
from msgspec import Struct, field
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.cyaml import CParser  # type: ignore[attr-defined]  # its stub forgets it
from yaml.resolver import Resolver

from app.config.faults import ConfigError, ConfigFault
from app.config.suggestions import nearest
from domain import Fault
from domain.widths import narrow

EMPTY: Final[Mapping[str, str]] = MappingProxyType({})
MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 40
MAX_NODES = 200_000
"""Of one file with its aliases written out: an alias may save typing, it may not grow without bound."""

M = TypeVar("M", bound=BaseModel)
KeyPath = tuple[str | int, ...]
Position = tuple[int, int]


class Document(Struct, frozen=True):
    """Plain data and where each part of it stands."""

    file: str
    data: Any
    positions: Mapping[KeyPath, Position]
    models: dict[type[BaseModel], BaseModel] = field(default_factory=dict)
    """What `validate` made of it: the same file is read by several checks, and models are immutable."""

    def locate(self, fault: Fault) -> ConfigFault:
        """The fault at the deepest part of its path that the file has."""
        where = tuple(fault.where)
        known = where
        while known and known not in self.positions:
            known = known[:-1]
        line, column = self.positions.get(known, (1, 1))
        return ConfigFault(self.file, line, column, ".".join(str(part) for part in where), fault.message)

    def locate_all(self, faults: Iterable[Fault]) -> list[ConfigFault]:
        return sorted((self.locate(fault) for fault in faults), key=lambda fault: (fault.line, fault.column))


def read_yaml(path: Path) -> Document:
    """The file as plain data. Aliases, duplicate keys, excessive depth and size are faults, not surprises."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError([ConfigFault(str(path), 1, 1, "", f"cannot be read: {error.strerror}")]) from error
    if len(raw) > MAX_BYTES:
        raise ConfigError([ConfigFault(str(path), 1, 1, "", f"larger than {MAX_BYTES} bytes: split it")])
    return _parse(str(path), raw)


@lru_cache(maxsize=256)
def _parse(path: str, raw: bytes) -> Document:
    """Of the same bytes once: most files of a site stay as they are, and reading YAML is slow."""
    try:
        node = _compose(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ConfigError([ConfigFault(str(path), 1, 1, "", "is not UTF-8: save it as UTF-8")]) from error
    except RecursionError as error:
        raise ConfigError([ConfigFault(str(path), 1, 1, "", f"is nested deeper than {MAX_DEPTH} levels")]) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        said = f"not YAML: {error.problem}{_full_width(raw.decode('utf-8').splitlines(), line)}"
        raise ConfigError([ConfigFault(path, line, column, "", said)]) from error
    except yaml.reader.ReaderError as error:
        text = raw.decode("utf-8")[: error.position]
        line, column = text.count("\n") + 1, len(text) - text.rfind("\n")
        said = f"holds the control character {error.character:#04x}, which YAML does not take: remove it"
        raise ConfigError([ConfigFault(str(path), line, column, "", said)]) from error
    marks: dict[KeyPath, Position] = {}
    faults: list[ConfigFault] = []
    data = _to_plain(node, (), marks, faults, str(path), [0]) if node is not None else None
    if faults:
        raise ConfigError(faults)
    return Document(str(path), data, marks)


class _Loader(Composer, Resolver, CParser):
    """Scanned in C, seven times faster; composed here, where nesting without bound is an error and no crash."""

    def __init__(self, text: str) -> None:
        CParser.__init__(self, text)
        Composer.__init__(self)
        Resolver.__init__(self)


def _compose(text: str) -> Any:
    """The root node. Of a faulty text the scanner in Python says more clearly what is wrong."""
    try:
        return _Loader(text).get_single_node()
    except yaml.YAMLError:
        return yaml.compose(text, Loader=yaml.SafeLoader)


_KEPT_AS_TEXT = re.compile(r"[-+]?\d[\d_]*(:[0-5]?\d)+(\.\d*)?|\d{4}-\d\d?-\d\d?([Tt ].*)?", re.ASCII)
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


def _to_plain(
    node: Any, loc: KeyPath, marks: dict[KeyPath, Position], faults: list[ConfigFault], file: str, parts: list[int]
) -> Any:
    mark = (node.start_mark.line + 1, node.start_mark.column + 1)
    marks.setdefault(loc, mark)
    parts[0] += 1
    if parts[0] > MAX_NODES or len(loc) > MAX_DEPTH:
        if not faults:
            faults.append(ConfigFault(file, *mark, "", "its aliases grow without bound: write them out"))
        return None
    if isinstance(node, yaml.MappingNode):
        return _to_plain_mapping(node, loc, marks, faults, file, parts)
    if isinstance(node, yaml.SequenceNode):
        return [_to_plain(item, (*loc, index), marks, faults, file, parts) for index, item in enumerate(node.value)]
    if _KEPT_AS_TEXT.fullmatch(node.value) and node.tag != "tag:yaml.org,2002:str":
        return node.value
    try:
        return SafeConstructor().construct_object(node)
    except (yaml.YAMLError, ValueError) as error:
        faults.append(ConfigFault(file, *mark, ".".join(map(str, loc)), f"not a plain value: {error}"))
        return None


def _to_plain_mapping(
    node: Any, loc: KeyPath, marks: dict[KeyPath, Position], faults: list[ConfigFault], file: str, parts: list[int]
) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        at = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
        if key in data:
            first = marks[(*loc, key)][0]
            faults.append(ConfigFault(file, *at, key, f"stands twice (first in line {first}): remove one"))
            continue
        marks[(*loc, key)] = at
        data[key] = _to_plain(value_node, (*loc, key), marks, faults, file, parts)
    return data


def validate(document: Document, model: type[M]) -> M:
    """The document as its model, or every fault at its line and column."""
    if model not in document.models:
        document.models[model] = _validate(document, model)
    return cast("M", document.models[model])


def _validate(document: Document, model: type[M]) -> M:
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        known = _all_fields(model)
        instead: Mapping[str, str] = getattr(model, "instead", EMPTY)
        raise ConfigError(document.locate_all(_faults(error.errors(), document, known, instead))) from error


@cache
def _all_fields(model: type[BaseModel]) -> frozenset[str]:
    return frozenset(_field_names(model.model_json_schema()))


def _field_names(schema: Any) -> Iterator[str]:
    """Every field that stands anywhere in a model."""
    if isinstance(schema, Mapping):
        yield from schema.get("properties", ())
    for part in schema.values() if isinstance(schema, Mapping) else schema if isinstance(schema, list) else ():
        yield from _field_names(part)


def _faults(
    errors: Sequence[ErrorDetails], document: Document, known: Collection[str], instead: Mapping[str, str]
) -> Iterator[Fault]:
    missing: dict[KeyPath, list[str]] = {}
    for error in errors:
        if error["type"] == "missing":
            missing.setdefault(_config_path(error["loc"], document)[:-1], []).append(str(error["loc"][-1]))
    for error in errors:
        where = _config_path(error["loc"], document)
        yield Fault(where, error_text(error, missing.get(where[:-1]) or known, instead))


def _config_path(loc: KeyPath, document: Document) -> KeyPath:
    """The error's path without the model and tag names that pydantic puts between the keys of the file."""
    path: KeyPath = ()
    for index, part in enumerate(loc):
        if (*path, part) in document.positions or index == len(loc) - 1:
            path = (*path, part)
    return path


def error_text(error: ErrorDetails, known: Collection[str] = (), instead: Mapping[str, str] = EMPTY) -> str:
    """A fault of pydantic as people read it: what, and what to write. `known`: the fields that may have been meant;
    `instead`: our words for fields and values of other tools."""
    field = str(error["loc"][-1]) if error["loc"] else ""
    if error["type"] == "missing":
        return f"is missing: write `{field}: ...`"
    if error["type"] == "extra_forbidden":
        return f"is not known here: {_field_hint(field, known, instead)}"
    message, found = error["msg"].removeprefix("Value error, "), error["input"]
    if error["type"] in ("enum", "literal_error") and isinstance(found, str):
        values = re.findall(r"'([^']*)'", error["ctx"]["expected"])
        near = instead[found] if instead.get(found) in values else nearest(found.lower(), values)
        message += f": write {near}" if near else ""
    shown = repr(found) if isinstance(found, str | int | float | bool) else ""
    if not shown or shown in message:
        return message
    signs = full_width_signs(found) if isinstance(found, str) and "full-width" not in message else ""
    return f"{message} (found {shown})" + (f": {signs}" if signs else "")


def _field_hint(field: str, known: Collection[str], instead: Mapping[str, str]) -> str:
    """What was meant by a field that is not known: a word of another tool, full-width signs, or a slip."""
    if field in instead:
        return f"write {instead[field]}"
    if signs := full_width_signs(field):
        return signs
    near = nearest(field, known)
    return f"write `{near}`" if near else "remove it or correct its name"


def read_model(path: Path, model: type[M]) -> M:
    """A YAML file as its model."""
    return validate(read_yaml(path), model)
