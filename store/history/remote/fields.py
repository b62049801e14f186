"""Names and values of fields on a history server. Pure.

The type of a value is part of the name of its field: a server fixes the type of a field with its first value and
refuses every other type from then on. `:` cannot occur in the name of a quantity (domain.kind.Name).

    number   lel_pct        24
    bool     alarm:bool     true
    text     key:text       "双击"

On InfluxDB 3 tags and fields are columns of one table: a number whose quantity has the name of another column of ours
lies in `quality:number`.

Until decision 0065 every type was written to the field of the quantity's own name; such fields are read as they are.
"""

from __future__ import annotations

import re
from typing import Final

from domain import Value

NUMBER: Final = ":number"
BOOL: Final = ":bool"
TEXT: Final = ":text"
EMPTY: Final = "%"
"""The empty text: a server that answers in CSV does not tell an empty text from a missing one."""

TAGS: Final = ("device", "kind", "quality")
"""The tags of a value: their names, and `time`, are no names of fields where a table has them as columns."""
_COLUMNS: Final = frozenset({*TAGS, "time"})

_ENCODED: Final = re.compile("[\x00-\x1f\x7f%\\\\\x85\u2028\u2029]")
_ESCAPE: Final = re.compile("(?:%[0-9A-F]{2})+")


def field_name(quantity: str, value: Value) -> str:
    """The field that holds values of this type.

    >>> field_name("lel_pct", 24), field_name("alarm", True), field_name("key", "双击")
    ('lel_pct', 'alarm:bool', 'key:text')
    """
    return quantity + (BOOL if isinstance(value, bool) else TEXT if isinstance(value, str) else "")


def column_name(quantity: str, value: Value) -> str:
    """The field in a table that has the tags as columns.

    >>> column_name("quality", 3), column_name("quality", True), column_name("lel_pct", 24)
    ('quality:number', 'quality:bool', 'lel_pct')
    """
    name = field_name(quantity, value)
    return name + NUMBER if name in _COLUMNS else name


def column_names(quantity: str) -> tuple[str, ...]:
    """All columns in which values of a quantity may lie, of a table that has the tags as columns."""
    return (quantity + NUMBER if quantity in _COLUMNS else quantity, quantity + BOOL, quantity + TEXT)


def field_names(quantity: str) -> tuple[str, str, str]:
    """All fields in which values of a quantity may lie."""
    return quantity, quantity + BOOL, quantity + TEXT


def quantity_of(field: str) -> str:
    """The quantity of a field.

    >>> quantity_of("alarm:bool"), quantity_of("lel_pct")
    ('alarm', 'lel_pct')
    """
    return field.partition(":")[0]


def encode_text(text: str) -> str:
    r"""A text with control characters, line ends, `%` and backslash percent-encoded as UTF-8.

    Line protocol has no escape for some of them, and a CSV answer changes line ends.

    >>> encode_text("50%\r\n"), encode_text("")
    ('50%25%0D%0A', '%')
    """
    if not text:
        return EMPTY
    return _ENCODED.sub(lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), text)


def decode_text(encoded: str) -> str:
    r"""The text of `encode_text`; a sequence that it does not write is kept.

    >>> decode_text("50%25%0D%0A"), decode_text("%"), decode_text("100%")
    ('50%\r\n', '', '100%')
    """
    if encoded == EMPTY:
        return ""
    return _ESCAPE.sub(lambda match: bytes.fromhex(match[0].replace("%", "")).decode("utf-8", "replace"), encoded)
