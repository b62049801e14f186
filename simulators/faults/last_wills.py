"""What a broker publishes for a gateway whose connection is lost, and what the gateway publishes when it is back.

Native gateways have a last will on `…/status`, Sparkplug edge nodes NDEATH and, when they are back, the births without
which their data has no names. Alink tells of connections outside its device topics; the Zigbee bridges of a town
publish below one base topic, so that the will of one would be that of all; Tasmota's names a bridge that is not
registered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from domain import SECOND, Device, Instant
from simulators.models.device_behaviour import gateway_of
from simulators.wire import Message, MessageHeader, Sent, native, sparkplug

KEEP_ALIVE_S: Final = 60
NOTICED_AFTER_MS: Final = KEEP_ALIVE_S * SECOND * 3 // 2
"""A broker closes a connection after one and a half keep-alive times without a packet (MQTT 5, 3.1.2.10)."""
Outage = tuple[str, Instant, Instant]
"""A gateway, from when and until when it is down."""


def connection_messages(devices: Sequence[Device], outages: Iterable[Outage]) -> list[Sent]:
    """Last wills and returns of all outages, in order of time. One that ends before it is noticed has neither."""
    by_id = {device.id: device for device in devices}
    edges = _edges_by_gateway(devices)
    messages = [
        sent
        for gateway, start, end in outages
        if end - start > NOTICED_AFTER_MS
        for at, online in ((start + NOTICED_AFTER_MS, False), (end, True))
        for sent in _status(by_id.get(gateway), edges.get(gateway, {}), at, online)
    ]
    return sorted(messages, key=lambda sent: sent.arrives_at)


def _edges_by_gateway(devices: Sequence[Device]) -> dict[str, dict[str, list[Device]]]:
    """By gateway and edge node (`group/edge`), the Sparkplug devices behind it."""
    found: dict[str, dict[str, list[Device]]] = {}
    for device in devices:
        gateway = gateway_of(device)
        if gateway is not None and device.identities and device.identities[0].platform == "sparkplug":
            edge = device.identities[0].id.rpartition("/")[0]
            found.setdefault(gateway, {}).setdefault(edge, []).append(device)
    return found


def _status(gateway: Device | None, edges: dict[str, list[Device]], at: Instant, online: bool) -> Iterator[Sent]:
    if gateway is not None and not gateway.identities:
        yield from _sent(gateway.id, at, native.encode_status(gateway.id, online=online))
    for edge, behind in edges.items():
        if online:
            headers = [MessageHeader(one.identities[0].id, at, 0, kind=one.kind, model=one.model) for one in behind]
            yield from _sent(behind[0].id, at, sparkplug.encode_rebirth(headers))
        else:
            yield from _sent(behind[0].id, at, sparkplug.encode_death(edge, 0))


def _sent(device: str, at: Instant, messages: Iterable[Message]) -> Iterator[Sent]:
    return (Sent(at, at, device, message) for message in messages)
