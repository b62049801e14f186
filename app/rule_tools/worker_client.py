"""One task in a process of its own, as the service sees it: a line of JSON goes in, how much is done and at last the
answer come out; whoever no longer wants it ends the process.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from app.rule_tools.recorded_data import Progress
from app.rule_tools.worker import WorkerRequest
from console.dependencies import RulebookFault, RulebookInvalid, ToolsRefused

LINE_BYTES_MAX: Final = 256 << 20
"""An answer is one line: a month of findings on which two books differ."""
_EXIT_REASONS: Final = {
    -signal.SIGXCPU: "it took too much of the processor: ask for a shorter time",
    -signal.SIGKILL: "it was killed: ask for a shorter time, there may be too little memory",
}
_ENVIRON: Final = ("PATH", "PYTHONPATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
"""What a tool needs to know; the service's secrets are not among them."""


async def run_in_worker(order: WorkerRequest, progress: Progress) -> dict[str, Any]:
    """What the task came to. Raises Faulty or ToolsRefused; when cancelled, the process is gone before it returns."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "app.rule_tools.worker",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=LINE_BYTES_MAX,
        env={name: os.environ[name] for name in _ENVIRON if name in os.environ},
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(msgspec.json.encode(order, enc_hook=str) + b"\n")
        async for line in process.stdout:
            told = msgspec.json.decode(line)
            if "part" not in told:
                return _result(told)
            progress(told["part"])
        code = await process.wait()
        raise ToolsRefused(_EXIT_REASONS.get(code, f"the tool failed ({code}): the log of the service says how"))
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        process.stdin.close()


def _result(told: Mapping[str, Any]) -> dict[str, Any]:
    if "faults" in told:
        raise RulebookInvalid(msgspec.convert(told["faults"], list[RulebookFault]))
    if "refused" in told:
        raise ToolsRefused(told["refused"])
    return dict(told["answer"])
