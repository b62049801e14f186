"""Which devices publish on a broker, what of their messages is understood, and what not: for `fengshao devices doctor`.

Decodes captured frames with the site's registry, kinds and mappings, and with the topic filters that the site lacks.
Nothing is stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from domain import Device, Identity, Reading, RefusalReason
from domain.identities import canonical
from ingest.adapters.sparkplug.state import SparkplugState
from ingest.decoding.decoder import Decoder
from ingest.frame import Frame
from ingest.mappings.value_shapes import flatten
from ingest.results import AdapterItem, DeviceEvent, DiscoveredDevice, RawReading, Refusal, Rejection
from ingest.routing.platform_guesses import PlatformGuess, guess_platform, zigbee_bridge_bases
from ingest.routing.routes import Filters, Routes
from ingest.topics import filter_covers, filter_matches

SENDERS_MAX: Final = 500
TOPICS_MAX: Final = 50
"""Per sender; messages on further topics are counted under the last one."""
FIELDS_MAX: Final = 200
VALUE_SHOWN_MAX: Final = 60

REGISTERED: Final = ""
NATIVE: Final = "native"
Key = tuple[str | None, str | None]
"""Platform and identity of a sender; `REGISTERED, id` for a registered device; `None, level` for a topic that no filter
covers, by its first level."""

BuildDecoder = Callable[[Filters, Sequence[Device]], Decoder]
"""A new decoder with these topic filters and these registered devices."""


class UnreadField(Struct):
    """A field that was not understood, and how often. `field` is empty where a whole message was not understood."""

    field: str
    value: str
    reason: str
    detail: str
    danger: bool = False
    times: int = 1


class Sender(Struct):
    """A device, or another source of messages.

    `missing` are topic filters that the site lacks. A `proposed` one is not registered, but its kind could be guessed.
    `guessed` is the platform of messages that no filter of a site could cover.
    """

    platform: str | None
    identity: str | None
    device: Device | None = None
    proposed: bool = False
    guessed: str | None = None
    missing: tuple[str, ...] = ()
    topics: Counter[str] = field(default_factory=Counter)
    messages: int = 0
    retained: int = 0
    readings: int = 0
    last_reading: Reading | None = None
    events: Counter[str] = field(default_factory=Counter)
    online: bool | None = None
    fields: dict[str, object] = field(default_factory=dict)
    names: dict[str, None] = field(default_factory=dict)
    model: str | None = None
    discovered: DiscoveredDevice | None = None
    unread: dict[tuple[str, str], UnreadField] = field(default_factory=dict)


class Diagnosis(Struct):
    """The result. `filters` are those that the site lacks, by platform; `discovered` counts announced devices.

    `other_messages` are those of senders beyond SENDERS_MAX.
    """

    senders: list[Sender]
    filters: dict[str, list[str]]
    discovered: int = 0
    other_messages: int = 0


def diagnose(frames: Sequence[Frame], build: BuildDecoder, filters: Filters, devices: Sequence[Device]) -> Diagnosis:
    """Decode the frames in their order; a second time with the devices registered whose kind can be guessed."""
    routes = Routes(filters)
    missing = _missing_filters(frames, routes)
    all_filters = {name: [*routes.filters[name], *missing.get(name, ())] for name in routes.filters}
    last_pass = _Pass(build(all_filters, devices), routes, devices)
    last_pass.run(frames)
    proposed = [device for sender in last_pass.unregistered() if (device := last_pass.proposal(sender)) is not None]
    if proposed:
        known = [*devices, *proposed]
        first_pass, last_pass = last_pass, _Pass(build(all_filters, known), routes, known)
        last_pass.run(frames)
        last_pass.unregister(proposed, first_pass)
    discovered = len(set(last_pass.discovered.values()))
    return Diagnosis(list(last_pass.senders.values()), missing, discovered, last_pass.other_messages)


def _missing_filters(frames: Sequence[Frame], routes: Routes) -> dict[str, list[str]]:
    """By platform, the filters that would cover the topics which the site's filters do not cover."""
    payloads = {frame.topic: frame.payload for frame in frames if frame.payload}
    uncovered = {topic: payload for topic, payload in payloads.items() if not _is_subscribed(routes, topic)}
    bases = zigbee_bridge_bases(uncovered)
    missing: dict[str, dict[str, None]] = {}
    for topic, payload in uncovered.items():
        guess = _default_route(routes, topic) or guess_platform(topic, payload, bases)
        if guess is not None:
            missing.setdefault(guess.platform, {}).update(dict.fromkeys(guess.filters))
    return {platform: _widest(patterns) for platform, patterns in missing.items() if patterns}


