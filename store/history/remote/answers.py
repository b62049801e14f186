"""What a history server answers to a write, and what follows from it. Pure.

From the sources of InfluxDB 1.8 (`services/httpd/handler.go`, `coordinator/points_writer.go`) and 2.8
(`http/write_handler.go`, `v1/coordinator/points_writer.go`) and InfluxData's description of the write API:

    204                  written
    400 422              a part is refused (`partial write: ...`), or all of it: it will be refused again
    400 422 otherwise    perhaps not of a history server: a proxy answers so when TLS is missing. As an error inside it
    413                  too large: divided
    401 403 404          token, organisation or bucket: nothing can be written until a person mends it
    408 429 5xx          not now; `Retry-After` says for how long

InfluxDB 2.0 to 2.6 answer a partial write with 500.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

SENTENCE_MAX: Final = 300
RETRY_AFTER_MAX_S: Final = 300.0
"""A server that asks for a longer pause is asked again after this one."""

_TOO_LARGE: Final = 413
_REFUSED: Final = frozenset({400, 422})
_CLOSED: Final = frozenset({401, 403, 404})
_LASTING: Final = re.compile(
    r"field type conflict|beyond retention|outside retention|unable to parse|too long|max key length exceeded"
)
_OF_LINES: Final = re.compile(rf"partial write|{_LASTING.pattern}")
_ORGANISATION: Final = re.compile(r"\borg(anization)?\b", re.IGNORECASE)
_BUCKET: Final = re.compile(r"\bbucket\b|\bdatabase\b|retention policy", re.IGNORECASE)


class Accepted(Struct, frozen=True):
    """All of it is written."""


class RefusedLine(Struct, frozen=True):
    """A line that the server refuses, by its number in the body, from 1, and why."""

    line_number: int
    error_message: str


class Refused(Struct, frozen=True):
    """Some or all of it is refused for good; `sentence` is what the server reported.

    `lines`: the refused lines where the server names all of them; it has written the others.
    """

    sentence: str
    lines: tuple[RefusedLine, ...] = ()


class TryLater(Struct, frozen=True):
    """The server cannot write now. `after_s`: how long it asked to wait.

    `is_fault`: an error inside the server (500), or a refusal that says nothing of lines: it may be of these lines.
    `is_broken`: there is no connection.
    """

    sentence: str
    after_s: float | None = None
    is_fault: bool = False
    is_broken: bool = False


class NotAdmitted(Struct, frozen=True):
    """Token, organisation or bucket are wrong. `sentence` says which, and what to write."""

    sentence: str


Answer = Accepted | Refused | TryLater | NotAdmitted


class Account(Struct, frozen=True):
    """What the settings say about the server; for sentences. `token_variable` is the environment variable."""

    org: str
    bucket: str
    token_variable: str


def read_answer(status: int, headers: Mapping[str, str], body: bytes, account: Account) -> Answer:
    """The answer to a write."""
    if 200 <= status < 300:
        return Accepted()
    message = server_sentence(body) or f"HTTP {status}"
    if _is_refusal(status, message):
        return Refused(message)
    if status in _CLOSED:
        return NotAdmitted(account_fault(status, message, account))
    is_fault = status == 500 or status in _REFUSED
    return TryLater(f"HTTP {status}: {shortened(message)}", retry_after(headers), is_fault)


def _is_refusal(status: int, message: str) -> bool:
    """Whether lines are refused for good. An answer without a word about them may be to all of them."""
    if status in _REFUSED:
        return _OF_LINES.search(message) is not None
    of_lines = status >= 500 and "partial write" in message and _LASTING.search(message) is not None
    return status == _TOO_LARGE or of_lines


def server_sentence(body: bytes) -> str:
    """What the server reported: `error` of version 1, `message` of version 2, else the text itself.

    >>> server_sentence(b'{"error":"timeout"}'), server_sentence(b"<html>")
    ('timeout', '<html>')
    """
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return body.decode("utf-8", "replace").strip()
    message = answer.get("message") or answer.get("error") if isinstance(answer, dict) else None
    return message.strip() if isinstance(message, str) else ""


def account_fault(status: int, message: str, account: Account) -> str:
    """One sentence: which of token, organisation and bucket is wrong, and what to write."""
    quoted = f"(HTTP {status}: {shortened(message)})"
    if status == 401:
        return (
            f"history.token_env: the server refuses the token in {account.token_variable} {quoted}: write a token of "
            "InfluxDB 2, or user:password of InfluxDB 1.8, into this variable"
        )
    if status == 403:
        return (
            f"history.token_env: the token in {account.token_variable} may not use the bucket {account.bucket!r} "
            f"{quoted}: give it permission to read and write this bucket, or write another token into the variable"
        )
    if _ORGANISATION.search(message) and not message.startswith("bucket"):
        return f"history.org: the server has no organisation {account.org!r} {quoted}: write the name that it has"
    if _BUCKET.search(message):
        return (
            f"history.bucket: the server has no bucket {account.bucket!r} {quoted}: create it, or write the name of "
            "one that it has (InfluxDB 1.8: the database, or database/retention-policy)"
        )
    return f"history.url: the server answers {quoted}: write the address of an InfluxDB or VictoriaMetrics server"


def shortened(message: str) -> str:
    """The beginning of a server's message, in one line: it may repeat all lines of a batch."""
    line = " ".join(message.split())
    return line if len(line) <= SENTENCE_MAX else f"{line[: SENTENCE_MAX - 1]}…"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks to wait; a date is not expected (InfluxData: a non-negative decimal integer)."""
    written = headers.get("retry-after", "")
    return min(float(written), RETRY_AFTER_MAX_S) if written.isascii() and written.isdecimal() else None
