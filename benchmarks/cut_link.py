"""A link to a server on a Unix socket that can be cut as a dead network is: nothing is refused, nothing arrives."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path

CHUNK_BYTES = 65_536


class CutLink:
    """Listens on a port of 127.0.0.1. While cut, connections stay open and all bytes are dropped."""

    def __init__(self, target: Path) -> None:
        self._target, self._is_whole = target, threading.Event()
        self._is_whole.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self._is_whole.clear()

    def mend(self) -> None:
        """What is connected from now on is forwarded; what was cut stays so."""
        self._is_whole.set()

    def close(self) -> None:
        """End every connection; returns once nothing is forwarded any more."""
        self._listener.close()
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for one in self._sockets:
            one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.socket(socket.AF_UNIX)
                if self._is_whole.is_set():
                    far.connect(str(self._target))
                self._sockets += [near, far]
                for pair in ((near, far), (far, near)):
                    thread = threading.Thread(target=self._forward, args=pair, daemon=True)
                    self._threads.append(thread)
                    thread.start()

    def _forward(self, source: socket.socket, sink: socket.socket) -> None:
        is_whole = self._is_whole.is_set()
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK_BYTES):
                is_whole = is_whole and self._is_whole.is_set()
                if is_whole:
                    sink.sendall(data)
            if is_whole:
                sink.shutdown(socket.SHUT_WR)
