"""What InfluxDB 3 answers to `/api/v3/write_lp` and to a query, and what follows from it. Pure.

From its source (branch main, 3.10: `influxdb3_server/src/http.rs`, `influxdb3_write/src/write_buffer/validator.rs`):

    204              written, and in its synced log
    400 422 `data`   the lines that `data` numbers are refused (422: by a limit of columns or tables), the rest written
    400 422          perhaps of the database: its name, its deletion, the limit of databases. Else as an error inside it
    401 403 404      token, or no InfluxDB 3 at this address
    413              too large: divided
    429 5xx          not now

A database that does not exist is created by the first write, a table too: a query of them finds nothing yet.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

from store.history.remote.answers import (
    Accepted,
    Account,
    Answer,
    NotAdmitted,
    Refused,
    RefusedLine,
    TryLater,
    retry_after,
    server_sentence,
    shortened,
)

_TOO_LARGE: Final = 413
_REFUSED: Final = frozenset({400, 422})
_CLOSED: Final = frozenset({401, 403, 404})
_DATABASE: Final = re.compile(
    r"\b(?:db|database)\b.*name|\bdb name\b|database or rp name|soft-deleted|limit of \d+ data"
)
_MALFORMED: Final = "Authorization header was malformed"
_NOTHING_YET: Final = re.compile(r"database not found|table '[^']*' not found")
_TOO_MANY_FILES: Final = re.compile(r"exceed\w* (?:the )?file limit")


class _Partial(Struct):
    data: list[RefusedLine]


def read_write_answer(status: int, headers: Mapping[str, str], body: bytes, account: Account) -> Answer:
    """The answer to a write."""
    if 200 <= status < 300:
        return Accepted()
    message = server_sentence(body) or f"HTTP {status}"
    if status in _REFUSED and (lines := _refused_lines(body)):
        return Refused(lines[0].error_message, lines)
    if status == _TOO_LARGE:
        return Refused(message)
    if is_account_fault(status, message):
        return NotAdmitted(database_fault(status, message, account))
    is_fault = status == 500 or status in _REFUSED
    return TryLater(f"HTTP {status}: {shortened(message)}", retry_after(headers), is_fault)


def _refused_lines(body: bytes) -> tuple[RefusedLine, ...]:
    try:
        return tuple(msgspec.json.decode(body, type=_Partial).data)
    except (msgspec.DecodeError, RecursionError):
        return ()


def is_account_fault(status: int, message: str) -> bool:
    """Whether a person must mend token, database or address."""
    if status in _REFUSED:
        return _MALFORMED in message or _DATABASE.search(message) is not None
    return status in _CLOSED


def is_nothing_yet(status: int, message: str) -> bool:
    """Whether a query failed because nothing was written yet: the first write creates database and table."""
    return status in {400, 404} and _NOTHING_YET.search(message) is not None


def is_too_many_files(message: str) -> bool:
    """Whether a query was refused because it reads more files than the server allows for one (Core: 432).

    >>> is_too_many_files("Query would scan 432 Parquet files, exceeding the file limit. InfluxDB 3 Core caps ...")
    True
    """
    return _TOO_MANY_FILES.search(message) is not None


def database_fault(status: int, message: str, account: Account) -> str:
    """One sentence: which of token, database and address is wrong, and what to write."""
    quoted = f"(HTTP {status}: {shortened(message)})"
    if status == 401 or _MALFORMED in message:
        return (
            f"history.token_env: the server refuses the token in {account.token_variable} {quoted}: write a token of "
            "InfluxDB 3 (influxdb3 create token) into this variable"
        )
    if status == 403:
        return (
            f"history.token_env: the token in {account.token_variable} may not use the database {account.bucket!r} "
            f"{quoted}: give it permission to read and write it, or write another token into the variable"
        )
    if status == 404:
        return (
            f"history.url: the server answers {quoted}: write the address of an InfluxDB 3 server, or history.type "
            "influxdb for InfluxDB 1.8 and 2"
        )
    return (
        f"history.bucket: the server takes no database {account.bucket!r} {quoted}: write the name of one it has, or "
        "may create: ASCII letters, digits, - and _"
    )
