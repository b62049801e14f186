"""Operators, filters, tests and methods of Jinja and of Home Assistant that a template may call.

Plain functions of values. Unfit arguments raise Python's own errors for wrong values; a result that is too large raises
ValueError.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

TEXT_MAX: Final = 4_000
REPLACED_MAX: Final = 1_000_000
NUMBER_MAX: Final = 2.0**63


class _Absent:
    """The value of a name or key that the message does not have."""


ABSENT: Final = _Absent()
"""The result of a template none of whose paths is in the message."""


def lookup(of: object, key: object) -> object:
    """The value under a key; a missing one is ABSENT, and so is everything below it."""
    if isinstance(of, Mapping):
        return of.get(key, ABSENT) if isinstance(key, (str, int, float, bool)) else ABSENT
    if isinstance(of, (list, str)) and type(key) is int and -len(of) <= key < len(of):
        return of[key]
    return ABSENT


def is_true(value: object) -> bool:
    return value is not ABSENT and bool(value)


def bounded(value: object) -> object:
    """The value unless it is too large. Raises ValueError for text beyond TEXT_MAX and numbers beyond 64 bits."""
    if isinstance(value, (str, list)) and len(value) > TEXT_MAX:
        raise ValueError(f"more than {TEXT_MAX} characters")
    if isinstance(value, (int, float)) and not -NUMBER_MAX < value < NUMBER_MAX:
        raise ValueError("a number of more than 64 bits")
    return value


def to_text(value: object) -> str:
    return "" if value is ABSENT else value if isinstance(value, str) else str(value)


def _number(value: object) -> Any:
    """A number for arithmetic; as in Jinja, text is not converted."""
    if type(value) not in (int, float, bool):
        raise TypeError(f"{to_text(value)[:40]!r} is not a number")
    return value


def _add(left: object, right: object) -> object:
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    return _number(left) + _number(right)


def _contains(item: object, within: object) -> bool:
    if isinstance(within, str):
        return to_text(item) in within
    return isinstance(within, (list, Mapping)) and item in within


def _equal(left: object, right: object) -> bool:
    return left is right if ABSENT in (left, right) else bool(left == right)


BINARY: Final[dict[str, Callable[[Any, Any], object]]] = {
    "+": _add,
    "-": lambda left, right: _number(left) - _number(right),
    "*": lambda left, right: _number(left) * _number(right),
    "/": lambda left, right: _number(left) / _number(right),
    "//": lambda left, right: _number(left) // _number(right),
    "%": lambda left, right: _number(left) % _number(right),
    "~": lambda left, right: to_text(left) + to_text(right),
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "in": _contains,
    "not in": lambda left, right: not _contains(left, right),
}
UNARY: Final[dict[str, Callable[[Any], object]]] = {
    "not": lambda value: not is_true(value),
    "-": lambda value: -_number(value),
    "+": _number,
}

_NO_DEFAULT: Final = object()


def _to_number(value: object, default: object, to: Callable[[float], object]) -> Any:
    try:
        number = float(value) if isinstance(value, str) else _number(value)
        return to(number)
    except (TypeError, ValueError, OverflowError):
        if default is _NO_DEFAULT:
            raise ValueError(f"{to_text(value)[:40]!r} is not a number") from None
        return default


def _int(value: object, default: object = _NO_DEFAULT, base: object = 10) -> object:
    if isinstance(value, str) and type(base) is int and (base != 10 or value.strip().lower().startswith("0x")):
        return int(value, 16 if base == 10 else base)
    return _to_number(value, default, int)


def _float(value: object, default: object = _NO_DEFAULT) -> object:
    return _to_number(value, default, float)


def _bool(value: object, default: object = _NO_DEFAULT) -> object:
    """Home Assistant's words for true and false."""
    word = to_text(value).strip().lower()
    if word in ("1", "true", "yes", "on", "enable"):
        return True
    if word in ("0", "false", "no", "off", "disable"):
        return False
    if default is _NO_DEFAULT:
        raise ValueError(f"{word[:40]!r} is neither true nor false")
    return default


def _round(value: object, places: object = 0, how: object = "common", _default_value: object = None) -> object:
    number = _to_number(value, _NO_DEFAULT, float)
    digits = places if type(places) is int and abs(places) < 16 else 0
    if how in ("floor", "ceil"):
        scaled = number * 10**digits
        whole = scaled // 1 if how == "floor" else -(-scaled // 1)
        return whole / 10**digits
    rounded = round(number, digits)
    return int(rounded) if digits == 0 else rounded


def _default(value: object, default: object = "", also_false: object = False) -> object:
    return default if value is ABSENT or (also_false and not value) else value


