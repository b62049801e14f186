"""What the SMS vendor and the carrier accept as a text: templates as filed, variables as sent, segments as billed.

It knows nothing of HTTP or of who wrote the text.
"""

from __future__ import annotations

import json
import re
from typing import Final

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_LINK = re.compile(r"https?://|www\.|\b[a-z0-9-]+\.(?:com|cn|net|org|gov)\b", re.IGNORECASE)
_MOBILE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_MAX_VALUE_LENGTH: Final = 35
_MAX_TEMPLATE_LENGTH: Final = 500
_ONE_SEGMENT: Final = 70
_MANY_SEGMENTS: Final = 67


class Rejected(Exception):
    """The product refuses: HTTP 200 with a Code that is not OK."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


def template_fault(text: str) -> str | None:
    """Why the reviewer would not file this template, or None."""
    names = _VARIABLE.findall(text)
    checks = (
        (1 <= len(text) <= _MAX_TEMPLATE_LENGTH, "a template has 1 to 500 characters"),
        (not re.search(r"[【】]", text), "【】 belongs to the signature"),
        (len(names) == len(set(names)), "a variable may stand once only"),
        ("}${" not in text, "two variables may not be adjacent"),
        (bool(_VARIABLE.sub("", text).strip()), "a template may not be all variables"),
        (not _LINK.search(text) and not _MOBILE.search(text), "no links, no personal mobile numbers"),
        ("$" not in _VARIABLE.sub("", text), "a variable is written ${name}"),
    )
    return next((fault for holds, fault in checks if not holds), None)


def render(template: str, written: str) -> str:
    """The text with its variables filled in, or `Rejected` with the vendor's code."""
    values = _parameters(written)
    names = _VARIABLE.findall(template)
    missing = [name for name in names if name not in values]
    if missing:
        raise Rejected("isv.TEMPLATE_MISSING_PARAMETERS", f"模板缺少变量: {missing[0]}")
    for name in names:
        _check_value(name, values[name])
    return _VARIABLE.sub(lambda match: values[match[1]], template)


def _parameters(written: str) -> dict[str, str]:
    try:
        found = json.loads(written or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(value, str | int) for value in found.values()):
        raise Rejected("isv.INVALID_JSON_PARAM", "TemplateParam 不是字符串键值的 JSON 对象")
    return {name: str(value) for name, value in found.items()}


def _check_value(name: str, value: str) -> None:
    if not 1 <= len(value) <= _MAX_VALUE_LENGTH:
        raise Rejected("isv.PARAM_LENGTH_LIMIT", f"参数超出长度限制: {name} 为 {len(value)} 个字符")
    if _LINK.search(value):
        raise Rejected("isv.PARAM_NOT_SUPPORT_URL", f"变量不支持传入链接: {name}")
    if re.search(r"[【】\r\n]", value) or _MOBILE.search(value):
        raise Rejected("isv.SMS_CONTENT_ILLEGAL", f"变量内容不合规: {name}")


def segments(text: str) -> int:
    """How many messages the carrier bills: 70 characters in one, else 67 in each."""
    return 1 if len(text) <= _ONE_SEGMENT else -(-len(text) // _MANY_SEGMENTS)
