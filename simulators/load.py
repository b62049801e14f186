"""A load generator: publishes readings of gas alarms at a set rate over one MQTT 3.1.1 connection, QoS 1.

It writes packets to the socket itself, because a client library costs more than the message: see docs/performance.md.
Every message carries the time at which it was sent (`ts`), so that latencies can be measured from it.
"""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from domain import Instant

_CONNECT_TIMEOUT_S: Final = 10.0
_STALLED_AFTER_S: Final = 30.0
_KEEP_ALIVE_S: Final = 600
_PUBACK_BYTES: Final = 4
_PACKET_IDS: Final = 65_000
_BLOCK: Final = 1_000
"""Most messages of one write; they have the same time."""
_WINDOW: Final = 20_000
"""Most messages that are not acknowledged: a broker that is slower lowers the rate, and the result says so."""
_TICK_S: Final = 0.002
_FIRST_SEQ: Final = 1_000_000_000


class LoadSettings(Struct, frozen=True):
    """Messages a second, for how long, and the devices, each on its topic `fengshao/v1/{device}/up`."""

    rate: int
    seconds: float
    devices: Sequence[str]


class LoadResult(Struct, frozen=True):
    """What was reached. `elapsed_s` is until the last message was sent, of which at most 20,000 were not yet
    acknowledged. `behind_ms`: by how much a message was sent later than its schedule, at most.
    """

    sent: int
    acknowledged: int
    elapsed_s: float
    behind_ms: float

    @property
    def rate(self) -> float:
        return self.acknowledged / self.elapsed_s if self.elapsed_s else 0.0


class LoadError(Exception):
    """The broker refused the connection, closed it, or acknowledges nothing."""


def encode_string(raw: bytes) -> bytes:
    return struct.pack("!H", len(raw)) + raw


def encode_length(size: int) -> bytes:
    """Remaining length of a packet: seven bits a byte, the least significant first."""
    out = bytearray()
    while True:
        size, low = divmod(size, 128)
        out.append(low | (128 if size else 0))
        if not size:
            return bytes(out)


def publish_packet(topic: bytes, packet_id: int, payload: bytes) -> bytes:
    """A QoS 1 PUBLISH of MQTT 3.1.1."""
    body = encode_string(topic) + struct.pack("!H", packet_id) + payload
    return b"\x32" + encode_length(len(body)) + body


def connect_packet(client_id: str, username: str | None = None, password: bytes | None = None) -> bytes:
    """A CONNECT of MQTT 3.1.1 with a clean session."""
    login = b"" if username is None else encode_string(username.encode())
    login += b"" if password is None else encode_string(password)
    flags = 2 | (0x80 if username is not None else 0) | (0x40 if password is not None else 0)
    body = encode_string(b"MQTT") + bytes([4, flags]) + struct.pack("!H", _KEEP_ALIVE_S)
    body += encode_string(client_id.encode()) + login
    return b"\x10" + encode_length(len(body)) + body


