"""Addresses that name exactly one person. Providers give some texts another meaning: WeCom reads `@all` as all members
and `a|b` as two, Aliyun reads `1,2` as two phones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

_WECOM_USER: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._@-]{0,63}", re.ASCII)
_PHONE: Final = re.compile(r"\+?[0-9]{3,20}", re.ASCII)
_EMAIL: Final = re.compile(
    r"(?=.{3,254}\Z)[0-9A-Za-z.!#$%&'*+/=?^_{|}~-]{1,64}@[0-9A-Za-z](?:[0-9A-Za-z.-]*[0-9A-Za-z])?", re.ASCII
)
_OPENID: Final = re.compile(r"[0-9A-Za-z_-]{1,64}", re.ASCII)
_WEB_URL: Final = re.compile(r"https?://[!-~]{1,2000}", re.ASCII)


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


def is_email(address: str) -> bool:
    """One address of RFC 5321 in ASCII, without a display name, comments or quotes.

    >>> [is_email(text) for text in ("li@a.cn", "li.wei+1@a.gov.cn", "a@b,c@d", "Li <li@a.cn>", "li", "a@")]
    [True, True, False, False, False, False]
    """
    return _EMAIL.fullmatch(address) is not None and ".." not in address


def is_openid(userid: str) -> bool:
    """The id of one follower of a WeChat service account.

    >>> [is_openid(text) for text in ("oABC-12_x", "a b", "")]
    [True, False, False]
    """
    return _OPENID.fullmatch(userid) is not None


def is_web_url(url: str) -> bool:
    """
    >>> [is_web_url(text) for text in ("https://a.cn/x?y=1", "ftp://a.cn", "https://a b", "http://")]
    [True, False, False, False]
    """
    return _WEB_URL.fullmatch(url) is not None


def is_endpoint_name(name: str) -> bool:
    """The name that site.yaml gives a group robot or an Apprise service: their URLs are secrets and stand nowhere else.

    >>> [is_endpoint_name(text) for text in ("grid-1", "json://a.cn", "")]
    [True, False, False]
    """
    return _OPENID.fullmatch(name) is not None


ADDRESSES: Final[Mapping[str, Callable[[str], bool]]] = {
    "email": is_email,
    "wechat": is_openid,
    "webhook": is_web_url,
    "apprise": is_endpoint_name,
    "wecom_robot": is_endpoint_name,
}
"""Name of an address in `Person.addresses`, also a column of people.csv -> its check."""
