"""Owns the process in which codecs run: starts it, hands it calls, and starts another when it was ended. No decisions.

The caller waits: a batch of ordinary calls costs a few microseconds each.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from ingest.codecs import Codec, DecodeCall
from ingest.codecs.worker import SUSPENDED, DecodeJob, Request, encode_frame, read_frame

BATCH_CALLS: Final = 256
ANSWER_TIMEOUT_S: Final = 10.0
"""The last resort; the kernel ends a process that burns time long before."""

KILLED: Final = "?ran on and was ended with its process"


class CodecProcess:
    """A process for codecs, started when first needed. `starts` counts how often."""

    def __init__(self) -> None:
        self.start_count = 0
        self._child: _Child | None = None

    def run(self, calls: Sequence[DecodeCall]) -> list[str]:
        """One answer a call, in order; see engine.decode. A call that ends the process is told from the others."""
        answers: list[str] = []
        for start in range(0, len(calls), BATCH_CALLS):
            batch = calls[start : start + BATCH_CALLS]
            answers += self._run_batch(batch) or self._run_singly(batch)
        return answers

    def _run_singly(self, batch: Sequence[DecodeCall]) -> list[str]:
        """Which call was it? Its codec is not called again here: each time would cost a fifth of a second."""
        deadly: set[str] = set()
        answers: list[str] = []
        for call in batch:
            [answer] = [SUSPENDED] if call.codec.version in deadly else self._run_batch([call]) or [KILLED]
            if answer == KILLED:
                deadly.add(call.codec.version)
            answers.append(answer)
        return answers

    def _run_batch(self, batch: Sequence[DecodeCall]) -> list[str] | None:
        try:
            if self._child is None:
                self._child = _Child()
                self.start_count += 1
            return self._child.run(batch)
        except (OSError, EOFError):
            self.close()
            return None

    def close(self) -> None:
        """End the process; a later call starts another."""
        if self._child is not None:
            self._child.end()
            self._child = None


class _Child:
    """One child and the codecs that it has seen."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            child = subprocess.Popen(  # noqa: S603 (our own file, by our own interpreter)
                [sys.executable, "-s", "-E", str(Path(__file__).with_name("worker.py"))],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={"TZ": "UTC"},  # published codecs were written for servers whose local time is UTC
            )
        self._socket.settimeout(ANSWER_TIMEOUT_S)
        self._numbers: dict[Codec, int] = {}
        self.end = weakref.finalize(self, _terminate, child, self._socket)

    def run(self, batch: Sequence[DecodeCall]) -> list[str]:
        fresh: list[tuple[int, str, str]] = []
        jobs = [DecodeJob(self._number(call.codec, fresh), call.data, call.f_port, call.received) for call in batch]
        self._socket.sendall(encode_frame(msgspec.msgpack.encode(Request(fresh, jobs))))
        body = read_frame(self._socket)
        if body is None:
            raise EOFError
        return msgspec.msgpack.decode(body, type=list[str])

    def _number(self, codec: Codec, fresh: list[tuple[int, str, str]]) -> int:
        number = self._numbers.get(codec)
        if number is None:
            number = self._numbers[codec] = len(self._numbers)
            fresh.append((number, codec.source, codec.variables))
        return number


def _terminate(child: subprocess.Popen[bytes], connection: socket.socket) -> None:
    connection.close()
    child.kill()
    child.wait()
