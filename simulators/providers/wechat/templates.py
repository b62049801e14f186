"""Rules of template messages: which keywords a template has, and what each type of keyword may contain.

Written from the provider's page on limits of keyword values (thing, number, letter, symbol, character_string, time,
date, amount, phone_number, car_number, name, phrase, const).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_KEYWORD: Final = re.compile(r"\{\{([a-z_]+)(\d*)\.DATA\}\}")
_CLOCK: Final = r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?"
_DATE: Final = r"(\d{4}年\d{1,2}月\d{1,2}日|\d{4}年\d{1,2}月|\d{1,2}月\d{1,2}日|\d{4}[-/.]\d{1,2}[-/.]\d{1,2})"
_CHINESE: Final = "\u4e00-\u9fff"
_ALLOWED: Final = {
    "thing": re.compile(r"[^\r\n\t]{1,20}"),
    "number": re.compile(r"(?=.{1,32}$)\d+(\.\d+)?"),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "symbol": re.compile(rf"[^\w\s{_CHINESE}]{{1,5}}"),
    "character_string": re.compile(r"[!-~]{1,32}"),
    "time": re.compile(rf"({_DATE} )?{_CLOCK}(~({_DATE} )?{_CLOCK})?"),
    "date": re.compile(rf"{_DATE}( {_CLOCK})?(~{_DATE}( {_CLOCK})?)?"),
    "amount": re.compile(r"[^\d\s]?\d{1,10}(\.\d+)?元?"),
    "phone_number": re.compile(r"[\d+\-]{1,17}"),
    "car_number": re.compile(rf"(?=.{{1,8}}$)[{_CHINESE}A-Z0-9]+"),
    "name": re.compile(rf"[{_CHINESE}]{{1,10}}|[A-Za-z .]{{1,20}}|(?=.{{1,10}}$)[{_CHINESE}A-Za-z]+"),
    "phrase": re.compile(rf"[{_CHINESE}]{{1,5}}"),
    "const": re.compile(r".{1,20}"),
}


def keywords(content: str) -> list[str]:
    """The names of a template's keywords: `{{thing1.DATA}}` is `thing1`."""
    return [f"{kind}{number}" for kind, number in _KEYWORD.findall(content)]


def data_fault(content: str, data: Mapping[str, object]) -> str | None:
    """The errmsg for the first keyword that is missing or has a value of another shape; None when all are right."""
    for name in keywords(content):
        entry = data.get(name)
        value = entry.get("value") if isinstance(entry, dict) else None
        if not isinstance(value, str) or not value:
            return f"argument invalid! data.{name}.value is empty"
        allowed = _ALLOWED.get(name.rstrip("0123456789"))
        if allowed is None or not allowed.fullmatch(value):
            return f"argument invalid! data.{name}.value invalid"
    return None
