"""One codec in one QuickJS context. It opens no file and no connection, and its clock is the instant of reception.

A native loop inside QuickJS can outlast any limit set here; that is why engines live in a process that may be ended.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import quickjs  # type: ignore[import-untyped, unused-ignore]

MEMORY_BYTES_MAX: Final = 8 * 1024 * 1024
STACK_BYTES_MAX: Final = 256 * 1024
CALL_TIME_S: Final = 0.020
LOAD_TIME_S: Final = 0.5
RESULT_CHARS_MAX: Final = 65_536

LINES_MAX: Final = 100_000
"""Of a codec; a line number beyond them is the prelude's and is not told."""
PRELUDE: Final = "\n" * LINES_MAX + (Path(__file__).parent / "prelude.js").read_text("utf-8")
BUFFER: Final = "\n" * LINES_MAX + (Path(__file__).parent / "buffer.js").read_text("utf-8")
_USES_BUFFER: Final = re.compile(r"\b(?:Buffer|TextDecoder|TextEncoder)\b")

_HEAD: Final = "(function () {"
_TAIL: Final = "\n;return {{{}, driver: typeof driver === 'undefined' ? null : driver}};}})".format(
    ", ".join(
        f'{name}: typeof {name} === "function" ? {name} : null'
        for name in ("decodeUplink", "Decode", "Decoder", "rawDataToProtocol")
    )
)
"""Around a file: each call of the function that this makes of it is the file run anew."""

_NAMED: Final = r"(?:async\s+)?(?:function\b\s*\*?|class\b)\s*[\w$]"
_EXPORT_PREFIX: Final = re.compile(
    rf"^[ \t]*export\s+(?:(?:default\s+)?(?={_NAMED})|(?=const\b|let\b|var\b))", re.MULTILINE
)
_EXPORT_DEFAULT: Final = re.compile(r"^[ \t]*export\s+default\b", re.MULTILINE)
_EXPORT_LIST: Final = re.compile(r"^[ \t]*export\s*\{([^}]*)\}", re.MULTILINE)
_EXPORT_RENAMED: Final = re.compile(r"([\w$]+)\s+as\s+([\w$]+)")
_LINE_NUMBER: Final = re.compile(r"<input>:(\d+)")

_EXHAUSTED: Final = ("!out of memory", "!InternalError: out of memory", "!RangeError: Maximum call stack size exceeded")

CALL_TIMED_OUT: Final = f"stopped after {CALL_TIME_S * 1000:.0f} ms"
LOAD_TIMED_OUT: Final = f"stopped after {LOAD_TIME_S * 1000:.0f} ms"
OUT_OF_MEMORY: Final = f"wanted more than {MEMORY_BYTES_MAX >> 20} MB of memory"


class InvalidCodec(Exception):
    """The file is no codec; the message says why."""


class QuickJsEngine:
    """A codec that is ready to be called. After a limit was hit its context is made anew."""

    def __init__(self, source: str, variables: str = "{}") -> None:
        self._source = source.replace("\0", "\\x00")  # a text with zeros cannot be handed to QuickJS; codecs have them
        self._variables = variables
        self._door: Any = None
        self._context: Any = None
        self._open()
        self._try()

    def _open(self, limit_s: float = LOAD_TIME_S) -> None:
        context = quickjs.Context()
        context.set_memory_limit(MEMORY_BYTES_MAX)
        context.set_max_stack_size(STACK_BYTES_MAX)
        context.set_time_limit(LOAD_TIME_S)
        try:
            prepare = context.eval(PRELUDE)
            if _USES_BUFFER.search(self._source):
                context.eval(BUFFER)
            self._door = prepare(_compiled(context, self._source), self._variables, RESULT_CHARS_MAX)
        except (quickjs.JSException, quickjs.StackOverflow) as fault:
            raise InvalidCodec(_error_text(fault, LOAD_TIMED_OUT, self._source.count("\n") + 1)) from fault
        context.set_time_limit(limit_s)
        self._context = context

    def _try(self) -> None:
        """The file is run once, for nothing, in a context that no message will see."""
        answer = self._ask(None, 0, 0, LOAD_TIMED_OUT).removeprefix("^")
        self._door = self._context = None
        if answer != "=":
            raise InvalidCodec(answer[1:])

    def decode(self, data: bytes, f_port: int, received_ms: int) -> str:
        """`=` and the fields as JSON, `~` with a line of warnings before them, or `!` or `?` (a limit) and why not.

        A codec that complained and gave fields all the same: they follow in a line of their own.
        """
        latin = data.decode("latin-1")
        if self._door is None:
            self._open(CALL_TIME_S)
        answer = self._ask(latin, f_port, received_ms)
        if answer[0] == "^":  # what the file did to its context forbids doing it twice: it gets another
            self._open(CALL_TIME_S)
            answer = self._ask(latin, f_port, received_ms).removeprefix("^")
        return answer

    def _ask(self, latin: str | None, f_port: int, received_ms: int, too_long: str = CALL_TIMED_OUT) -> str:
        try:
            answer: str = self._door(latin, f_port, float(received_ms))
        except Exception as fault:  # noqa: BLE001 (whatever escapes the door leaves a context nobody should trust)
            self._door = self._context = None
            return "?" + _error_text(fault, too_long)
        mark, said = ("^", answer[1:]) if answer[0] == "^" else ("", answer)
        if said.startswith(_EXHAUSTED):
            self._door = self._context = None
            said = "?" + (OUT_OF_MEMORY if "memory" in said else said[1:])
        return mark + said


def _compiled(context: Any, source: str) -> Any:
    """The file as a function; a module without the word that only a module may say."""
    try:
        return context.eval(_HEAD + source + _TAIL)
    except quickjs.JSException as fault:
        script = module_to_script(source)
        if "SyntaxError" not in str(fault) or script == source:
            raise
        return context.eval(_HEAD + script + _TAIL)


def module_to_script(source: str) -> str:
    """A module whose exports stand in `module.exports` instead, line by line.

    >>> module_to_script("export default {};"), module_to_script("export { read as decodeUplink };")
    ('module.exports.default = {};', 'Object.assign(module.exports, { decodeUplink: read });')
    """
    source = _EXPORT_DEFAULT.sub("module.exports.default =", _EXPORT_PREFIX.sub("", source))
    return _EXPORT_LIST.sub(
        lambda found: "Object.assign(module.exports, {" + _EXPORT_RENAMED.sub(r"\2: \1", found[1]) + "})", source
    )


def _error_text(fault: Exception, too_long: str, lines: int = LINES_MAX) -> str:
    """QuickJS's words as ours, of a file of so many lines: what it misses at the end, it misses in the last one."""
    message = str(fault)
    head, _, trace = message.partition("\n")
    if "interrupted" in head:
        return too_long
    if "out of memory" in head or head in ("null", "[uninitialized]"):
        return OUT_OF_MEMORY
    place = _LINE_NUMBER.search(trace)
    line = int(place.group(1)) if place else LINES_MAX
    return f"{head[:300]} (line {min(line, lines)})" if line < LINES_MAX else head[:300]
