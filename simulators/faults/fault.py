"""The ports of a fault: of measurements, of a device's clock, of messages; and what faults need to know of a device."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from domain import Instant, Value
from domain.places import self_and_ancestors
from simulators.events import Measurement
from simulators.models.device_behaviour import behaviour_of, gateway_of
from simulators.town.town import Town
from simulators.wire import Sent


class DeviceFacts(Struct, frozen=True):
    """A device as faults see it. `gateway` and `building` are empty when it has none."""

    id: str
    kind: str
    platform: str
    gateway: str = ""
    building: str = ""
    is_mains_powered: bool = False


def device_facts(town: Town) -> dict[str, DeviceFacts]:
    """What faults need to know of each device of a town."""
    places = {place.id: place for place in town.places}
    buildings: dict[str | None, str] = {}
    facts = {}
    for device in town.devices:
        if device.place not in buildings:
            above = self_and_ancestors(places, device.place)
            buildings[device.place] = next((place.id for place in above if place.level == "building"), "")
        facts[device.id] = DeviceFacts(
            id=device.id,
            kind=device.kind,
            platform=device.identities[0].platform if device.identities else "native",
            gateway=gateway_of(device) or "",
            building=buildings[device.place],
            is_mains_powered=behaviour_of(device).on_mains,
        )
    return facts


class Change(StrEnum):
    """How a fault may change what people are notified of."""

    LATER = "later"
    EARLIER = "earlier"
    MISSED = "missed"
    """An incident of which nobody is notified, or too late."""
    NOTIFIED = "notified"
    """An incident of which nobody would have been notified, or too late."""
    MORE_FALSE = "more_false"
    FEWER_FALSE = "fewer_false"


class Effect(Struct, frozen=True):
    """The time in which a fault acts on a device, or on messages of it that are sent in that time."""

    fault: str
    device: str
    start: Instant
    end: Instant


class MeasurementFault(Protocol):
    """Acts on what a device measures, before encoding. Returns the same values unchanged, others, or None when the
    device sends nothing."""

    def measure(self, device: DeviceFacts, at: Instant, values: Mapping[str, Value]) -> Mapping[str, Value] | None: ...

    def effects(self, device: DeviceFacts, start: Instant, end: Instant) -> Iterator[Effect]:
        """When it acts on the device, between two instants."""
        ...


class HasMemory(Protocol):
    """A fault whose next result depends on earlier measurements; its memory is carried from day to day."""

    memory: dict[str, dict[str, Value]]


class ClockFault(Protocol):
    """Acts on a device's clock."""

    def offset_ms(self, device: DeviceFacts, at: Instant) -> int:
        """What the device's clock shows minus the true time."""
        ...

    def effects(self, device: DeviceFacts, start: Instant, end: Instant) -> Iterator[Effect]: ...


class MessageFault(Protocol):
    """Acts on an encoded message: the messages that come of it, none when it is lost.

    A message is never made to arrive before it was sent, nor later than by `longest_ms`.
    """

    longest_ms: float

    def transmit(self, device: DeviceFacts, sent: Sent) -> Sequence[Sent]: ...

    def may_act(self, device: DeviceFacts, start: Instant, end: Instant) -> bool:
        """False when it certainly does not act on the device between two instants."""
        ...

    def effects(self, device: DeviceFacts, start: Instant, end: Instant) -> Iterator[Effect]: ...


class AddedMeasurement(Struct, frozen=True):
    """A measurement that a fault causes: a detector reports that its supply is lost."""

    at: Instant
    measurement: Measurement


class AddingFault(Protocol):
    """Makes devices report what they would not have reported."""

    def additions(self, devices: Mapping[str, DeviceFacts], start: Instant, end: Instant) -> list[AddedMeasurement]:
        """All measurements that it adds between two instants."""
        ...

    def effects(self, device: DeviceFacts, start: Instant, end: Instant) -> Iterator[Effect]: ...
