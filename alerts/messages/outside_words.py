"""What other people wrote, as our messages may repeat it: citizens, outside systems, device registers. Pure.

A text message comes from a sender that workers obey, so words of others in it must neither give instructions in our
form (回复11接警) nor lead elsewhere (links), and must not look like sentences of ours.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_LINK: Final = re.compile(r"(?:https?://|www\.)[^\s，。]*", re.IGNORECASE)
_DOMAIN: Final = re.compile(
    r"(?<![\w.-])(?:[a-z0-9-]+\.)+"
    r"(?:com|cn|net|org|gov|edu|info|biz|top|xyz|vip|cc|me|io|co|tv|ltd|club|shop|site|online|link|app|icu|ly|tk)"
    r"(?![a-z0-9.-])(?:[/:?#][!-~]*)?",
    re.IGNORECASE | re.ASCII,
)
"""A domain without its scheme: telephones make a link of it."""
_PROMPT: Final = re.compile(
    r"[请並并或]?(?:直接)?(?:回[\s.·-]{0,3}[复覆復]|reply)[\s“”\"'「：:,，、]{0,3}"
    r"(?:[a-z]{0,4}\d+|td?(?![a-z])|[零〇一二三四五六七八九十]+)",
    re.IGNORECASE,
)
"""An invitation to answer with a code."""
_MOBILE: Final = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_LONG_NUMBER: Final = re.compile(r"\d{6,}[0-9Xx]?")
"""Phone, identity and account numbers; numbers of houses and rooms are shorter."""
_FORBIDDEN: Final = re.compile(r"[【】\[\]\r\n\t]")
_SENTENCE_SIGNS: Final = re.compile(r"[\s。！？；：，!?;:,“”\"'‘’<>《》]+")
_DROPPED: Final = ("So", "Cs", "Cc", "Cn", "Cf", "Co", "Zl", "Zp")
"""Unicode categories that vendors refuse or telephones do not show; Cf holds the signs that reverse the direction."""


def sanitize(value: str) -> str:
    """The value as a vendor accepts it in a variable: without brackets, links, line ends, emoji and mobile numbers.

    >>> sanitize("枫林苑【3栋】 http://x.cn/a 13800138000"), sanitize("3栋，见evil.cn/a")
    ('枫林苑3栋', '3栋，见')
    """
    plain = "".join(sign for sign in value if unicodedata.category(sign) not in _DROPPED or sign in "\r\n\t")
    for pattern in (_LINK, _DOMAIN, _MOBILE, _FORBIDDEN):
        plain = pattern.sub("", plain)
    return plain.strip()


def uninstructed(value: str) -> str:
    """The sanitized value without invitations to answer: the codes in a message are ours alone.

    >>> uninstructed("3栋，请回复11接警"), uninstructed("业主电话回复说没事")
    ('3栋，接警', '业主电话回复说没事')
    """
    return _PROMPT.sub("", sanitize(value)).strip()


def location_words(text: str) -> str:
    """Words of others for a location: one phrase without signs of sentences, so that it cannot continue our text.

    >>> location_words("东门旁。紧急：已取消，请回复11接警！"), location_words("2单元、3单元之间，13800138000")
    ('东门旁 紧急 已取消 接警', '2单元、3单元之间')
    """
    return _SENTENCE_SIGNS.sub(" ", _LONG_NUMBER.sub("", uninstructed(text.replace("\n", " ")))).strip()
