"""Reads a YAML file into a pydantic model; reports all faults as `file:line:column: field: what, and what to write`."""

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
"""Of one file with its aliases expanded: nested aliases can grow exponentially."""

M = TypeVar("M", bound=BaseModel)
KeyPath = tuple[str | int, ...]
Position = tuple[int, int]


class Document(Struct, frozen=True):
    """A parsed file: plain data, and the line and column of each key path."""

    file: str
    data: Any
    positions: Mapping[KeyPath, Position]
    models: dict[type[BaseModel], BaseModel] = field(default_factory=dict)
    """Cache of `validate`: several checks read the same file, and models are immutable."""

    def locate(self, fault: Fault) -> ConfigFault:
        """The fault with the position of the longest part of its path that exists in the file."""
        path = tuple(fault.where)
        existing = path
        while existing and existing not in self.positions:
            existing = existing[:-1]
        line, column = self.positions.get(existing, (1, 1))
        return ConfigFault(self.file, line, column, ".".join(map(str, path)), fault.message)

    def locate_all(self, faults: Iterable[Fault]) -> list[ConfigFault]:
        """The faults with their positions, sorted by position."""
        return sorted((self.locate(fault) for fault in faults), key=lambda fault: (fault.line, fault.column))


def read_yaml(path: Path) -> Document:
    """Parse a file. Raises ConfigError, also for duplicate keys, exploding aliases, excessive depth and size."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError([ConfigFault(str(path), 1, 1, "", f"cannot be read: {error.strerror}")]) from error
    if len(raw) > MAX_BYTES:
        raise ConfigError([ConfigFault(str(path), 1, 1, "", f"larger than {MAX_BYTES} bytes: split it")])
    return _parse(str(path), raw)


@lru_cache(maxsize=256)
def _parse(path: str, raw: bytes) -> Document:
    """Cached by content: most files of a site stay unchanged between reloads, and parsing YAML is slow."""
    try:
        node = _compose(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ConfigError([ConfigFault(path, 1, 1, "", "is not UTF-8: save it as UTF-8")]) from error
    except RecursionError as error:
        raise ConfigError([ConfigFault(path, 1, 1, "", f"is nested deeper than {MAX_DEPTH} levels")]) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        message = f"not YAML: {error.problem}{_full_width_hint(raw.decode('utf-8').splitlines(), line)}"
        raise ConfigError([ConfigFault(path, line, column, "", message)]) from error
    except yaml.reader.ReaderError as error:
        text = raw.decode("utf-8")[: error.position]
        line, column = text.count("\n") + 1, len(text) - text.rfind("\n")
        message = f"holds the control character {error.character:#04x}, which YAML does not take: remove it"
        raise ConfigError([ConfigFault(path, line, column, "", message)]) from error
    conversion = _Conversion(path)
    data = conversion.to_plain(node, ()) if node is not None else None
    if conversion.faults:
        raise ConfigError(conversion.faults)
    return Document(path, data, conversion.positions)


class _Loader(Composer, Resolver, CParser):
    """Scans with libyaml, seven times faster; composes in Python, where unbounded nesting raises RecursionError."""

    def __init__(self, text: str) -> None:
        CParser.__init__(self, text)
        Composer.__init__(self)
        Resolver.__init__(self)


def _compose(text: str) -> Any:
    """The root node. A faulty text is parsed again in Python, whose messages are clearer than libyaml's."""
    try:
        return _Loader(text).get_single_node()
    except yaml.YAMLError:
        return yaml.compose(text, Loader=yaml.SafeLoader)


_KEPT_AS_TEXT = re.compile(r"[-+]?\d[\d_]*(:[0-5]?\d)+(\.\d*)?|\d{4}-\d\d?-\d\d?([Tt ].*)?", re.ASCII)
"""Scalars that YAML 1.1 would convert: 22:30 to 1350, 2026-05-01 to a date. They stay text."""


def _full_width_hint(lines: Sequence[str], line: int) -> str:
    """`; write : instead of ：` for full-width signs on `line` or the line before, where a parser may have failed."""
    for text in reversed(lines[max(line - 2, 0) : line]):
        if hint := full_width_signs(text):
            return f"; {hint}"
    return ""


