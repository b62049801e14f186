"""What a template may call: operators, filters, tests and methods of Jinja and of Home Assistant.

Plain functions of values. What does not fit raises one of Python's own errors for wrong values; a result that grows
without need is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

TEXT_MAX: Final = 4_000
REPLACED_MAX: Final = 1_000_000
NUMBER_MAX: Final = 2.0**63


class _Absent:
    """What a name leads to that the message does not have."""


ABSENT: Final = _Absent()
"""The template says nothing of this message."""


def lookup(of: object, key: object) -> object:
    """The value under a key; what is not there is ABSENT, and so is all below it."""
    if isinstance(of, Mapping):
        return of.get(key, ABSENT) if isinstance(key, (str, int, float, bool)) else ABSENT
    if isinstance(of, (list, str)) and type(key) is int and -len(of) <= key < len(of):
        return of[key]
    return ABSENT


def is_true(said: object) -> bool:
    return said is not ABSENT and bool(said)


def bounded(said: object) -> object:
    """A result that may not grow on: no text beyond TEXT_MAX, no number beyond 64 bits."""
    if isinstance(said, (str, list)) and len(said) > TEXT_MAX:
        raise ValueError(f"more than {TEXT_MAX} characters")
    if isinstance(said, (int, float)) and not -NUMBER_MAX < said < NUMBER_MAX:
        raise ValueError("a number of more than 64 bits")
    return said


def to_text(said: object) -> str:
    return "" if said is ABSENT else said if isinstance(said, str) else str(said)


def _number(said: object) -> Any:
    """A number for arithmetic: a text is none, as in Jinja."""
    if type(said) not in (int, float, bool):
        raise TypeError(f"{to_text(said)[:40]!r} is not a number")
    return said


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
    "not": lambda said: not is_true(said),
    "-": lambda said: -_number(said),
    "+": _number,
}

_NO_DEFAULT: Final = object()


def _to_number(said: object, otherwise: object, to: Callable[[float], object]) -> Any:
    try:
        number = float(said) if isinstance(said, str) else _number(said)
        return to(number)
    except (TypeError, ValueError, OverflowError):
        if otherwise is _NO_DEFAULT:
            raise ValueError(f"{to_text(said)[:40]!r} is not a number") from None
        return otherwise


def _int(said: object, otherwise: object = _NO_DEFAULT, base: object = 10) -> object:
    if isinstance(said, str) and type(base) is int and (base != 10 or said.strip().lower().startswith("0x")):
        return int(said, 16 if base == 10 else base)
    return _to_number(said, otherwise, int)


def _float(said: object, otherwise: object = _NO_DEFAULT) -> object:
    return _to_number(said, otherwise, float)


def _bool(said: object, otherwise: object = _NO_DEFAULT) -> object:
    """Home Assistant's words for true and false."""
    word = to_text(said).strip().lower()
    if word in ("1", "true", "yes", "on", "enable"):
        return True
    if word in ("0", "false", "no", "off", "disable"):
        return False
    if otherwise is _NO_DEFAULT:
        raise ValueError(f"{word[:40]!r} is neither true nor false")
    return otherwise


def _round(said: object, places: object = 0, how: object = "common", _otherwise: object = None) -> object:
    number = _to_number(said, _NO_DEFAULT, float)
    digits = places if type(places) is int and abs(places) < 16 else 0
    if how in ("floor", "ceil"):
        scaled = number * 10**digits
        whole = scaled // 1 if how == "floor" else -(-scaled // 1)
        return whole / 10**digits
    rounded = round(number, digits)
    return int(rounded) if digits == 0 else rounded


def _default(said: object, otherwise: object = "", also_false: object = False) -> object:
    return otherwise if said is ABSENT or (also_false and not said) else said


def _iif(said: object, then: object = True, otherwise: object = False, none: object = _NO_DEFAULT) -> object:
    if said is None and none is not _NO_DEFAULT:
        return none
    return then if is_true(said) else otherwise


