"""Login names of users. Pure."""

from __future__ import annotations

import re
from typing import Final

_USER_ID: Final = re.compile(r"[a-z][a-z0-9._-]{1,39}")


def is_user_id(text: str) -> bool:
    """
    >>> is_user_id("zhang.san"), is_user_id("张三"), is_user_id("a"), is_user_id("-a")
    (True, False, False, False)
    """
    return _USER_ID.fullmatch(text) is not None
