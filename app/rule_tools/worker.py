"""Worker process for rule tools beside a running service: `python -m app.rule_tools.worker`.

Runs at nice 19 with limits on CPU time (RLIMIT_CPU) and address space (4 GiB); exits when its stdin closes, that is
when the service cancels the job or ends. Protocol: one JSON request on stdin; JSON progress lines and one result on
stdout.
"""

from __future__ import annotations

import os
import resource
import sys
import threading
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from app.config.faults import ConfigError
from app.errors import UserError
from app.rule_tools.requests import Progress, ScoreRequest, ToolRequest
from app.rule_tools.run import run

NICENESS = 19
MEMORY_BYTES = 4 << 30
"""Of address space, of which libraries reserve much more than they use."""
PROGRESS_STEP = 0.01


class WorkerRequest(Struct, frozen=True):
    """A request to a tool, and its limit of processor time in seconds."""

    request: ToolRequest | ScoreRequest
    cpu_limit_s: int


Tool = Callable[[Any, Progress], dict[str, Any]]


def serve(tool: Tool) -> None:
    """Run one request with this tool and exit."""
    os.nice(NICENESS)
    job = msgspec.json.decode(sys.stdin.buffer.readline(), type=WorkerRequest, dec_hook=_decode_path)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (job.cpu_limit_s, job.cpu_limit_s + 5))
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    reported = 0.0

    def progress(part: float) -> None:
        nonlocal reported
        if part >= reported + PROGRESS_STEP:
            reported = part
            _send({"part": round(part, 3)})

    _send(_response(tool, job.request, progress))


def _response(tool: Tool, request: ToolRequest | ScoreRequest, progress: Progress) -> dict[str, Any]:
    try:
        return {"answer": tool(request, progress)}
    except ConfigError as error:
        return {"faults": [msgspec.structs.asdict(fault) for fault in error.faults]}
    except UserError as error:
        return {"refused": str(error)}
    except MemoryError:
        return {"refused": f"needs more than {MEMORY_BYTES >> 30} GiB: ask for a shorter time"}


def _exit_with_parent() -> None:
    """Exit when stdin closes: the service cancelled the job, stopped or was killed."""
    while os.read(0, 1024):  # not sys.stdin, whose lock would block the exit of this process at its own end
        continue
    os._exit(1)


def _send(line: dict[str, Any]) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(line, enc_hook=str) + b"\n")
    sys.stdout.buffer.flush()


def _decode_path(path_type: type, text: str) -> Any:
    """msgspec has no type for paths."""
    return path_type(text)


if __name__ == "__main__":
    serve(run)
