"""Tests never wait briefly for what must come: on a loaded machine a short timeout fails and the code is right.

A number below 30 s is refused as the `timeout`, `timeout_s`, `seconds` or `within_s` of a call, as the argument of
asyncio.timeout, wait_for, Popen.wait and their like, and as the default of such a parameter; numbers from 1000 count as
milliseconds (Playwright). It may stand inside `with pytest.raises(...)` and `with suppress(TimeoutError)`, where the
timeout is expected, and in a call that is named in ALLOWED. A wall clock does not measure how long something took.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

LEAST_S: Final = 30.0
KEYWORDS: Final = ("timeout", "timeout_s", "seconds", "within_s")
WAITS: Final = ("timeout", "wait_for", "wait", "join", "result", "set_default_timeout")
ALLOWED: Final[dict[str, tuple[str, ...]]] = {
    "tests/alerts/channels/test_apprise_services.py": ("AppriseSettings",),  # the service never answers
    "tests/app/pipeline/test_backlog.py": ("wait",),  # nothing arrives
    "tests/app/datadir/test_long_transactions.py": ("wait",),  # nothing comes: the transaction is idle for so long
    "tests/app/score/test_virtual_loop.py": ("timeout",),  # virtual time
    "tests/conftest.py": ("wait",),  # the interval of a poll
    "tests/console/photos/test_process.py": ("PhotoChecker",),  # the process hangs
    "tests/simulators/test_load.py": ("LoadSettings", "wait_for"),  # how long it sends, how many messages
    "tests/store/history/remote/test_history_influxdb.py": ("open",),  # the server answers late; then it is retried
}
STOPWATCHES: Final = ("perf_counter", "perf_counter_ns")


def short_timeout_faults(file: Path, source: str) -> Iterator[str]:
    """One sentence for each short wait in this file of tests."""
    tree = ast.parse(source)
    expected = {line for node in ast.walk(tree) for line in _lines_that_raise(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.lineno not in expected:
            name = _name(node.func)
            if name in ALLOWED.get(file.as_posix(), ()):
                continue
            yield from (f"{file}:{node.lineno}: {_sentence(value)}" for value in _short(node, name))
            if name in STOPWATCHES:
                yield f"{file}:{node.lineno}: {name}() measures the load of the machine: use time.process_time()"
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from (f"{file}:{node.lineno}: {_sentence(value)}" for value in _short_defaults(node.args))


def _lines_that_raise(node: ast.AST) -> range:
    if isinstance(node, ast.With | ast.AsyncWith) and any(_expects(item) for item in node.items):
        return range(node.lineno, (node.end_lineno or node.lineno) + 1)
    return range(0)


def _expects(item: ast.withitem) -> bool:
    return any(name in ast.dump(item) for name in ("raises", "TimeoutError"))


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _short(call: ast.Call, name: str) -> Iterator[float]:
    values = [keyword.value for keyword in call.keywords if keyword.arg in KEYWORDS]
    if name in WAITS:
        values += call.args
    yield from (value for value in map(_number, values) if value is not None and _is_short(value))


def _short_defaults(arguments: ast.arguments) -> Iterator[float]:
    named = [*arguments.posonlyargs, *arguments.args]
    pairs = [
        *zip(named[len(named) - len(arguments.defaults) :], arguments.defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    for argument, default in pairs:
        value = _number(default) if argument.arg in KEYWORDS else None
        if value is not None and _is_short(value):
            yield value


def _number(node: ast.expr | None) -> float | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return float(node.value)
    return None


def _is_short(value: float) -> bool:
    return 0 < value < LEAST_S or 1000 <= value < LEAST_S * 1000


def _sentence(value: float) -> str:
    return f"a wait of {value:g} may end on a loaded machine before the answer: use tests.support.timeouts"
