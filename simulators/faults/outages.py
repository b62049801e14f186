"""Outages of a device's connection, of a gateway and of the broker: what is sent meanwhile waits or is lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from domain import SECOND, Instant
from simulators.faults.draws import draw
from simulators.faults.fault import DeviceFacts
from simulators.faults.windows import Window, WindowFault, Windows
from simulators.wire import Message, Sent

_STORE_AND_FORWARD: Final = frozenset(
    {"native", "alink", "iotda", "jetlinks", "thingsboard", "hj212", "sparkplug", "ctwing"}
)
"""Platforms whose devices or networks keep messages during an outage and send them afterwards with their own time.
Radio devices (LoRaWAN, Zigbee, wM-Bus) and Shelly send once, and what is not received is lost."""
_ALL_CLIENTS: Final = "broker"


def _wait(sent: Sent, until: Instant, spread_ms: float, key: str) -> Sent:
    """The message arrives after the outage: a device sends its backlog at once and in order, devices within a while."""
    return msgspec.structs.replace(sent, arrives_at=until + int(draw(key, sent.device, until) * spread_ms))


class DeviceOffline(WindowFault):
    """A device loses its connection; what it measured meanwhile arrives together afterwards, where it is kept."""

    def __init__(self, seed: int, share: float, shortest_s: float, longest_s: float) -> None:
        windows = Windows(f"{seed}/device_offline", share, int(shortest_s * SECOND), int(longest_s * SECOND))
        super().__init__("device_offline", windows)

    def transmit(self, device: DeviceFacts, sent: Sent) -> Sequence[Sent]:
        window = self.active(device, sent.arrives_at)
        if window is None:
            return (sent,)
        if device.platform not in _STORE_AND_FORWARD:
            return ()
        return (msgspec.structs.replace(sent, arrives_at=window.end),)


class GatewayDown(WindowFault):
    """A gateway fails: messages of the devices behind it wait in it where it keeps them, else they are lost."""

    def __init__(self, seed: int, share: float, shortest_s: float, longest_s: float, spread_s: float) -> None:
        windows = Windows(f"{seed}/gateway_down", share, int(shortest_s * SECOND), int(longest_s * SECOND))
        super().__init__("gateway_down", windows, spread_s * SECOND)
        self._key = f"{seed}/gateway_down"

    def subject(self, device: DeviceFacts) -> str:
        """The gateway of the device; a gateway's own messages stop as well."""
        return device.id if device.kind == "gateway" else device.gateway

    def windows_of(self, gateway: str, start: Instant, end: Instant) -> Iterator[Window]:
        """When this gateway is down, as far as it overlaps the time between two instants."""
        return self._windows.within(gateway, start, end)

    def transmit(self, device: DeviceFacts, sent: Sent) -> Sequence[Sent]:
        window = self.active(device, sent.arrives_at)
        if window is None:
            return (sent,)
        if device.kind == "gateway" or device.platform not in _STORE_AND_FORWARD:
            return ()
        return (_wait(sent, window.end, self._spread_ms, self._key),)


class BrokerDown(WindowFault):
    """The broker cannot be reached: clients keep QoS 1 messages and send them afterwards; QoS 0 messages are lost.

    Pushes over HTTP do not pass the broker.
    """

    def __init__(self, seed: int, share: float, shortest_s: float, longest_s: float, spread_s: float) -> None:
        windows = Windows(f"{seed}/broker_down", share, int(shortest_s * SECOND), int(longest_s * SECOND))
        super().__init__("broker_down", windows, spread_s * SECOND)
        self._key = f"{seed}/broker_down"

    def subject(self, _device: DeviceFacts) -> str:
        """One broker for all."""
        return _ALL_CLIENTS

    def is_down(self, at: Instant) -> bool:
        return self._windows.active(_ALL_CLIENTS, at) is not None

    def transmit(self, device: DeviceFacts, sent: Sent) -> Sequence[Sent]:
        if not isinstance(sent.message, Message):
            return (sent,)
        window = self.active(device, sent.arrives_at)
        if window is None:
            return (sent,)
        if sent.message.qos == 0:
            return ()
        return (_wait(sent, window.end, self._spread_ms, self._key),)
