"""A process of its own for the tools of the safety office, beside a running service: last in line for the processor,
its memory and its time bounded, gone when the service goes. `python -m app.rule_tools.worker`.

One JSON line comes in, a task; JSON lines go out: how much is done, and at last the answer, the faults or a refusal.
"""

from __future__ import annotations

import os
import resource
import sys
import threading
from typing import Any

import msgspec
from msgspec import Struct

from app.config.faults import ConfigError
from app.errors import UserError
from app.rule_tools.run import ToolRequest, run

NICENESS = 19
MEMORY_BYTES = 4 << 30
"""Of addresses, of which libraries reserve much more than they use."""
PROGRESS_STEP = 0.01


class WorkerRequest(Struct, frozen=True):
    """A task and how long it may keep a processor busy."""

    request: ToolRequest
    cpu_limit_s: int


def main() -> None:
    """Does one task and ends."""
    os.nice(NICENESS)
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=WorkerRequest, dec_hook=_path)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (order.cpu_limit_s, order.cpu_limit_s + 5))
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    told = 0.0

    def progress(part: float) -> None:
        nonlocal told
        if part >= told + PROGRESS_STEP:
            told = part
            _send({"part": round(part, 3)})

    _send(_response(order.request, progress))


def _response(task: ToolRequest, progress: Any) -> dict[str, Any]:
    try:
        return {"answer": run(task, progress)}
    except ConfigError as error:
        return {"faults": [msgspec.structs.asdict(fault) for fault in error.faults]}
    except UserError as error:
        return {"refused": str(error)}
    except MemoryError:
        return {"refused": f"needs more than {MEMORY_BYTES >> 30} GiB: ask for a shorter time"}


def _exit_with_parent() -> None:
    """Nothing more is said to us: the line ends when the service cancels, stops or is killed."""
    while os.read(0, 1024):  # past Python's own file, which must not be held when this process ends by itself
        continue
    os._exit(1)


def _send(line: dict[str, Any]) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(line, enc_hook=str) + b"\n")
    sys.stdout.buffer.flush()


def _path(kind: type, text: str) -> Any:
    return kind(text)


if __name__ == "__main__":
    main()
