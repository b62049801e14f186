"""One codec in one QuickJS context. It opens no file and no connection, and its clock is the instant of reception.

A native loop inside QuickJS can outlast any limit set here; that is why engines live in a process that may be ended.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import quickjs  # type: ignore[import-untyped, unused-ignore]

MEMORY_MAX: Final = 8 * 1024 * 1024
STACK_MAX: Final = 256 * 1024
CALL_S: Final = 0.020
LOAD_S: Final = 0.5
RESULT_MAX: Final = 65_536

LINES_MAX: Final = 100_000
"""Of a codec; a line number beyond them is the prelude's and is not told."""
PRELUDE: Final = "\n" * LINES_MAX + (Path(__file__).parent / "prelude.js").read_text("utf-8")

_FOUND: Final = "({{{}}})".format(
    ", ".join(
        f'{name}: typeof {name} === "function" ? {name} : null'
        for name in ("decodeUplink", "Decode", "Decoder", "rawDataToProtocol")
    )
)
_EXPORT: Final = re.compile(r"^export\s+(?:default\s+)?(?=function|async|class|const|let|var)", re.MULTILINE)
_LINE: Final = re.compile(r"<input>:(\d+)")

_EXHAUSTED: Final = ("!out of memory", "!InternalError: out of memory", "!RangeError: Maximum call stack size exceeded")

TOO_LONG: Final = f"stopped after {CALL_S * 1000:.0f} ms"
TOO_MUCH: Final = f"wanted more than {MEMORY_MAX >> 20} MB of memory"


class Unusable(Exception):
    """The file is no codec; the message says why."""


class Engine:
    """A codec that is ready to be called. After a limit was hit its context is made anew."""

    def __init__(self, source: str, variables: str = "{}") -> None:
        self._source, self._variables = source, variables
        self._door: Any = None
        self._context: Any = None
        self._open()

    def _open(self) -> None:
        context = quickjs.Context()
        context.set_memory_limit(MEMORY_MAX)
        context.set_max_stack_size(STACK_MAX)
        context.set_time_limit(LOAD_S)
        try:
            prepare = context.eval(PRELUDE)
            _evaluate(context, self._source)
            self._door = prepare(context.eval(_FOUND), self._variables, RESULT_MAX)
        except (quickjs.JSException, quickjs.StackOverflow) as fault:
            raise Unusable(_said(fault, f"stopped after {LOAD_S * 1000:.0f} ms")) from fault
        context.set_time_limit(CALL_S)
        self._context = context

    def decode(self, data: bytes, f_port: int, received_ms: int) -> str:
        """`=` and the fields as JSON, `~` with a line of warnings before them, or `!` or `?` (a limit) and why not.

        A codec that complained and gave fields all the same: they follow in a line of their own.
        """
        if self._door is None:
            self._open()
        try:
            answer: str = self._door(data.decode("latin-1"), f_port, float(received_ms))
        except Exception as fault:  # noqa: BLE001 (whatever escapes the door leaves a context nobody should trust)
            self._door = self._context = None
            return "?" + _said(fault, TOO_LONG)
        if answer.startswith(_EXHAUSTED):
            self._door = self._context = None
            return "?" + (TOO_MUCH if "memory" in answer else answer[1:])
        return answer


def _evaluate(context: Any, source: str) -> None:
    """A script; a file that is a module with `export function …` is taken without the word."""
    try:
        context.eval(source)
    except quickjs.JSException as fault:
        if "SyntaxError" not in str(fault) or not _EXPORT.search(source):
            raise
        context.eval(_EXPORT.sub("", source))


def _said(fault: Exception, too_long: str) -> str:
    """QuickJS's words as ours."""
    message = str(fault)
    head, _, trace = message.partition("\n")
    if "interrupted" in head:
        return too_long
    if "out of memory" in head or head in ("null", "[uninitialized]"):
        return TOO_MUCH
    place = _LINE.search(trace)
    line = int(place.group(1)) if place else LINES_MAX
    return f"{head[:300]} (line {line})" if line < LINES_MAX else head[:300]
