"""One MQTT 5 connection over TCP: connects, subscribes, pings, pauses reading.

All messages of one read are passed on in one call. Acknowledgements are written only when `acknowledge` is called.
Reconnecting is the session's task (session.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol, cast

import mqtt5
from msgspec import Struct

from ingest.mqtt.broker_address import BrokerAddress
from ingest.mqtt.broker_drops import is_sys_topic
from ingest.mqtt.packet_stream import OversizedPublish, PacketStream, ProtocolError

Message = mqtt5.PublishPacket | OversizedPublish
_MESSAGE_TYPES: Final = (mqtt5.PublishPacket, OversizedPublish)

SUBSCRIBE_FILTERS_MAX: Final = 64
"""Topic filters in one SUBSCRIBE packet."""
FAILURE_CODE_MIN: Final = 0x80
"""SUBACK reason codes from here on are refusals."""
BURST_MESSAGES_MAX: Final = 250
"""Messages read from one socket before other sockets are read."""
PUBACK_HEADER: Final = b"\x40\x02"


class ConnectionSettings(Struct, frozen=True):
    """What CONNECT tells the broker."""

    client_id: str
    keep_alive_s: int = 30
    session_expiry_s: int = 7 * 86_400
    receive_max: int = 20_000
    packet_bytes_max: int = 1_048_576


class ConnectionOwner(Protocol):
    """Receives the events of a connection."""

    def on_connected(self, session_present: bool) -> None: ...
    def on_suback(self, granted: Sequence[str], refused: Sequence[tuple[str, str]]) -> None: ...
    def on_messages(self, messages: list[Message]) -> None: ...
    def on_ping_sent(self) -> None: ...
    def on_ping_answered(self) -> None: ...


class MqttConnection(asyncio.Protocol):
    """One connection, from CONNECT to its end. `opened`: whether the broker accepted it; `closed`: why it ended."""

    def __init__(self, address: BrokerAddress, settings: ConnectionSettings, owner: ConnectionOwner) -> None:
        loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[str] = loop.create_future()
        self.opened: asyncio.Future[bool] = loop.create_future()
        self.paused = False
        self._loop, self._address, self._settings, self._owner = loop, address, settings, owner
        self._stream = PacketStream(settings.packet_bytes_max)
        self._transport: asyncio.Transport | None = None
        self._pending_filters: dict[int, list[str]] = {}
        self._packet_id = 0
        self._keep_alive_s = settings.keep_alive_s
        self._ping_timer: asyncio.TimerHandle | None = None
        self._pings_unanswered = self._burst_messages = 0
        self._burst_limited, self._reading = False, True
        self._close_reason = "the broker closed the connection"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = writer = cast(asyncio.Transport, transport)
        settings = self._settings
        connect = mqtt5.ConnectPacket(
            settings.client_id,
            username=self._address.username,
            password=self._address.password,
            keep_alive=settings.keep_alive_s,
            session_expiry_interval=settings.session_expiry_s,
            receive_max=settings.receive_max,
        )
        writer.write(connect.write())

    def connection_lost(self, exc: Exception | None) -> None:
        if self._ping_timer is not None:
            self._ping_timer.cancel()
        self._transport = None
        reason = str(exc) if exc is not None else self._close_reason
        if not self.opened.done():
            self.opened.set_result(False)
        self.closed.set_result(reason)

    def data_received(self, data: bytes) -> None:
        try:
            packets = self._stream.feed(data)
        except ProtocolError as error:
            self.abort(f"not MQTT 5: {error}")
            return
        messages = [packet for packet in packets if type(packet) in _MESSAGE_TYPES]
        if len(messages) < len(packets):
            for packet in packets:
                self._handle_control(packet)
        if messages:
            self._limit_burst(len(messages))
            self._owner.on_messages(cast(list[Message], messages))

    def _limit_burst(self, count: int) -> None:
        """Pause reading after BURST_MESSAGES_MAX messages in one turn of the event loop.

        libuv reads one socket up to 32 times before it reads the next; an alarm behind that waits for 8 MB.
        """
        if self._burst_messages == 0:
            self._loop.call_soon(self._end_burst)
        self._burst_messages += count
        if self._burst_messages >= BURST_MESSAGES_MAX and not self._burst_limited:
            self._burst_limited = True
            self._update_reading()

    def _end_burst(self) -> None:
        self._burst_messages = 0
        if self._burst_limited:
            self._burst_limited = False
            self._update_reading()

    def _update_reading(self) -> None:
        reading = not self.paused and not self._burst_limited
        if self._transport is None or self._transport.is_closing() or reading is self._reading:
            return
        self._reading = reading
        if reading:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def _handle_control(self, packet: object) -> None:
        handler = _CONTROL_HANDLERS.get(type(packet))
        if handler is not None:
            handler(self, packet)

    def _on_connack(self, packet: mqtt5.ConnAckPacket) -> None:
        if packet.reason_code != mqtt5.ConnAckReasonCode.SUCCESS:
            self.abort(f"the broker refused us: {packet.reason_code.name} {packet.reason_str or ''}".strip())
            return
        if packet.server_keep_alive is not None:
            self._keep_alive_s = packet.server_keep_alive
        self._schedule_ping()
        self._owner.on_connected(packet.session_present)
        if not self.opened.done():
            self.opened.set_result(True)

    def _on_suback(self, packet: mqtt5.SubAckPacket) -> None:
        requested = self._pending_filters.pop(packet.packet_id, [])
        answers = list(zip(requested, packet.reason_codes, strict=False))
        granted = [pattern for pattern, code in answers if code.value < FAILURE_CODE_MIN]
        refused = [(pattern, code.name) for pattern, code in answers if code.value >= FAILURE_CODE_MIN]
        self._owner.on_suback(granted, refused)

    def _on_pingresp(self, _packet: mqtt5.PingRespPacket) -> None:
        self._pings_unanswered = 0
        self._owner.on_ping_answered()

    def _on_disconnect(self, packet: mqtt5.DisconnectPacket) -> None:
        reason = f"{packet.reason_code.name} {packet.reason_str or ''}".strip()
        self._close_reason = f"the broker closed the session: {reason}"

    def _schedule_ping(self) -> None:
        if self._keep_alive_s:
            self._ping_timer = self._loop.call_later(self._keep_alive_s / 2, self._send_ping)

    def _send_ping(self) -> None:
        """Ping always, not only when idle: the answer proves that the acknowledgements before it arrived.

        While reading is paused an answer cannot be seen, so its absence proves nothing.
        """
        if self._pings_unanswered >= 2 and not self.paused:
            self.abort("the broker answers no ping")
            return
        self._pings_unanswered += 0 if self.paused else 1
        self._send(mqtt5.PingReqPacket().write())
        self._owner.on_ping_sent()
        self._schedule_ping()

    def subscribe(self, filters: Iterable[str]) -> None:
        """Subscribe at QoS 1. Retained messages are sent for new subscriptions only, with the retain flag set."""
        requested = list(filters)
        for start in range(0, len(requested), SUBSCRIBE_FILTERS_MAX):
            chunk = requested[start : start + SUBSCRIBE_FILTERS_MAX]
            packet_id = self._next_packet_id()
            self._pending_filters[packet_id] = chunk
            self._send(mqtt5.SubscribePacket(packet_id, [_subscription(pattern) for pattern in chunk]).write())

    def unsubscribe(self, filters: Iterable[str]) -> None:
        """Unsubscribe from these filters; the answer is not awaited."""
        removed = list(filters)
        if removed:
            self._send(mqtt5.UnsubscribePacket(self._next_packet_id(), removed).write())

    def acknowledge(self, packet_ids: list[int]) -> bool:
        """Write PUBACKs in this order; False when the connection is gone."""
        if self._transport is None:
            return False
        self._send(b"".join([PUBACK_HEADER + packet_id.to_bytes(2, "big") for packet_id in packet_ids]))
        return True

    def pause(self) -> None:
        """Stop reading: TCP flow control makes the broker, and the devices behind it, wait."""
        self.paused = True
        self._update_reading()

    def resume(self) -> None:
        """Read again."""
        if self.paused:
            self.paused = False
            self._pings_unanswered = 0
            self._update_reading()

    def disconnect(self) -> None:
        """Send DISCONNECT and close; the broker keeps the session."""
        if self._transport is not None:
            self._close_reason = "we closed it"
            self._send(mqtt5.DisconnectPacket(session_expiry_interval=self._settings.session_expiry_s).write())
            self._transport.close()

    def abort(self, reason: str) -> None:
        """Close at once, without DISCONNECT."""
        self._close_reason = reason
        if self._transport is not None:
            self._transport.abort()

    def _send(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _next_packet_id(self) -> int:
        self._packet_id = self._packet_id % 65_535 + 1
        return self._packet_id


_CONTROL_HANDLERS: Final[dict[type, Callable[..., None]]] = {
    mqtt5.ConnAckPacket: MqttConnection._on_connack,
    mqtt5.SubAckPacket: MqttConnection._on_suback,
    mqtt5.PingRespPacket: MqttConnection._on_pingresp,
    mqtt5.DisconnectPacket: MqttConnection._on_disconnect,
}


def _subscription(pattern: str) -> mqtt5.TopicFilter:
    """QoS 1, but QoS 0 for `$SYS` topics: a lost counter value is replaced by the next one."""
    return mqtt5.TopicFilter(
        pattern,
        max_qos=mqtt5.QoS.AT_MOST_ONCE if is_sys_topic(pattern) else mqtt5.QoS.AT_LEAST_ONCE,
        retain_as_published=False,
        retain_handling=mqtt5.RetainHandling.SEND_IF_SUBSCRIPTION_NOT_EXISTS,
    )
