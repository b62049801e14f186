"""One TCP connection that speaks MQTT 5: connects, subscribes, pings, pauses. It knows no journal and no reconnecting.

What arrives is handed over in one call for each piece of the stream; acknowledgements go out only when told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol, cast

import mqtt5
from msgspec import Struct

from ingest.mqtt.broker_address import Address
from ingest.mqtt.packet_stream import BrokenStream, Oversized, PacketStream

Arrival = mqtt5.PublishPacket | Oversized
_ARRIVALS: Final = (mqtt5.PublishPacket, Oversized)

SUBSCRIBE_CHUNK: Final = 64
REFUSED_FROM: Final = 0x80
BURST_MAX: Final = 250
"""Messages read from one socket before the others have their turn."""
PUBACK: Final = b"\x40\x02"


class LinkSettings(Struct, frozen=True):
    """How a session presents itself to the broker."""

    client_id: str
    keep_alive_s: int = 30
    session_expiry_s: int = 7 * 86_400
    receive_max: int = 20_000
    packet_bytes_max: int = 1_048_576


class LinkOwner(Protocol):
    """Who is told what happens on a connection."""

    def link_opened(self, session_present: bool) -> None: ...
    def link_granted(self, granted: Sequence[str], refused: Sequence[tuple[str, str]]) -> None: ...
    def link_took(self, arrivals: list[Arrival]) -> None: ...
    def link_asked(self) -> None: ...
    def link_answered(self) -> None: ...


class Link(asyncio.Protocol):
    """One connection, from CONNECT to its end. `opened` tells whether the broker took us, `closed` why it is over."""

    def __init__(self, address: Address, settings: LinkSettings, owner: LinkOwner) -> None:
        loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[str] = loop.create_future()
        self.opened: asyncio.Future[bool] = loop.create_future()
        self.paused = False
        self._loop, self._address, self._settings, self._owner = loop, address, settings, owner
        self._stream = PacketStream(settings.packet_bytes_max)
        self._transport: asyncio.Transport | None = None
        self._asked_filters: dict[int, list[str]] = {}
        self._packet_id = 0
        self._keep_alive_s = settings.keep_alive_s
        self._ping: asyncio.TimerHandle | None = None
        self._unanswered = self._burst = 0
        self._holds, self._reads = False, True
        self._why = "the broker closed the connection"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = writer = cast(asyncio.Transport, transport)
        wanted = self._settings
        hello = mqtt5.ConnectPacket(
            wanted.client_id,
            username=self._address.username,
            password=self._address.password,
            keep_alive=wanted.keep_alive_s,
            session_expiry_interval=wanted.session_expiry_s,
            receive_max=wanted.receive_max,
        )
        writer.write(hello.write())

    def connection_lost(self, exc: Exception | None) -> None:
        if self._ping is not None:
            self._ping.cancel()
        self._transport = None
        reason = str(exc) if exc is not None else self._why
        if not self.opened.done():
            self.opened.set_result(False)
        self.closed.set_result(reason)

    def data_received(self, data: bytes) -> None:
        try:
            packets = self._stream.feed(data)
        except BrokenStream as fault:
            self.abort(f"not MQTT 5: {fault}")
            return
        arrivals = [each for each in packets if type(each) in _ARRIVALS]
        if len(arrivals) < len(packets):
            for packet in packets:
                self._control(packet)
        if arrivals:
            self._take_breath(len(arrivals))
            self._owner.link_took(cast(list[Arrival], arrivals))

    def _take_breath(self, count: int) -> None:
        """libuv reads one socket up to 32 times before it looks at another: an alarm behind that waits for 8 MB."""
        if self._burst == 0:
            self._loop.call_soon(self._breathe)
        self._burst += count
        if self._burst >= BURST_MAX and not self._holds:
            self._holds = True
            self._read_or_not()

    def _breathe(self) -> None:
        self._burst = 0
        if self._holds:
            self._holds = False
            self._read_or_not()

    def _read_or_not(self) -> None:
        reads = not self.paused and not self._holds
        if self._transport is None or self._transport.is_closing() or reads is self._reads:
            return
        self._reads = reads
        if reads:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def _control(self, packet: object) -> None:
        handler = _CONTROL.get(type(packet))
        if handler is not None:
            handler(self, packet)

    def _on_connack(self, packet: mqtt5.ConnAckPacket) -> None:
        if packet.reason_code != mqtt5.ConnAckReasonCode.SUCCESS:
            self.abort(f"the broker refused us: {packet.reason_code.name} {packet.reason_str or ''}".strip())
            return
        if packet.server_keep_alive is not None:
            self._keep_alive_s = packet.server_keep_alive
        self._schedule_ping()
        self._owner.link_opened(packet.session_present)
        if not self.opened.done():
            self.opened.set_result(True)

    def _on_suback(self, packet: mqtt5.SubAckPacket) -> None:
        asked = self._asked_filters.pop(packet.packet_id, [])
        answers = list(zip(asked, packet.reason_codes, strict=False))
        granted = [pattern for pattern, code in answers if code.value < REFUSED_FROM]
        refused = [(pattern, code.name) for pattern, code in answers if code.value >= REFUSED_FROM]
        self._owner.link_granted(granted, refused)

    def _on_pong(self, _packet: mqtt5.PingRespPacket) -> None:
        self._unanswered = 0
        self._owner.link_answered()

    def _on_disconnect(self, packet: mqtt5.DisconnectPacket) -> None:
        self._why = f"the broker closed the session: {packet.reason_code.name} {packet.reason_str or ''}".strip()

    def _schedule_ping(self) -> None:
        if self._keep_alive_s:
            self._ping = self._loop.call_later(self._keep_alive_s / 2, self._send_ping)

    def _send_ping(self) -> None:
        """Always, not only when idle: the answer proves that the acknowledgements before it arrived.

        While we do not read we cannot see an answer, so nothing is concluded from its absence.
        """
        if self._unanswered >= 2 and not self.paused:
            self.abort("the broker answers no ping")
            return
        self._unanswered += 0 if self.paused else 1
        self._write(mqtt5.PingReqPacket().write())
        self._owner.link_asked()
        self._schedule_ping()

    def subscribe(self, filters: Iterable[str]) -> None:
        """Ask for these filters at QoS 1. Retained messages come only with a new subscription, marked as such."""
        wanted = list(filters)
        for start in range(0, len(wanted), SUBSCRIBE_CHUNK):
            chunk = wanted[start : start + SUBSCRIBE_CHUNK]
            packet_id = self._next_packet_id()
            self._asked_filters[packet_id] = chunk
            self._write(mqtt5.SubscribePacket(packet_id, [_topic_filter(pattern) for pattern in chunk]).write())

    def unsubscribe(self, filters: Iterable[str]) -> None:
        """Give these filters back."""
        wanted = list(filters)
        if wanted:
            self._write(mqtt5.UnsubscribePacket(self._next_packet_id(), wanted).write())

    def acknowledge(self, packet_ids: list[int]) -> bool:
        """Write PUBACKs in this order; False when the connection is gone."""
        if self._transport is None:
            return False
        self._write(b"".join([PUBACK + packet_id.to_bytes(2, "big") for packet_id in packet_ids]))
        return True

    def pause(self) -> None:
        """Stop reading: the broker, and the devices behind it, must wait."""
        self.paused = True
        self._read_or_not()

    def resume(self) -> None:
        """Read again."""
        if self.paused:
            self.paused = False
            self._unanswered = 0
            self._read_or_not()

    def say_goodbye(self) -> None:
        """Close in order; the broker keeps the session."""
        if self._transport is not None:
            self._why = "we closed it"
            self._write(mqtt5.DisconnectPacket(session_expiry_interval=self._settings.session_expiry_s).write())
            self._transport.close()

    def abort(self, why: str) -> None:
        """Close at once."""
        self._why = why
        if self._transport is not None:
            self._transport.abort()

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _next_packet_id(self) -> int:
        self._packet_id = self._packet_id % 65_535 + 1
        return self._packet_id


_CONTROL: Final[dict[type, Callable[..., None]]] = {
    mqtt5.ConnAckPacket: Link._on_connack,
    mqtt5.SubAckPacket: Link._on_suback,
    mqtt5.PingRespPacket: Link._on_pong,
    mqtt5.DisconnectPacket: Link._on_disconnect,
}


def _topic_filter(pattern: str) -> mqtt5.TopicFilter:
    """What the broker says about itself needs no acknowledgement: the next figure is as good."""
    about_itself = pattern.startswith("$SYS/")
    return mqtt5.TopicFilter(
        pattern,
        max_qos=mqtt5.QoS.AT_MOST_ONCE if about_itself else mqtt5.QoS.AT_LEAST_ONCE,
        retain_as_published=False,
        retain_handling=mqtt5.RetainHandling.SEND_IF_SUBSCRIPTION_NOT_EXISTS,
    )
