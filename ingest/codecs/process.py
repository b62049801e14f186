"""Owns the process in which codecs run: starts it, sends it calls, and starts another when it ended.

The caller blocks: a batch of ordinary calls costs a few microseconds each.
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
"""The last resort: the kernel ends a process that uses too much processor time long before."""

KILLED: Final = "?ran on and was ended with its process"


class CodecProcess:
    """A process for codecs, started on the first call. `start_count`: how often it was started."""

    def __init__(self) -> None:
        self.start_count = 0
        self._child: _Child | None = None

    def run(self, calls: Sequence[DecodeCall]) -> list[str]:
        """One answer a call, in order; their format is that of QuickJsEngine.decode.

        When a batch ends the process, its calls are repeated one by one; the one that ends it again gets KILLED.
        """
        answers: list[str] = []
        for start in range(0, len(calls), BATCH_CALLS):
            batch = calls[start : start + BATCH_CALLS]
            answers += self._run_batch(batch) or self._run_singly(batch)
        return answers

    def _run_singly(self, batch: Sequence[DecodeCall]) -> list[str]:
        """Find the call that ended the process. Its codec is not called again here: each time would cost 0.2 s."""
        killed_versions: set[str] = set()
        answers: list[str] = []
        for call in batch:
            if call.codec.version in killed_versions:
                [answer] = [SUSPENDED]
            else:
                [answer] = self._run_batch([call]) or [KILLED]
            if answer == KILLED:
                killed_versions.add(call.codec.version)
            answers.append(answer)
        return answers

    def _run_batch(self, batch: Sequence[DecodeCall]) -> list[str] | None:
        """The answers, or None when the process ended."""
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
    """One child process and the codecs that were sent to it."""

    def __init__(self) -> None:
        self._socket, child_socket = socket.socketpair()
        with child_socket:
            child = subprocess.Popen(  # noqa: S603 (our own file, by our own interpreter)
                [sys.executable, "-s", "-E", str(Path(__file__).with_name("worker.py"))],
                stdin=child_socket.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={"TZ": "UTC"},  # published codecs were written for servers whose local time is UTC
            )
        self._socket.settimeout(ANSWER_TIMEOUT_S)
        self._numbers: dict[Codec, int] = {}
        self.end = weakref.finalize(self, _terminate, child, self._socket)

    def run(self, batch: Sequence[DecodeCall]) -> list[str]:
        """Raises OSError or EOFError when the process ended."""
        new_codecs: list[tuple[int, str, str]] = []
        jobs = [
            DecodeJob(self._number(call.codec, new_codecs), call.data, call.f_port, call.received) for call in batch
        ]
        self._socket.sendall(encode_frame(msgspec.msgpack.encode(Request(new_codecs, jobs))))
        body = read_frame(self._socket)
        if body is None:
            raise EOFError
        return msgspec.msgpack.decode(body, type=list[str])

    def _number(self, codec: Codec, new_codecs: list[tuple[int, str, str]]) -> int:
        """The codec's number in this process; a codec without one is added to `new_codecs`."""
        number = self._numbers.get(codec)
        if number is None:
            number = self._numbers[codec] = len(self._numbers)
            new_codecs.append((number, codec.source, codec.variables))
        return number


def _terminate(child: subprocess.Popen[bytes], connection: socket.socket) -> None:
    connection.close()
    child.kill()
    child.wait()
