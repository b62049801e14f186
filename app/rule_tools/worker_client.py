"""Runs a request to a rule tool in a worker process (app/rule_tools/worker.py, app/score/rulebook_comparison.py)."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from app.rule_tools.requests import Progress
from app.rule_tools.worker import WorkerRequest
from console.rule_tools_interface import RulebookFault, RulebookInvalid, ToolsRefused

LINE_BYTES_MAX: Final = 256 << 20
"""A result is one line: a month of findings in which two rulebooks differ."""
RULE_TOOLS: Final = "app.rule_tools.worker"
SCORE: Final = "app.score.rulebook_comparison"
"""Simulates towns: what it imports is in no process of the service."""
_EXIT_REASONS: Final = {
    -signal.SIGXCPU: "it took too much of the processor: ask for a shorter time",
    -signal.SIGKILL: "it was killed: ask for a shorter time, there may be too little memory",
}
_ENVIRON: Final = ("PATH", "PYTHONPATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
"""Environment variables that the worker inherits: not those with the service's secrets."""


async def run_in_worker(job: WorkerRequest, progress: Progress, module: str = RULE_TOOLS) -> dict[str, Any]:
    """Start a worker and return its result. Raises RulebookInvalid, ToolsRefused.

    The process has ended when this returns, also when it is cancelled.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", module,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=LINE_BYTES_MAX,
        env={name: os.environ[name] for name in _ENVIRON if name in os.environ},
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(msgspec.json.encode(job, enc_hook=str) + b"\n")
        async for line in process.stdout:
            message = msgspec.json.decode(line)
            if "part" not in message:
                return _result(message)
            progress(message["part"])
        code = await process.wait()
        raise ToolsRefused(_EXIT_REASONS.get(code, f"the tool failed ({code}): the log of the service says how"))
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        process.stdin.close()


def _result(message: Mapping[str, Any]) -> dict[str, Any]:
    if "faults" in message:
        raise RulebookInvalid(msgspec.convert(message["faults"], list[RulebookFault]))
    if "refused" in message:
        raise ToolsRefused(message["refused"])
    return dict(message["answer"])
