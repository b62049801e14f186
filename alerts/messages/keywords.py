"""Template messages with typed keywords (WeChat service accounts): our variables fitted to what a keyword may contain.

Source: the provider's page on limits of keyword values. One value of another shape refuses the whole message, so every
value is cut or replaced here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from domain.addresses import shortened

VARIABLES: Final = ("title", "level", "time", "place", "limit", "name", "status", "text", "advice", "number", "sign")
"""What a keyword of a template may be filled with."""
ANY: Final = "*"
_CHINESE: Final = re.compile(r"[^\u4e00-\u9fff]")
_NOT_ALLOWED: Final = {
    "number": (re.compile(r"[^0-9]"), 32),
    "letter": (re.compile(r"[^A-Za-z]"), 32),
    "character_string": (re.compile(r"[^!-~]"), 32),
    "phone_number": (re.compile(r"[^0-9+-]"), 17),
    "phrase": (_CHINESE, 5),
    "name": (_CHINESE, 10),
}
_WITHOUT: Final = {
    "number": "0",
    "letter": "A",
    "character_string": "-",
    "phone_number": "0",
    "phrase": "告警",
    "name": "值班",
}
MAX_THING: Final = 20
"""Characters of a keyword of free text (`thing`)."""


class KeywordTemplate(Struct, frozen=True):
    """One template of the account: its id, and keyword -> variable."""

    id: str
    data: dict[str, str]


def template_for(templates: Mapping[str, KeywordTemplate], kind: str) -> KeywordTemplate | None:
    """The template of a kind of message, else the one for any kind."""
    return templates.get(kind) or templates.get(ANY)


def fitted(keyword: str, value: str) -> str:
    """The value within the limits of a keyword's type, which its name begins with. Times are given in full before.

    >>> fitted("thing3", "枫叶街道静安里小区第三期北区6号楼2单元302"), fitted("phrase1", "1楼燃气泄漏报警中")
    ('道静安里小区第三期北区6号楼2单元302', '楼燃气泄漏')
    >>> fitted("character_string1", "编号"), fitted("thing1", "两\\n行")
    ('-', '两行')
    """
    kind = keyword.rstrip("0123456789")
    if kind in ("time", "date"):
        return value
    if kind in _NOT_ALLOWED:
        others, limit = _NOT_ALLOWED[kind]
        return others.sub("", value)[:limit] or _WITHOUT[kind]
    plain = "".join(sign for sign in value if sign.isprintable())
    return shortened(plain, MAX_THING) or "-"