def _widest(patterns: Iterable[str]) -> list[str]:
    """The filters that no other of them covers."""
    patterns = list(patterns)
    return [
        pattern
        for pattern in patterns
        if not any(other != pattern and filter_covers(other, pattern) for other in patterns)
    ]


def _is_subscribed(routes: Routes, topic: str) -> bool:
    return any(filter_matches(pattern, topic) for pattern in routes.subscriptions)


def _default_route(routes: Routes, topic: str) -> PlatformGuess | None:
    """A default filter that the site's own filters replace."""
    route = routes.route_of(topic)
    return None if route is None else PlatformGuess(route.platform, (route.pattern,))


class _Pass:
    """One pass over the frames."""

    def __init__(self, decoder: Decoder, routes: Routes, devices: Iterable[Device]) -> None:
        self.senders: dict[Key, Sender] = {}
        self.discovered: dict[tuple[str, str], DiscoveredDevice] = {}
        self.other_messages = 0
        self._decoder, self._site_routes, self._sparkplug = decoder, routes, SparkplugState()
        self._devices = {device.id: device for device in devices}

    def run(self, frames: Iterable[Frame]) -> None:
        for frame in frames:
            self._process(frame)
        for sender in self.senders.values():
            names = [(sender.platform or "", name) for name in sender.names]
            sender.discovered = next((self.discovered[name] for name in names if name in self.discovered), None)

    def _process(self, frame: Frame) -> None:
        senders = dict[Key, Sender]()
        output = self._decoder.routes.decode(frame, self._sparkplug).output if frame.size is None else []
        for item in output if isinstance(output, list) else [output]:
            if not isinstance(item, Rejection) or item.identity is not None:
                self._add_item(item, frame, senders)
        self._decoder.unmapped_fields.clear()
        result = self._decoder.decode([frame])
        self._add_unmapped(senders.values())
        for reading in result.readings:
            self._add_reading(reading, frame, senders)
        for refusal in result.refusals:
            self._add_refusal(refusal, frame, senders)
        for event in result.events:
            self._add_event(event, frame, senders)
        for sender in senders.values():
            sender.messages += 1
            sender.retained += frame.retain
            topics = sender.topics
            topics[frame.topic if frame.topic in topics or len(topics) < TOPICS_MAX else next(reversed(topics))] += 1

    def _add_unmapped(self, senders: Iterable[Sender]) -> None:
        """The fields of this message's devices that the decoder counted as unmapped."""
        for _, kind, name in self._decoder.unmapped_fields:
            of_kind = [sender for sender in senders if sender.device is not None and sender.device.kind == kind]
            for sender in of_kind:
                value = dict(flatten(sender.fields)).get(name, "")
                self._add_unread(sender, UnreadField(name, str(value)[:VALUE_SHOWN_MAX], "unmapped", ""))

    def _sender(self, key: Key, platform: str | None, frame: Frame, senders: dict[Key, Sender]) -> Sender | None:
        if key not in self.senders and len(self.senders) >= SENDERS_MAX:
            self.other_messages += 1
            return None
        sender = self.senders.get(key) or self.senders.setdefault(key, self._new(key, platform, frame))
        sender.platform = sender.platform or platform
        if not _is_subscribed(self._site_routes, frame.topic):
            route = self._decoder.routes.route_of(frame.topic)
            if route is not None and route.pattern not in sender.missing:
                sender.missing += (route.pattern,)
        senders[key] = sender
        return sender

    def _new(self, key: Key, platform: str | None, frame: Frame) -> Sender:
        if key[0] == REGISTERED:
            device = self._devices[key[1] or ""]
            first = next((identity.platform for identity in device.identities), NATIVE)
            return Sender(platform or self._decoder.routes.platform_of(frame.topic) or first, key[1], device)
        guess = guess_platform(frame.topic, frame.payload) if key[0] is None else None
        return Sender(platform, key[1], guessed=None if guess is None else guess.platform)

    def _key(self, platform: str | None, identity: str | None, device: Device | None, frame: Frame) -> Key:
        if device is not None:
            return REGISTERED, device.id
        if platform is None:
            return None, frame.topic.partition("/")[0]
        return platform, None if identity is None else canonical(platform, identity)

    def _add_item(self, item: AdapterItem, frame: Frame, senders: dict[Key, Sender]) -> None:
        """The names, the model and the fields of a sender, as its platform's adapter reads them."""
        platform = self._decoder.routes.platform_of(frame.topic) if isinstance(item, Rejection) else item.platform
        device = None
        if item.identity:
            device = self._decoder.device_index.find(platform or "", item.identity, item.aliases)
        sender = self._sender(self._key(platform, item.identity, device, frame), platform, frame, senders)
        if sender is None:
            return
        if device is not None and item.identity is not None:
            sender.identity = item.identity
        sender.names.update(dict.fromkeys(name for name in (item.identity, *item.aliases) if name))
        if isinstance(item, RawReading):
            sender.model = sender.model or item.model
            if len(sender.fields) < FIELDS_MAX:
                sender.fields.update(item.fields)

    def _add_reading(self, reading: Reading, frame: Frame, senders: dict[Key, Sender]) -> None:
        sender = self._sender((REGISTERED, reading.device), None, frame, senders)
        if sender is not None:
            sender.readings += 1
            last = sender.last_reading or reading
            qualities = {name: quality for name, quality in last.doubts.items() if name not in reading.values}
            sender.last_reading = replace(
                reading, values={**last.values, **reading.values}, doubts={**qualities, **reading.doubts}
            )

    def _add_refusal(self, refusal: Refusal, frame: Frame, senders: dict[Key, Sender]) -> None:
        key = self._key(refusal.platform, refusal.identity, refusal.device, frame)
        sender = self._sender(key, refusal.platform, frame, senders)
        if sender is not None and refusal.reason is not RefusalReason.UNKNOWN_DEVICE:
            self._add_unread(sender, UnreadField("", "", refusal.reason.value, refusal.detail, refusal.danger))

    def _add_event(self, event: DeviceEvent, frame: Frame, senders: dict[Key, Sender]) -> None:
        for device in event.discovered:
            self.discovered.update(dict.fromkeys(device.identities, device))
        key: Key = (
            (REGISTERED, event.device) if event.device else self._key(event.platform, event.identity, None, frame)
        )
        sender = self._sender(key, event.platform, frame, senders)
        if sender is not None:
            sender.events[event.kind.value] += 1
            sender.online = event.online if event.online is not None else sender.online

    def _add_unread(self, sender: Sender, unread: UnreadField) -> None:
        key = (unread.field, unread.detail or unread.reason)
        known = sender.unread.get(key)
        if known is not None:
            known.times, known.value = known.times + 1, unread.value
        elif len(sender.unread) < FIELDS_MAX:
            sender.unread[key] = unread

    # -- unregistered devices ---------------------------------------------------------------------------------------

    def unregistered(self) -> list[Sender]:
        """Senders with an identity that is not registered, and with fields that may be measurements."""
        named = (sender for sender in self.senders.values() if sender.platform and sender.identity)
        return [sender for sender in named if sender.device is None and sender.fields]

    def proposal(self, sender: Sender) -> Device | None:
        """The registration that the sender's fields, or else its discovery message, suggest."""
        platform, about = sender.platform, sender.discovered
        kind = self._decoder.guess_kind(platform or "", sender.fields)
        kind = kind or self._decoder.guess_kind(platform or "", about.hints if about is not None else ())
        if kind is None or platform is None or sender.identity is None:
            return None
        model = sender.model or (about.model if about is not None else None)
        if platform == NATIVE:
            return Device(sender.identity, kind, model)
        identity = Identity(platform, sender.identity)
        return Device(f"{platform}:{sender.identity}", kind, model, identities=(identity,))

    def unregister(self, proposed: Sequence[Device], first_pass: _Pass) -> None:
        """Show devices that were registered for the second pass as not registered; what was guessed of them stays."""
        ids = {device.id for device in proposed}
        for sender in self.senders.values():
            if sender.device is not None and sender.device.id in ids:
                sender.proposed = True
                platform, identity = sender.platform or "", sender.identity or ""
                known = first_pass.senders.get((sender.platform, canonical(platform, identity)))
                sender.discovered = sender.discovered or (known.discovered if known is not None else None)