def _iif(value: object, then: object = True, default: object = False, none: object = _NO_DEFAULT) -> object:
    if value is None and none is not _NO_DEFAULT:
        return none
    return then if is_true(value) else default


def _is_defined(value: object) -> object:
    """Home Assistant's filter `is_defined`: a missing value leaves the state unchanged."""
    if value is ABSENT:
        raise LookupError("it is not defined")
    return value


def _is_number(value: object) -> bool:
    return _to_number(value, ABSENT, float) is not ABSENT


def _split(value: object, at: object = None, most: object = -1) -> list[str]:
    return to_text(value).split(at if isinstance(at, str) else None, most if type(most) is int else -1)


def _replace(value: object, old: object, new: object, _count: object = None) -> str:
    if to_text(old) == "" or len(to_text(value)) * len(to_text(new)) > REPLACED_MAX:
        raise ValueError("replacing nothing, or too much")
    return to_text(value).replace(to_text(old), to_text(new))


def _strip(how: str) -> Callable[..., object]:
    return lambda value, signs=None: getattr(to_text(value), how)(signs if isinstance(signs, str) else None)


def _item_at(which: int) -> Callable[[object], object]:
    return lambda value: lookup(value, which)


def _to_int(value: object) -> int:
    number = _int(value)
    assert isinstance(number, int)
    return number


_TEXTS: Final[dict[str, Callable[..., object]]] = {
    "lower": lambda value: to_text(value).lower(),
    "upper": lambda value: to_text(value).upper(),
    "title": lambda value: to_text(value).title(),
    "replace": _replace,
}
_NUMBERS: Final[dict[str, Callable[..., object]]] = {
    "int": _int,
    "float": _float,
    "bool": _bool,
    "round": _round,
    "abs": lambda value: abs(_number(value)),
    "iif": _iif,
    "min": lambda *arguments: min(arguments[0] if len(arguments) == 1 else arguments),
    "max": lambda *arguments: max(arguments[0] if len(arguments) == 1 else arguments),
}
CALLABLES: Final[dict[str, dict[str, Callable[..., object]]]] = {
    "function": _NUMBERS,
    "method": {
        **_TEXTS,
        "strip": _strip("strip"),
        "lstrip": _strip("lstrip"),
        "rstrip": _strip("rstrip"),
        "split": _split,
        "startswith": lambda value, start: to_text(value).startswith(to_text(start)),
        "endswith": lambda value, end: to_text(value).endswith(to_text(end)),
    },
    "filter": {
        **_NUMBERS,
        **_TEXTS,
        "default": _default,
        "d": _default,
        "trim": _strip("strip"),
        "string": to_text,
        "capitalize": lambda value: to_text(value).capitalize(),
        "is_defined": _is_defined,
        "is_number": _is_number,
        "length": len,
        "count": len,
        "first": _item_at(0),
        "last": _item_at(-1),
        "list": lambda value: list(value),
        "join": lambda value, between="": to_text(between).join(map(to_text, value)),
        "bitwise_and": lambda value, other: _to_int(value) & _to_int(other),
        "bitwise_or": lambda value, other: _to_int(value) | _to_int(other),
        "bitwise_xor": lambda value, other: _to_int(value) ^ _to_int(other),
        "multiply": lambda value, by, _default_value=None: _to_number(value, _NO_DEFAULT, float) * _number(by),
        "add": lambda value, more, _default_value=None: _to_number(value, _NO_DEFAULT, float) + _number(more),
        "from_json": lambda value: json.loads(to_text(value)),
        "to_json": lambda value: json.dumps(value),
        "tojson": lambda value: json.dumps(value),
    },
    "test": {
        "defined": lambda value: value is not ABSENT,
        "undefined": lambda value: value is ABSENT,
        "none": lambda value: value is None,
        "number": lambda value: type(value) in (int, float, bool),
        "integer": lambda value: type(value) is int,
        "float": lambda value: type(value) is float,
        "string": lambda value: isinstance(value, str),
        "boolean": lambda value: type(value) is bool,
        "true": lambda value: value is True,
        "false": lambda value: value is False,
        "mapping": lambda value: isinstance(value, dict),
        "sequence": lambda value: isinstance(value, (list, str)),
        "even": lambda value: _number(value) % 2 == 0,
        "odd": lambda value: _number(value) % 2 == 1,
        "in": _contains,
        "eq": _equal,
        "equalto": _equal,
        "ne": BINARY["!="],
        "lt": BINARY["<"],
        "gt": BINARY[">"],
        "le": BINARY["<="],
        "ge": BINARY[">="],
    },
}
