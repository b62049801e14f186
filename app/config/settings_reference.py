"""The reference of site.yaml and of the environment variables, made from the settings models: `docs/settings.md`.

A setting's meaning is the docstring below its field; type, limits, default and unit are read from the field itself, so
the reference cannot contradict what the service accepts.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import pairwise
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from msgspec import Struct
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from app.config.environment_variables import VARIABLES
from app.config.settings import SiteSettings
from domain.duration import format_duration, parse_duration

UNITS: Final = {
    "_bytes": "bytes",
    "_days": "days",
    "_kib": "KiB",
    "_m": "metres",
    "_per_s": "per second",
    "_hour": "in one hour",
    "_day": "in 24 hours",
    "_env": "name of an environment variable",
}
"""What the end of a setting's name says about its value."""
_NAMES: Final = {str: "text", int: "whole number", float: "number", bool: "true or false", Any: "any value"}
_HEAD: Final = """\
# Settings

Written by `fengshao settings reference` from the settings themselves; a test fails when this file is stale.
Everything is optional unless its default is “required”. Durations are written like `30s`, `5m`, `12h`, `2d`. Secrets
never stand in site.yaml: a setting that ends in `_env` names the environment variable that holds one. Faults are
reported by `fengshao check --site FOLDER` with line and column.
"""


class Setting(Struct, frozen=True):
    """One setting: its name in its section, what may be written, what applies when it is left out, what it means."""

    name: str
    type: str
    default: str
    meaning: str


class Section(Struct, frozen=True):
    """The settings of one model, and where in site.yaml they are written."""

    path: str
    about: str
    settings: tuple[Setting, ...]


def reference() -> str:
    """The whole reference as Markdown."""
    parts = [_HEAD]
    for section in sections(SiteSettings):
        parts += [f"## {_code(section.path) if section.path else 'site.yaml'}\n", f"{section.about}\n"]
        rows = ((_code(one.name), one.type, one.default, one.meaning) for one in section.settings)
        parts.append(_table(("setting", "type", "default", "meaning"), rows))
    parts.append("## Environment variables\n")
    parts.append(_table(("variable", "default", "meaning"), _variable_rows()))
    return "\n".join(parts)


def sections(model: type[BaseModel], path: str = "", listed: set[type[BaseModel]] | None = None) -> Iterator[Section]:
    """The section of a model and those of the models in its fields, in the order of the fields; each model once."""
    listed = set() if listed is None else listed
    if model in listed:
        return
    listed.add(model)
    meanings = field_docstrings(model)
    settings, inner = [], list[tuple[str, type[BaseModel]]]()
    for name, field in model.model_fields.items():
        where = f"{path}.{name}" if path else name
        models = list(_models(field.annotation, where))
        inner += models
        meaning = meanings.get(name) or _about_models(models)
        settings.append(Setting(name, _with_unit(name, field), _default(field), meaning))
    yield Section(path, " ".join(inspect.cleandoc(model.__doc__ or "").split()), tuple(settings))
    for where, each in inner:
        yield from sections(each, where, listed)


@cache
def field_docstrings(model: type[BaseModel]) -> Mapping[str, str]:
    """Field -> the docstring below it, on this model or on a base of it."""
    found: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if issubclass(each, BaseModel) and each is not BaseModel:
            found |= _docstrings(ast.parse(textwrap.dedent(inspect.getsource(each))))
    return found


def _docstrings(tree: ast.Module) -> Iterator[tuple[str, str]]:
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    for field, below in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
            text = below.value.value if isinstance(below.value, ast.Constant) else None
            if isinstance(text, str):
                yield field.target.id, " ".join(text.split())


