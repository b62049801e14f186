"""Removes personal data and secrets from lines of the log: names, phone numbers, mailboxes, doors, tokens, passwords.

Messages of the log are written without them; this is for what comes from elsewhere: the text of a library's error, a
refused line of a file, an answer of a provider.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from console.security.masking import mask_name, mask_text

HIDDEN: Final = "***"
SECRET_LENGTH_MIN: Final = 6
"""A shorter value of a secret variable, such as `admin`, may be a word of any sentence."""
NAME_LENGTHS: Final = range(2, 31)
LENGTH_MAX: Final = 16_000
"""Characters of one line: beginning and end of a longer one are kept. A line is redacted in the event loop, and what
devices and providers send may be in it."""
_CUT: Final = " … "
# A repeated part begins only where it cannot begin earlier, or has a bound: the time is proportional to the length.
_PATTERNS: Final = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+"), rf"\1 {HIDDEN}"),
    (re.compile(r"(?i)(?<![\w-])([\w-]*(?:token|secret|password|passwd|signature|key))"
                r"([\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;)}]+"), rf"\1\2{HIDDEN}"),
    (re.compile(r"([?&]code=)[^\s&]+"), rf"\1{HIDDEN}"),
    (re.compile(r"(://[^:@/\s]*):[^@/\s]+@"), rf"\1:{HIDDEN}@"),
    (re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), HIDDEN),
    # The door of a flat; the building stays, so that a line can still be understood.
    (
        re.compile(r"((?:\d{1,5}|[A-Za-z东南西北])(?:栋|幢|座|号楼|#))(?:[\dA-Za-z]+单元)?[\dA-Za-z]{2,5}(?:室|号|户)?"),
        rf"\1{HIDDEN}",
    ),
)  # fmt: skip


class Redaction:
    """Redacts a line. `secrets` are exact values; `names` gives the names of all people, asked when they changed."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = sorted({one for one in secrets if len(one) >= SECRET_LENGTH_MIN}, key=len, reverse=True)
        self._source: Callable[[], object] = lambda: None
        self._names_of: Callable[[], Iterable[str]] = lambda: ()
        self._seen: object = self
        self._names: frozenset[str] = frozenset()

    def follow(self, source: Callable[[], object], names_of: Callable[[], Iterable[str]]) -> None:
        """Mask these names too; they are read again when `source` gives another object."""
        self._source, self._names_of = source, names_of

    def __call__(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        if len(text) > LENGTH_MAX:
            text = text[: LENGTH_MAX // 2] + _CUT + text[-LENGTH_MAX // 2 :]
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return self._mask_names(mask_text(text))

    def _mask_names(self, text: str) -> str:
        current = self._source()
        if current is not self._seen:
            self._seen, self._names = current, frozenset(name for name in self._names_of() if len(name) in NAME_LENGTHS)
        if not self._names:
            return text
        found = {
            part
            for length in {len(name) for name in self._names}
            for start in range(len(text) - length + 1)
            if (part := text[start : start + length]) in self._names
        }
        for name in sorted(found, key=len, reverse=True):
            text = text.replace(name, mask_name(name))
        return text


def secret_values(environ: Mapping[str, str]) -> list[str]:
    """Values of environment variables whose names say that they are secrets."""
    words = ("SECRET", "TOKEN", "PASSWORD", "KEY", "AES")
    return [value for name, value in environ.items() if name.startswith("FENGSHAO_") and any(w in name for w in words)]


def named_secrets(settings: object, environ: Mapping[str, str]) -> list[str]:
    """Values of the environment variables that settings name (`…_env`), whatever these are called."""
    if isinstance(settings, Mapping):
        own = [environ.get(value, "") for name, value in settings.items() if _names_variable(name, value)]
        return own + [found for value in settings.values() for found in named_secrets(value, environ)]
    if isinstance(settings, list | tuple):
        return [found for value in settings for found in named_secrets(value, environ)]
    return []


def _names_variable(name: object, value: object) -> bool:
    return isinstance(name, str) and name.endswith("_env") and isinstance(value, str)
