"""Which addresses name exactly one person. Providers give some addresses a meaning of their own: WeCom takes `@all` for
everybody and `a|b` for two, Aliyun takes `1,2` for two phones.
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
    """One number in plain digits, perhaps with its country code.

    >>> [is_phone(text) for text in ("19900000001", "+8619900000001", "110", "1990,1991", "1990 ", "１９９", "")]
    [True, True, True, False, False, False, False]
    """
    return _PHONE.fullmatch(number) is not None
