"""Addresses that name exactly one person. Providers give some texts another meaning: WeCom reads `@all` as all members
and `a|b` as two, Aliyun reads `1,2` as two phones.
"""

from __future__ import annotations

import re
from typing import Final

_WECOM_USER: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._@-]{0,63}", re.ASCII)
_PHONE: Final = re.compile(r"\+?[0-9]{3,20}", re.ASCII)


def is_wecom_user(userid: str) -> bool:
    """WeCom's rule for a userid: 1 to 64 letters, digits and `_-@.`, of which the first is a letter or a digit.

    >>> [is_wecom_user(name) for name in ("zhangsan", "zhang.san@maple", "@all", "a|b", "a,b", " a", "", "张三")]
    [True, True, False, False, False, False, False, False]
    """
    return _WECOM_USER.fullmatch(userid) is not None


def is_phone(number: str) -> bool:
    """One number in ASCII digits, optionally with a country code.

    >>> [is_phone(text) for text in ("19900000001", "+8619900000001", "110", "1990,1991", "1990 ", "１９９", "")]
    [True, True, True, False, False, False, False]
    """
    return _PHONE.fullmatch(number) is not None