def _models(annotation: Any, where: str) -> Iterator[tuple[str, type[BaseModel]]]:
    """The models that may be written here, each with its place: `[]` is an entry of a list, `NAME` a name of a map."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        kind = annotation.model_fields.get("type")
        variant = f" ({get_args(kind.annotation)[0]})" if kind and get_origin(kind.annotation) is Literal else ""
        yield where + (variant if where.endswith("[]") else ""), annotation
    elif origin is Annotated:
        yield from _models(inner[0], where)
    elif origin is dict:
        yield from _models(inner[1], f"{where}.NAME")
    elif origin in (tuple, list):
        yield from _models(inner[0], f"{where}[]")
    elif origin in (Union, UnionType):
        for each in inner:
            yield from _models(each, where)


def _about_models(models: Iterable[tuple[str, type[BaseModel]]]) -> str:
    """What a section says of itself, where its field says nothing."""
    abouts = [inspect.cleandoc(model.__doc__ or "").split("\n\n")[0] for _, model in models]
    return " ".join(abouts[0].split()) if len(abouts) == 1 else ""


def _with_unit(name: str, field: FieldInfo) -> str:
    text = _type(Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation)
    unit = next((unit for end, unit in UNITS.items() if name.endswith(end)), "")
    if unit and text.startswith("text"):
        return unit
    return f"{text}, {unit}" if unit else text


def _type(annotation: Any) -> str:
    """A type in words."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _constrained(inner[0], inner[1:])
    if origin is Literal:
        return ", ".join(_code(str(each)) for each in inner)
    if origin is dict:
        return f"map of {_type(inner[0])} to {_type(inner[1])}"
    if origin in (tuple, list):
        return f"list of {_type(inner[0])}"
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys("null" if each is NoneType else _type(each) for each in inner))
    return _class(annotation)


def _class(annotation: Any) -> str:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "section"
    values = getattr(annotation, "__members__", None)
    if values is not None:
        return ", ".join(_code(str(each.value)) for each in values.values())
    return _NAMES.get(annotation, getattr(annotation, "__name__", str(annotation)))


def _constrained(annotation: Any, metadata: tuple[Any, ...]) -> str:
    if any(getattr(each, "func", None) is parse_duration for each in metadata):
        return "duration"
    flat = [one for each in metadata for one in (each.metadata if isinstance(each, FieldInfo) else (each,))]
    limits = [limit for each in flat if (limit := _limit(each))]
    return ", ".join((_type(annotation), *limits))


def _limit(constraint: Any) -> str:
    signs = ((Ge, "≥", "ge"), (Gt, ">", "gt"), (Le, "≤", "le"), (Lt, "<", "lt"))
    for kind, sign, name in signs:
        if isinstance(constraint, kind):
            return f"{sign} {getattr(constraint, name)}"
    if isinstance(constraint, MinLen):
        return f"at least {constraint.min_length} long"
    return f"at most {constraint.max_length} long" if isinstance(constraint, MaxLen) else ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if any(getattr(each, "func", None) is parse_duration for each in field.metadata):
        return _code(format_duration(value))
    if isinstance(value, BaseModel) or value is PydanticUndefined:
        return "see there"
    if value is None or value in ("", (), {}, []):
        return "none"
    return _written(value)


def _written(value: Any) -> str:
    """A default as site.yaml would say it."""
    if isinstance(value, Mapping):
        return ", ".join(_code(str(name)) for name in value)
    if isinstance(value, tuple):
        return ", ".join(_written(each) for each in value)
    if isinstance(value, BaseModel):
        items = ((name, getattr(value, name), each) for name, each in type(value).model_fields.items())
        return _code(f"{{{', '.join(f'{name}: {_plain(item, field)}' for name, item, field in items)}}}")
    return _code(str(value).lower() if isinstance(value, bool) else str(getattr(value, "value", value)))


def _plain(value: Any, field: FieldInfo) -> str:
    is_duration = any(getattr(each, "func", None) is parse_duration for each in field.metadata)
    return format_duration(value) if is_duration else str(value)


def _variable_rows() -> Iterator[tuple[str, str, str]]:
    """Variables that the service itself reads, then those that settings name by default."""
    for variable in VARIABLES:
        yield _code(variable.name), _code(variable.default) if variable.default else "none", variable.meaning
    named: dict[str, list[str]] = {}
    for section in sections(SiteSettings):
        for setting in section.settings:
            if setting.name.endswith("_env") and setting.default.startswith("`FENGSHAO_"):
                named.setdefault(setting.default, []).append(f"{section.path}.{setting.name}")
    for name, settings in sorted(named.items()):
        yield name, "none", f"value of {', '.join(_code(each) for each in settings)}"


def _code(text: str) -> str:
    return f"`{text}`"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)