def full_width_signs(text: str) -> str:
    """`write : instead of ：` for full-width signs that have a meaning in ASCII; empty without any."""
    signs = dict.fromkeys(sign for sign in text if sign in _FULL_WIDTH)
    return f"write {', '.join(f'{narrow(sign)} instead of {sign}' for sign in signs)}" if signs else ""


_FULL_WIDTH = frozenset("：，＞＜＝！（）［］｛｝“”‘’＃－＋０１２３４５６７８９％．｜＂＇")


class _Conversion:
    """Converts the nodes of one file to plain data; collects the position of each key path, and faults."""

    def __init__(self, file: str) -> None:
        self.positions: dict[KeyPath, Position] = {}
        self.faults: list[ConfigFault] = []
        self._file, self._nodes = file, 0

    def to_plain(self, node: Any, path: KeyPath) -> Any:
        position = (node.start_mark.line + 1, node.start_mark.column + 1)
        self.positions.setdefault(path, position)
        self._nodes += 1
        if self._nodes > MAX_NODES or len(path) > MAX_DEPTH:
            if not self.faults:
                message = "its aliases grow without bound: write them out"
                self.faults.append(ConfigFault(self._file, *position, "", message))
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.to_plain(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path, position)

    def _scalar(self, node: Any, path: KeyPath, position: Position) -> Any:
        if _KEPT_AS_TEXT.fullmatch(node.value) and node.tag != "tag:yaml.org,2002:str":
            return node.value
        try:
            return SafeConstructor().construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            field = ".".join(map(str, path))
            self.faults.append(ConfigFault(self._file, *position, field, f"not a plain value: {error}"))
            return None

    def _mapping(self, node: Any, path: KeyPath) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            position = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            if key in data:
                message = f"stands twice (first in line {self.positions[*path, key][0]}): remove one"
                self.faults.append(ConfigFault(self._file, *position, key, message))
                continue
            self.positions[*path, key] = position
            data[key] = self.to_plain(value_node, (*path, key))
        return data


def validate(document: Document, model: type[M]) -> M:
    """The document as `model`. Raises ConfigError with every fault at its line and column."""
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
    """The names of all fields of a JSON schema, at any depth."""
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
        path = _config_path(error["loc"], document)
        yield Fault(path, error_text(error, missing.get(path[:-1]) or known, instead))


def _config_path(error_path: KeyPath, document: Document) -> KeyPath:
    """The error's path without the names of models and tags that pydantic puts between the keys of the file."""
    path: KeyPath = ()
    for index, part in enumerate(error_path):
        if (*path, part) in document.positions or index == len(error_path) - 1:
            path = (*path, part)
    return path


def error_text(error: ErrorDetails, known: Collection[str] = (), instead: Mapping[str, str] = EMPTY) -> str:
    """Message of a pydantic error: what is wrong, and what to write.

    `known` are fields that may have been meant; `instead` maps fields and values of other tools to ours.
    """
    field = str(error["loc"][-1]) if error["loc"] else ""
    if error["type"] == "missing":
        return f"is missing: write `{field}: ...`"
    if error["type"] == "extra_forbidden":
        return f"is not known here: {_field_hint(field, known, instead)}"
    message, value = error["msg"].removeprefix("Value error, "), error["input"]
    if error["type"] in ("enum", "literal_error") and isinstance(value, str):
        allowed = re.findall(r"'([^']*)'", error["ctx"]["expected"])
        suggestion = instead[value] if instead.get(value) in allowed else nearest(value.lower(), allowed)
        message += f": write {suggestion}" if suggestion else ""
    shown = repr(value) if isinstance(value, str | int | float | bool) else ""
    if not shown or shown in message:
        return message
    signs = full_width_signs(value) if isinstance(value, str) and "full-width" not in message else ""
    return f"{message} (found {shown})" + (f": {signs}" if signs else "")


def _field_hint(field: str, known: Collection[str], instead: Mapping[str, str]) -> str:
    """What to write instead of an unknown field: our word for another tool's, ASCII signs, or a similar name."""
    if field in instead:
        return f"write {instead[field]}"
    if signs := full_width_signs(field):
        return signs
    if field in known:
        return f"`{field}` belongs in another part of the file, at another depth"
    suggestion = nearest(field, known)
    return f"write `{suggestion}`" if suggestion else "remove it or correct its name"


def read_model(path: Path, model: type[M]) -> M:
    """A YAML file as `model`. Raises ConfigError."""
    return validate(read_yaml(path), model)
