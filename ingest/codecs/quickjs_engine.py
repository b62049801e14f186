"""One codec in one QuickJS context, without files or network; its clock stands at the time of reception.

A native loop inside QuickJS can outlast every limit set here; that is why engines run in a process that may be ended.
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
"""Of a codec. The prelude is evaluated behind so many empty lines; a line number there is not reported."""
PRELUDE: Final = "\n" * LINES_MAX + (Path(__file__).parent / "prelude.js").read_text("utf-8")
BUFFER: Final = "\n" * LINES_MAX + (Path(__file__).parent / "buffer.js").read_text("utf-8")
_USES_BUFFER: Final = re.compile(r"\b(?:Buffer|TextDecoder|TextEncoder)\b")

_WRAPPER_START: Final = "(function () {"
_WRAPPER_END: Final = "\n;return {{{}, driver: typeof driver === 'undefined' ? null : driver}};}})".format(
    ", ".join(
        f'{name}: typeof {name} === "function" ? {name} : null'
        for name in ("decodeUplink", "Decode", "Decoder", "rawDataToProtocol")
    )
)
"""Put around a file: each call of the function that results runs the whole file anew."""

_NAMED_DECLARATION: Final = r"(?:async\s+)?(?:function\b\s*\*?|class\b)\s*[\w$]"
_EXPORT_PREFIX: Final = re.compile(
    rf"^[ \t]*export\s+(?:(?:default\s+)?(?={_NAMED_DECLARATION})|(?=const\b|let\b|var\b))", re.MULTILINE
)
_EXPORT_DEFAULT: Final = re.compile(r"^[ \t]*export\s+default\b", re.MULTILINE)
_EXPORT_LIST: Final = re.compile(r"^[ \t]*export\s*\{([^}]*)\}", re.MULTILINE)
_EXPORT_RENAMED: Final = re.compile(r"([\w$]+)\s+as\s+([\w$]+)")
_LINE_NUMBER: Final = re.compile(r"<input>:(\d+)")

_LIMIT_ERRORS: Final = (
    "!out of memory",
    "!InternalError: out of memory",
    "!RangeError: Maximum call stack size exceeded",
)

CALL_TIMED_OUT: Final = f"stopped after {CALL_TIME_S * 1000:.0f} ms"
LOAD_TIMED_OUT: Final = f"stopped after {LOAD_TIME_S * 1000:.0f} ms"
OUT_OF_MEMORY: Final = f"wanted more than {MEMORY_BYTES_MAX >> 20} MB of memory"


class InvalidCodec(Exception):
    """The file is no codec; the message says why."""


class QuickJsEngine:
    """A codec that is ready to be called. After a limit was hit its context is created anew."""

    def __init__(self, source: str, variables: str = "{}") -> None:
        """Raises InvalidCodec."""
        self._source = source.replace("\0", "\\x00")  # QuickJS accepts no text with zeros, which some codecs contain
        self._variables = variables
        self._entry_point: Any = None
        self._context: Any = None
        self._open()
        self._run_once()

    def _open(self, limit_s: float = LOAD_TIME_S) -> None:
        """Create a context with the codec in it; `limit_s` holds for its later calls. Raises InvalidCodec."""
        context = quickjs.Context()
        context.set_memory_limit(MEMORY_BYTES_MAX)
        context.set_max_stack_size(STACK_BYTES_MAX)
        context.set_time_limit(LOAD_TIME_S)
        try:
            prepare = context.eval(PRELUDE)
            if _USES_BUFFER.search(self._source):
                context.eval(BUFFER)
            self._entry_point = prepare(_compiled(context, self._source), self._variables, RESULT_CHARS_MAX)
        except (quickjs.JSException, quickjs.StackOverflow) as error:
            raise InvalidCodec(_error_text(error, LOAD_TIMED_OUT, self._source.count("\n") + 1)) from error
        context.set_time_limit(limit_s)
        self._context = context

    def _run_once(self) -> None:
        """Run the file once, without a payload, in a context that no message will use. Raises InvalidCodec."""
        answer = self._call(None, 0, 0, LOAD_TIMED_OUT).removeprefix("^")
        self._entry_point = self._context = None
        if answer != "=":
            raise InvalidCodec(answer[1:])

    def decode(self, data: bytes, f_port: int, received_ms: int) -> str:
        """Decode one payload. The first character of the answer tells what follows:

        `=` the fields as JSON; `~` a line of warnings, then the fields; `!` an error, then in a line of its own the
        fields that the codec returned all the same, if any; `?` the limit that was hit.
        """
        latin = data.decode("latin-1")
        if self._entry_point is None:
            self._open(CALL_TIME_S)
        answer = self._call(latin, f_port, received_ms)
        if answer[0] == "^":  # the file changed its context so that it cannot run twice in it: use a new context
            self._open(CALL_TIME_S)
            answer = self._call(latin, f_port, received_ms).removeprefix("^")
        return answer

    def _call(self, latin: str | None, f_port: int, received_ms: int, timeout_text: str = CALL_TIMED_OUT) -> str:
        """As `decode`, with `^` before an error that the file itself raised before any of its functions was called."""
        try:
            answer: str = self._entry_point(latin, f_port, float(received_ms))
        except Exception as error:  # noqa: BLE001 (an error that escapes the entry point leaves an unusable context)
            self._entry_point = self._context = None
            return "?" + _error_text(error, timeout_text)
        mark, answer = ("^", answer[1:]) if answer[0] == "^" else ("", answer)
        if answer.startswith(_LIMIT_ERRORS):
            self._entry_point = self._context = None
            answer = "?" + (OUT_OF_MEMORY if "memory" in answer else answer[1:])
        return mark + answer


def _compiled(context: Any, source: str) -> Any:
    """The file as a function. A module is compiled without its export keywords."""
    try:
        return context.eval(_WRAPPER_START + source + _WRAPPER_END)
    except quickjs.JSException as error:
        script = module_to_script(source)
        if "SyntaxError" not in str(error) or script == source:
            raise
        return context.eval(_WRAPPER_START + script + _WRAPPER_END)


def module_to_script(source: str) -> str:
    """Rewrite a module's exports to assignments to `module.exports`, line by line.

    >>> module_to_script("export default {};"), module_to_script("export { read as decodeUplink };")
    ('module.exports.default = {};', 'Object.assign(module.exports, { decodeUplink: read });')
    """
    source = _EXPORT_DEFAULT.sub("module.exports.default =", _EXPORT_PREFIX.sub("", source))
    return _EXPORT_LIST.sub(
        lambda match: "Object.assign(module.exports, {" + _EXPORT_RENAMED.sub(r"\2: \1", match[1]) + "})", source
    )


def _error_text(error: Exception, timeout_text: str, lines: int = LINES_MAX) -> str:
    """QuickJS's error as text, for a file of `lines` lines. What is missing at the end is reported in the last line."""
    message = str(error)
    head, _, trace = message.partition("\n")
    if "interrupted" in head:
        return timeout_text
    if "out of memory" in head or head in ("null", "[uninitialized]"):
        return OUT_OF_MEMORY
    match = _LINE_NUMBER.search(trace)
    line = int(match.group(1)) if match else LINES_MAX
    return f"{head[:300]} (line {min(line, lines)})" if line < LINES_MAX else head[:300]
