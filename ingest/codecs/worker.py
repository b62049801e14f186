"""Main of the codec process: reads requests from its only socket (stdin), decodes, writes answers.

Started by process.py with an empty environment. It ends when the socket closes. The kernel ends it when one call uses
more processor time than a call can need, because a loop inside QuickJS's own C code heeds no limit.
"""

from __future__ import annotations

import resource
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ingest.codecs.quickjs_engine import LOAD_TIME_S, InvalidCodec, QuickJsEngine

CALL_CPU_LIMIT_S: Final = 0.2
LOAD_CPU_LIMIT_S: Final = 4 * LOAD_TIME_S
ADDRESS_SPACE_BYTES_MAX: Final = 2 * 1024**3

LIMIT_HITS_MAX: Final = 3
"""After so many calls in a row that hit a limit, a codec is suspended."""

LOAD_ONLY: Final = -1
"""As a port: only check that the codec can be loaded."""

SUSPENDED: Final = "?rests: it hit its limits again and again"


class DecodeJob(Struct, array_like=True, gc=False):
    """One call: codec number, payload, LoRaWAN port, time of reception in ms."""

    codec: int
    data: bytes
    f_port: int
    received: int


class Request(Struct, array_like=True):
    """Codecs that are new to the process (number, source, variables), then calls. The answer has one string a call."""

    new_codecs: list[tuple[int, str, str]]
    jobs: list[DecodeJob]


def encode_frame(body: bytes) -> bytes:
    """A message as sent on the socket: its length in 4 bytes, then the body."""
    return len(body).to_bytes(4, "big") + body


def read_frame(connection: socket.socket) -> bytes | None:
    """The body of the next message, or None when the other side closed."""
    head = _receive_exactly(connection, 4)
    return None if head is None else _receive_exactly(connection, int.from_bytes(head, "big"))


def _receive_exactly(connection: socket.socket, size: int) -> bytes | None:
    received = bytearray()
    while len(received) < size:
        part = connection.recv(min(size - len(received), 1 << 20))
        if not part:
            return None
        received += part
    return bytes(received)


class CodecWorker:
    """The loaded engines by codec number, or why a codec cannot be loaded; limit hits in a row of this request."""

    def __init__(self) -> None:
        self._engines: dict[int, QuickJsEngine | str] = {}
        self._limit_hits: dict[int, int] = {}

    def answer(self, request: Request) -> Iterator[str]:
        """The answers to the calls, in order."""
        self._limit_hits.clear()
        for number, source, variables in request.new_codecs:
            signal.setitimer(signal.ITIMER_PROF, LOAD_CPU_LIMIT_S)
            self._engines[number] = _load_engine(source, variables)
        for job in request.jobs:
            engine = self._engines[job.codec]
            signal.setitimer(signal.ITIMER_PROF, CALL_CPU_LIMIT_S)
            yield engine if isinstance(engine, str) else self._decode(engine, job)
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _decode(self, engine: QuickJsEngine, job: DecodeJob) -> str:
        if job.f_port == LOAD_ONLY:
            return "="
        if self._limit_hits and self._limit_hits.get(job.codec, 0) >= LIMIT_HITS_MAX:
            return SUSPENDED
        answer = engine.decode(job.data, job.f_port, job.received)
        if answer[0] == "?":
            self._limit_hits[job.codec] = self._limit_hits.get(job.codec, 0) + 1
        elif self._limit_hits:
            self._limit_hits.pop(job.codec, None)
        return answer


def _load_engine(source: str, variables: str) -> QuickJsEngine | str:
    try:
        return QuickJsEngine(source, variables)
    except InvalidCodec as error:
        return f"!unusable: {error}"


def main() -> None:
    """Answer requests until the socket closes."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES_MAX, ADDRESS_SPACE_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal reaches us too; the parent closes the socket
    decoder, worker = msgspec.msgpack.Decoder(Request), CodecWorker()
    with socket.socket(fileno=sys.stdin.fileno()) as connection:
        while (body := read_frame(connection)) is not None:
            answers = list(worker.answer(decoder.decode(body)))
            connection.sendall(encode_frame(msgspec.msgpack.encode(answers)))


if __name__ == "__main__":
    main()
