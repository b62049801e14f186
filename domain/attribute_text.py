"""Attributes written as text, in the cells of a table. Pure."""

from __future__ import annotations

import re
from typing import Final

from domain import Attribute

_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,14})\.[0-9]{1,15}", re.ASCII)
"""Coordinates and limits: 120.3840. A number with leading zeros is an identifier."""


def attribute_of_text(text: str) -> Attribute:
    """A cell as bool, int or float when it is written as one, else as text.

    >>> attribute_of_text("true"), attribute_of_text("82"), attribute_of_text("120.3840"), attribute_of_text("007")
    (True, 82, 120.384, '007')
    """
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for convert in (int, float):
        try:
            number = convert(text)
        except ValueError:
            continue
        if str(number) == text or _DECIMAL.fullmatch(text):
            return number
    return text
