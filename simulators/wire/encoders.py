"""The encoders by platform, and the encoding of a town's events into messages in transit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from domain import SECOND, Device, Instant
from simulators.events import Batch, Measurement, TimedEvent
from simulators.wire import (
    HttpPush,
    Message,
    MessageHeader,
    Sent,
    alink,
    chirpstack,
    ctwing,
    hj212,
    homeassistant,
    iotda,
    jetlinks,
    native,
    setracker,
    shelly,
    sparkplug,
    tasmota,
    thingsboard,
    tts,
    wmbusmeters,
    zigbee2mqtt,
)

Encoder = Callable[[Measurement, MessageHeader], Sequence[Message | HttpPush]]
BatchEncoder = Callable[[Batch, MessageHeader], Sequence[Message | HttpPush]]

ENCODERS: Final[Mapping[str, Encoder]] = {
    "native": native.encode,
    "chirpstack": chirpstack.encode,
    "tts": tts.encode,
    "zigbee2mqtt": zigbee2mqtt.encode,
    "alink": alink.encode,
    "iotda": iotda.encode,
    "ctwing": ctwing.encode,
    "thingsboard": thingsboard.encode,
    "jetlinks": jetlinks.encode,
    "tasmota": tasmota.encode,
    "shelly": shelly.encode,
    "hj212": hj212.encode,
    "setracker": setracker.encode,
    "sparkplug": sparkplug.encode,
    "wmbusmeters": wmbusmeters.encode,
    "homeassistant": homeassistant.encode,
}
BATCH_ENCODERS: Final[Mapping[str, BatchEncoder]] = {
    "native": native.encode_batch,
    "chirpstack": chirpstack.encode_batch,
    "tts": tts.encode_batch,
    "iotda": iotda.encode_batch,
    "thingsboard": thingsboard.encode_batch,
}
"""Of platforms whose messages may carry several instants; on the others a batch is a message per entry."""
_PLATFORM_CLOCKS: Final = frozenset({"chirpstack", "tts", "ctwing"})
"""Platforms whose messages carry the time of the network server, not that of the device."""
_SEQUENCE_LIMIT: Final = 2**31


class MessageEncoder:
    """Encodes for the platform of each device, with sequence numbers that keep rising over restarts.

    A device speaks on the platform of its first identity that has an encoder, and natively without one. `counts` is the
    number of messages of each device: kept and given again, the next day's numbers continue.
    """

    def __init__(
        self,
        devices: Iterable[Device],
        start: Instant,
        device_time: Callable[[str, Instant], Instant] = lambda _, at: at,
        counts: Mapping[str, int] | None = None,
    ) -> None:
        self._devices = {device.id: device for device in devices}
        self._identities = {
            device.id: next(
                ((identity.platform, identity.id) for identity in device.identities if identity.platform in ENCODERS),
                ("native", device.id),
            )
            for device in self._devices.values()
        }
        self._device_time = device_time
        # Devices report less than once a second, so numbers that start at the current second never repeat.
        self._first_seq = start // SECOND % _SEQUENCE_LIMIT
        self.counts: dict[str, int] = dict(counts or {})

    def platform(self, device: str) -> str:
        return self._identities[device][0]

    def encode(self, measurement: Measurement, at: Instant) -> Sequence[Message | HttpPush]:
        """The messages of a measurement that is sent at an instant."""
        platform, identity = self._identities[measurement.device]
        header = self._header(measurement.device, at, 1)
        messages = ENCODERS[platform](measurement, header)
        if platform == "sparkplug":
            self.counts[_edge_node(identity)] = header.gateway_seq + len(messages)
        return messages

    def encode_batch(self, batch: Batch) -> Sequence[Message | HttpPush]:
        """The messages of a batch: one where the platform's format carries several instants."""
        encode_batch = BATCH_ENCODERS.get(self.platform(batch.device))
        if encode_batch is not None:
            return encode_batch(batch, self._header(batch.device, batch.entries[-1].at, len(batch.entries)))
        return [
            message
            for entry in batch.entries
            for message in self.encode(Measurement(batch.device, entry.values, batch.urgent), entry.at)
        ]

    def send(self, events: Iterable[TimedEvent]) -> Iterator[Sent]:
        """The messages of all measurements and batches, in the same order, before anything delays them."""
        for timed in events:
            event = timed.event
            if isinstance(event, Measurement):
                messages = self.encode(event, timed.at)
            elif isinstance(event, Batch):
                messages = self.encode_batch(event)
            else:
                continue
            for message in messages:
                yield Sent(timed.at, timed.at, event.device, message, event.urgent)

    def announcements(self, at: Instant) -> list[Message]:
        """What platforms publish before any device reports: availability and status."""
        platforms = {platform for platform, _ in self._identities.values()}
        messages = zigbee2mqtt.encode_bridge_online() if "zigbee2mqtt" in platforms else []
        for device, (platform, identity) in self._identities.items():
            if platform == "zigbee2mqtt":
                messages += zigbee2mqtt.encode_available(identity)
            elif platform == "chirpstack":
                messages += chirpstack.encode_status(device, 87.0, MessageHeader(identity, at, self._first_seq))
        return messages

    def _header(self, device: str, at: Instant, messages: int) -> MessageHeader:
        """`messages`: how many sequence numbers are used; the header has the last one."""
        before = self.counts.get(device, 0)
        self.counts[device] = before + messages
        registered = self._devices[device]
        platform, identity = self._identities[device]
        return MessageHeader(
            identity=identity,
            at=at if platform in _PLATFORM_CLOCKS else self._device_time(device, at),
            seq=self._first_seq + before + messages - 1,
            kind=registered.kind,
            model=registered.model,
            gateway=str(registered.attributes.get("gateway", "")),
            gateway_seq=self.counts.get(_edge_node(identity), 0) if platform == "sparkplug" else 0,
            is_first=before == 0,
        )


def _edge_node(identity: str) -> str:
    """`group/edge` of Sparkplug's `group/edge/device`."""
    return identity.rpartition("/")[0]
