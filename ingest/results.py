"""What a frame becomes: raw readings, device events and rejections of an adapter; readings, refusals, duplicates."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field

from domain import Device, Instant, Reading, RefusalReason
from ingest.definitions import DefinitionUpdate
from ingest.frame import Frame
from ingest.mappings.proposal import UnreadVerdict


class UnreadVerdictEvent(Struct, frozen=True):
    """A verdict of a safety device is not understood since `begin`, or (`is_over`) it now is."""

    device: Device
    platform: str
    verdict: UnreadVerdict
    begin: Instant
    at: Instant
    is_over: bool = False


class RawPayload(Struct, frozen=True, gc=False):
    """Bytes of a device as they were sent by radio: only a codec for its model can decode them."""

    data: bytes
    f_port: int = 0


class EntityValue(Struct, frozen=True):
    """The value of one entity in one message, by the platform's own definition of the entity.

    - `names`: what the value may be called, the best first. `device_names`: the names of the entity's device.
    - `problem`: why there is no value; `danger` then tells that it may have been a danger.
    - `two_state`: a bool is meant. `literal`: its states are called true and false, on and off, yes and no, or 1 and 0.
    """

    names: tuple[str, ...]
    value: object = None
    unit: str = ""
    two_state: bool = False
    problem: str = ""
    danger: bool = False
    device_names: tuple[str, ...] = ()
    literal: bool = False


class RawReading(Struct, frozen=True, gc=False):
    """What one message of a platform holds of one device at one time, before the device is looked up.

    - `at`, `seq`: as found (number, text or None); validation checks them.
    - `fields`: by the platform's names. With `raw`, the fields that the device's codec decodes are added.
    - `aliases`: other names of the device in the message.
    - `entity_values`: what the platform's own definitions read in the message.
    - `is_attributes`: the fields are only attributes beside a state; what is not understood of them is no loss.
    """

    platform: str
    identity: str
    at: object
    fields: dict[str, object]
    seq: object = None
    model: str | None = None
    retained: bool = False
    aliases: tuple[str, ...] = ()
    raw: RawPayload | None = None
    entity_values: tuple[EntityValue, ...] = ()
    is_attributes: bool = False


class DeviceEventKind(StrEnum):
    """What a message is about that holds no measurement."""

    LIFE = "life"
    JOIN = "join"
    STATUS = "status"
    AVAILABILITY = "availability"
    DISCOVERY = "discovery"
    REPLY = "reply"
    BRIDGE = "bridge"


class DiscoveredDevice(Struct, frozen=True):
    """A device that a platform announces, with enough to register it.

    `identities` are (platform, id) pairs, the best first: the platform that announces a device is not always the one
    that reports its values. `hints` are field names or device classes of its later messages, for guessing its kind.
    `is_withdrawn`: the announcement was deleted.
    """

    identities: tuple[tuple[str, str], ...]
    hints: tuple[str, ...] = ()
    vendor: str | None = None
    model: str | None = None
    name: str | None = None
    topics: tuple[str, ...] = ()
    is_withdrawn: bool = False


class DeviceEvent(Struct, frozen=True):
    """A message about a device or a platform that measures nothing.

    - `online`: what it proves: True (alive), False (offline) or None (nothing: a failed authentication is no sign of
      life).
    - `device`: the registered device, once the decoder has looked it up. `aliases`: its other names in the message.
    - `discovered`: devices that a discovery message announces; `definitions`: what their messages will mean.
    """

    kind: DeviceEventKind
    platform: str
    identity: str | None
    detail: str
    online: bool | None = None
    device: str | None = None
    at: Instant = 0
    aliases: tuple[str, ...] = ()
    discovered: tuple[DiscoveredDevice, ...] = ()
    definitions: DefinitionUpdate | None = None


class Rejection(Struct, frozen=True):
    """An adapter cannot read a message or an item of it. The decoder makes a Refusal of it."""

    reason: RefusalReason
    detail: str
    identity: str | None = None
    danger: bool = False
    aliases: tuple[str, ...] = ()


AdapterItem = RawReading | Rejection | DeviceEvent
"""One item of a message, as its platform's adapter reads it."""

AdapterOutput = list[AdapterItem] | DeviceEvent | Rejection
"""What an adapter makes of a message: its items, or one event or rejection of the whole message."""


class DecodedFrame(Struct, frozen=True, gc=False):
    """A frame as its platform's adapter decoded it. `platform` is that of the topic filter, None if none covers it."""

    frame: Frame
    platform: str | None
    output: AdapterOutput


class Refusal(Struct, frozen=True):
    """A message, or one value of it, that did not become a reading: with its bytes and the reason.

    - `source`: the platform, or `mqtt` when no filter covers the topic.
    - `danger`: the message holds a danger bit; the operations centre is notified.
    - `proposed_kind`: the kind that the fields suggest, for registering an unknown device.
    - `device`, `replayed`: the registered device, and whether the message was refused before and processed again. They
      are not stored in the database.
    """

    at: Instant
    source: str
    topic: str
    payload: bytes
    reason: RefusalReason
    detail: str
    platform: str | None = None
    identity: str | None = None
    danger: bool = False
    proposed_kind: str | None = None
    device: Device | None = None
    replayed: bool = False


class IngestResult(Struct):
    """What a batch of frames became. `duplicates` counts raw readings and frames that were received before.

    `unread_verdicts` are verdicts of safety devices that are not understood, or now are: for maintenance.
    """

    readings: list[Reading] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    events: list[DeviceEvent] = field(default_factory=list)
    unread_verdicts: list[UnreadVerdictEvent] = field(default_factory=list)
    duplicates: int = 0


def liveness_event(raw_reading: RawReading, device: str | None, received: Instant) -> DeviceEvent:
    """The event of a message without measurements: a sign of life, unless the broker had retained the message."""
    online = None if raw_reading.retained else True
    detail = "nothing measured"
    return DeviceEvent(
        DeviceEventKind.LIFE, raw_reading.platform, raw_reading.identity, detail, online, device, received
    )
