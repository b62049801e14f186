"""SMS texts as provider and carrier accept them: template review, template variables, billed segments."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Final

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_LINK = re.compile(r"https?://|www\.|\b[a-z0-9-]+\.(?:com|cn|net|org|gov)\b", re.IGNORECASE)
_LINK_OF_VARIABLES = re.compile(
    rf"(?:{_LINK.pattern})[!-~]*\$\{{|\}}[a-z0-9.-]*\.(?:com|cn|net|org|gov)\b", re.IGNORECASE
)
_MOBILE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_MAX_VALUE_LENGTH: Final = 35
_MAX_TEMPLATE_LENGTH: Final = 500
_SINGLE_SEGMENT: Final = 70
_JOINED_SEGMENT: Final = 67


class Rejected(Exception):
    """The service rejects the call: HTTP 200 with a Code other than OK."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


@lru_cache(maxsize=2048)
def template_fault(text: str) -> str | None:
    """Why the provider's review would reject this template; None when it passes. A template is reviewed once."""
    names = _VARIABLE.findall(text)
    checks = (
        (1 <= len(text) <= _MAX_TEMPLATE_LENGTH, "a template has 1 to 500 characters"),
        (not re.search(r"[【】]", text), "【】 belongs to the signature"),
        (len(names) == len(set(names)), "a variable may stand once only"),
        ("}${" not in text, "two variables may not be adjacent"),
        (bool(_VARIABLE.sub("", text).strip()), "a template may not be all variables"),
        (not _MOBILE.search(text), "no personal mobile numbers"),
        (not _LINK_OF_VARIABLES.search(text), "a link is a constant: no variable in it"),
        ("$" not in _VARIABLE.sub("", text), "a variable is written ${name}"),
    )
    return next((fault for holds, fault in checks if not holds), None)


def render(template: str, parameters: str) -> str:
    """The text with its variables filled in. Raises `Rejected` with the provider's code."""
    values = _parse_parameters(parameters)
    names = _VARIABLE.findall(template)
    missing = [name for name in names if name not in values]
    if missing:
        raise Rejected("isv.TEMPLATE_MISSING_PARAMETERS", f"模板缺少变量: {missing[0]}")
    for name in names:
        _check_value(name, values[name])
    return _VARIABLE.sub(lambda match: values[match[1]], template)


def _parse_parameters(text: str) -> dict[str, str]:
    try:
        values = json.loads(text or "{}")
    except ValueError:
        values = None
    if not isinstance(values, dict) or not all(isinstance(value, str | int) for value in values.values()):
        raise Rejected("isv.INVALID_JSON_PARAM", "TemplateParam 不是字符串键值的 JSON 对象")
    return {name: str(value) for name, value in values.items()}


def _check_value(name: str, value: str) -> None:
    if not 1 <= len(value) <= _MAX_VALUE_LENGTH:
        raise Rejected("isv.PARAM_LENGTH_LIMIT", f"参数超出长度限制: {name} 为 {len(value)} 个字符")
    if _LINK.search(value):
        raise Rejected("isv.PARAM_NOT_SUPPORT_URL", f"变量不支持传入链接: {name}")
    if re.search(r"[【】\r\n]", value) or _MOBILE.search(value):
        raise Rejected("isv.SMS_CONTENT_ILLEGAL", f"变量内容不合规: {name}")


def segments(text: str) -> int:
    """Segments billed by the carrier: 70 characters in a single one, else 67 in each."""
    return 1 if len(text) <= _SINGLE_SEGMENT else -(-len(text) // _JOINED_SEGMENT)