def _is_defined(said: object) -> object:
    """Home Assistant's filter: a value that is not there leaves the state as it was."""
    if said is ABSENT:
        raise LookupError("it is not defined")
    return said


def _is_number(said: object) -> bool:
    return _to_number(said, ABSENT, float) is not ABSENT


def _split(said: object, at: object = None, most: object = -1) -> list[str]:
    return to_text(said).split(at if isinstance(at, str) else None, most if type(most) is int else -1)


def _replace(said: object, old: object, new: object, _count: object = None) -> str:
    if to_text(old) == "" or len(to_text(said)) * len(to_text(new)) > REPLACED_MAX:
        raise ValueError("replacing nothing, or too much")
    return to_text(said).replace(to_text(old), to_text(new))


def _strip(how: str) -> Callable[..., object]:
    return lambda said, signs=None: getattr(to_text(said), how)(signs if isinstance(signs, str) else None)


def _item_at(which: int) -> Callable[[object], object]:
    return lambda said: lookup(said, which)


def _to_int(said: object) -> int:
    number = _int(said)
    assert isinstance(number, int)
    return number


_TEXTS: Final[dict[str, Callable[..., object]]] = {
    "lower": lambda said: to_text(said).lower(),
    "upper": lambda said: to_text(said).upper(),
    "title": lambda said: to_text(said).title(),
    "replace": _replace,
}
_NUMBERS: Final[dict[str, Callable[..., object]]] = {
    "int": _int,
    "float": _float,
    "bool": _bool,
    "round": _round,
    "abs": lambda said: abs(_number(said)),
    "iif": _iif,
    "min": lambda *given: min(given[0] if len(given) == 1 else given),
    "max": lambda *given: max(given[0] if len(given) == 1 else given),
}
CALLABLES: Final[dict[str, dict[str, Callable[..., object]]]] = {
    "function": _NUMBERS,
    "method": {
        **_TEXTS,
        "strip": _strip("strip"),
        "lstrip": _strip("lstrip"),
        "rstrip": _strip("rstrip"),
        "split": _split,
        "startswith": lambda said, start: to_text(said).startswith(to_text(start)),
        "endswith": lambda said, end: to_text(said).endswith(to_text(end)),
    },
    "filter": {
        **_NUMBERS,
        **_TEXTS,
        "default": _default,
        "d": _default,
        "trim": _strip("strip"),
        "string": to_text,
        "capitalize": lambda said: to_text(said).capitalize(),
        "is_defined": _is_defined,
        "is_number": _is_number,
        "length": len,
        "count": len,
        "first": _item_at(0),
        "last": _item_at(-1),
        "list": lambda said: list(said),
        "join": lambda said, between="": to_text(between).join(map(to_text, said)),
        "bitwise_and": lambda said, other: _to_int(said) & _to_int(other),
        "bitwise_or": lambda said, other: _to_int(said) | _to_int(other),
        "bitwise_xor": lambda said, other: _to_int(said) ^ _to_int(other),
        "multiply": lambda said, by, _otherwise=None: _to_number(said, _NO_DEFAULT, float) * _number(by),
        "add": lambda said, more, _otherwise=None: _to_number(said, _NO_DEFAULT, float) + _number(more),
        "from_json": lambda said: json.loads(to_text(said)),
        "to_json": lambda said: json.dumps(said),
        "tojson": lambda said: json.dumps(said),
    },
    "test": {
        "defined": lambda said: said is not ABSENT,
        "undefined": lambda said: said is ABSENT,
        "none": lambda said: said is None,
        "number": lambda said: type(said) in (int, float, bool),
        "integer": lambda said: type(said) is int,
        "float": lambda said: type(said) is float,
        "string": lambda said: isinstance(said, str),
        "boolean": lambda said: type(said) is bool,
        "true": lambda said: said is True,
        "false": lambda said: said is False,
        "mapping": lambda said: isinstance(said, dict),
        "sequence": lambda said: isinstance(said, (list, str)),
        "even": lambda said: _number(said) % 2 == 0,
        "odd": lambda said: _number(said) % 2 == 1,
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
