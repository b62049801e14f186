"""What becomes of a frame: draft readings, a note, a refusal or a duplicate. It knows no platform and no device."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field

from domain import Device, Instant, Reading, Reason
from ingest.definitions import DefinitionUpdate
from ingest.frame import Frame
from ingest.mappings.proposal import UnreadVerdict


class UnreadVerdictEvent(Struct, frozen=True):
    """What is to be told of one field: that it is not understood, or (`over`) that it now is. Said since `begin`."""

    device: Device
    platform: str
    verdict: UnreadVerdict
    begin: Instant
    at: Instant
    is_over: bool = False


class RawPayload(Struct, frozen=True, gc=False):
    """A device's bytes as they were on the radio: only a codec for its model can say what they mean."""

    data: bytes
    f_port: int = 0


class EntityValue(Struct, frozen=True):
    """What one entity that a platform defined says in one message.

    `names` are what the value may be called, the best first. `problem` says why there is no value; then `danger`: it
    may have been one. `two_state`: a bool is meant; `literal`: it is called true
    and false. `owner`: the names of its device.
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
    """What one platform message says about one device at one instant, before we know the device.

    `at` and `seq` are as found (number, text or nothing): the gate judges them. `fields` have the platform's names.
    `also` are other names the message gives the device. With `raw`, what the device's codec makes of it joins `fields`.
    `told` is what the platform's own definitions make of the message; `beside`: `fields` are only attributes, of which
    what is not understood is no loss.
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
    """Why a message that is no reading is none."""

    LIFE = "life"
    JOIN = "join"
    STATUS = "status"
    AVAILABILITY = "availability"
    DISCOVERY = "discovery"
    REPLY = "reply"
    BRIDGE = "bridge"


class DiscoveredDevice(Struct, frozen=True):
    """A device that a platform describes before we know it: enough to claim it.

    `identities` are (platform, id) pairs, the best first: who describes a device is not always who reports it. `hints`
    are the field names or device classes it will speak of, for guessing its kind; `gone` withdraws what was described.
    """

    identities: tuple[tuple[str, str], ...]
    hints: tuple[str, ...] = ()
    vendor: str | None = None
    model: str | None = None
    name: str | None = None
    topics: tuple[str, ...] = ()
    is_withdrawn: bool = False


class DeviceEvent(Struct, frozen=True):
    """A message that says something about a device or a platform, but measures nothing.

    `online` is what it proves: True (it lives), False (it is gone) or None (nothing; a failed authentication is no
    sign of life). `device` is our id once the listener knows it. `also` are other names the message gives the device,
    `proposals` the devices that a discovery describes, `defines` what their messages will mean.
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
    """An adapter says no. The listener makes it a Refusal."""

    reason: Reason
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
    """A message, or one value of it, that did not become a reading: with its bytes and its reason.

    `source` is the platform, or `mqtt` when none claims the topic. `danger` marks a message that bears a danger bit:
    people are told. `proposed_kind` is what the fields look like, for claiming an unknown device. Not kept in the
    ledger: the registered `device` that said it, and whether the message was `replayed` (its refusal is kept already).
    """

    at: Instant
    source: str
    topic: str
    payload: bytes
    reason: Reason
    detail: str
    platform: str | None = None
    identity: str | None = None
    danger: bool = False
    proposed_kind: str | None = None
    device: Device | None = None
    replayed: bool = False


class IngestResult(Struct):
    """What a run of frames became. `duplicates` counts drafts and frames that were heard before.

    `unread` are the verdicts of safety devices that nobody understood, and those that now are: told to maintenance.
    """

    readings: list[Reading] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    events: list[DeviceEvent] = field(default_factory=list)
    unread_verdicts: list[UnreadVerdictEvent] = field(default_factory=list)
    duplicates: int = 0


def liveness_event(draft: RawReading, device: str | None, received: Instant) -> DeviceEvent:
    """A sign of life, unless the broker kept it."""
    online = None if draft.retained else True
    return DeviceEvent(
        DeviceEventKind.LIFE, draft.platform, draft.identity, "nothing measured", online, device, received
    )