class LoadConnection:
    """A connection to the broker, which counts the messages that it acknowledges."""

    def __init__(
        self,
        host: str,
        port: int,
        client_id: str,
        login: tuple[str | None, bytes | None] = (None, None),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Connects. Raises OSError when the broker cannot be reached, LoadError when it refuses."""
        plain = socket.create_connection((host, port), timeout=_CONNECT_TIMEOUT_S)
        self._socket = plain if tls is None else tls.wrap_socket(plain, server_hostname=host)
        self._unread = 0
        self.acknowledged = 0
        self._socket.sendall(connect_packet(client_id, *login))
        answer = self._socket.recv(4)
        if len(answer) < 4 or answer[3] != 0:
            self.close()
            raise LoadError(f"the broker refused the connection: code {answer[3] if len(answer) == 4 else 'missing'}")
        self._socket.settimeout(_STALLED_AFTER_S)

    def send(self, packets: bytes) -> None:
        self._socket.sendall(packets)

    def receive_waiting(self) -> None:
        """Count what has arrived, without waiting."""
        self._socket.settimeout(0)
        try:
            self._receive()
        except (BlockingIOError, ssl.SSLWantReadError):
            pass
        finally:
            self._socket.settimeout(_STALLED_AFTER_S)

    def wait_for(self, acknowledged: int) -> None:
        """Wait until this many messages are acknowledged. Raises LoadError when nothing comes for long."""
        while self.acknowledged < acknowledged:
            try:
                self._receive()
            except TimeoutError:
                raise LoadError(f"no acknowledgement in {_STALLED_AFTER_S:.0f} s") from None

    def close(self) -> None:
        self._socket.close()

    def _receive(self) -> None:
        data = self._socket.recv(65_536)
        if not data:
            raise LoadError("the broker closed the connection")
        # Nothing but PUBACK comes: there is no subscription, and no ping within the keep-alive.
        self._unread += len(data)
        self.acknowledged += self._unread // _PUBACK_BYTES
        self._unread %= _PUBACK_BYTES


class LoadMessages:
    """Packets of readings. All but packet id, time and sequence number is encoded before."""

    def __init__(self, settings: LoadSettings) -> None:
        self._templates = [_template(number, device) for number, device in enumerate(settings.devices)]
        self._packet_ids = [struct.pack("!H", number) for number in range(1, _PACKET_IDS + 1)]

    def block(self, first: int, count: int, at: Instant) -> bytes:
        """The packets of messages `first` to `first + count - 1`, sent at an instant."""
        templates, packet_ids = self._templates, self._packet_ids
        devices, time = len(templates), b'{"ts":%d,"seq":' % at
        parts: list[bytes] = []
        for number in range(first, first + count):
            head, tail = templates[number % devices]
            parts += (head, packet_ids[number % _PACKET_IDS], time, b"%d" % (_FIRST_SEQ + number), tail)
        return b"".join(parts)


def _template(number: int, device: str) -> tuple[bytes, bytes]:
    """The packet before its packet id, and after its sequence number. Times have 13 digits, sequence numbers 10."""
    level = number * 7919 % 400 / 100
    tail = b',"lel_pct":%.2f,"co_ppm":3,"temp_c":24.5,"battery_pct":88,"rssi_dbm":-71}' % level
    topic = encode_string(f"fengshao/v1/{device}/up".encode())
    size = len(topic) + 2 + len(b'{"ts":') + 13 + len(b',"seq":') + 10 + len(tail)
    return b"\x32" + encode_length(size) + topic, tail


def run_load(
    connection: LoadConnection,
    settings: LoadSettings,
    clock: Callable[[], Instant],
    monotonic: Callable[[], float],
    sleep: Callable[[float], None],
    stopped: Callable[[], bool] = lambda: False,
) -> LoadResult:
    """Publish at the set rate until the time is over or `stopped`, and wait for the last acknowledgement.

    `monotonic` and `sleep` are in seconds. A message that could not be sent in time is sent as soon as it can be: the
    mean rate is held as far as the broker allows.
    """
    messages = LoadMessages(settings)
    first_acknowledged, sent, behind_s = connection.acknowledged, 0, 0.0
    started = monotonic()
    while not stopped():
        elapsed = monotonic() - started
        due = min(int(elapsed * settings.rate), round(settings.seconds * settings.rate))
        if sent >= due:
            if elapsed >= settings.seconds:
                break
            sleep(_TICK_S)
            connection.receive_waiting()
            continue
        count = min(due - sent, _BLOCK)
        behind_s = max(behind_s, elapsed - (sent + 1) / settings.rate)
        connection.send(messages.block(sent, count, clock()))
        sent += count
        connection.receive_waiting()
        connection.wait_for(first_acknowledged + sent - _WINDOW)
    elapsed_s = monotonic() - started
    connection.wait_for(first_acknowledged + sent)
    return LoadResult(sent, connection.acknowledged - first_acknowledged, elapsed_s, behind_s * 1000)
