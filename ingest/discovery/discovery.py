"""What platforms announced in discovery messages, and how that changes the meaning of their other messages.

Keeps definitions, hints about devices that are not registered yet, and for a while the last message of each topic that
is not defined yet: retained messages come in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

from msgspec.structs import replace

from domain import MINUTE, Instant, RefusalReason
from ingest.adapters import platform_for_topic
from ingest.adapters.homeassistant import PLATFORM
from ingest.definitions import Definitions, DefinitionsState
from ingest.discovery.defined_fields import usual_meaning
from ingest.discovery.defined_topics import STATELESS, cleared_state, complete, read_defined
from ingest.discovery.hints import DiscoveryHints, HintsState
from ingest.frame import Frame
from ingest.mappings.mapping import EXACT_PLATFORMS
from ingest.mappings.repeats import RepeatFilter
from ingest.results import AdapterItem, DecodedFrame, DeviceEvent, RawReading, Rejection
from ingest.templates.evaluation import parse_cached

EARLY_MAX: Final = 2_000
EARLY_BYTES_MAX: Final = 2_048
"""Messages kept that came before their definition, and the longest payload that is kept."""

EARLY_WINDOW_MS: Final = MINUTE
"""A message that is not retained is read again by a definition that comes within this time."""

BARE_PLATFORM: Final = "esphome"
"""A platform whose messages are bare values: only a definition gives them a meaning."""

EVENT_COMPONENTS: Final = ("event", "trigger")
"""Components whose messages happen once: what was read when it came is not read again."""


class DeviceLookup(Protocol):
    """The registry and the kinds, as far as discovery needs them (ingest/decoding/decoder.py)."""

    urgent_kinds: frozenset[str]

    def is_registered(self, platform: str, identity: str) -> bool: ...

    def guess_kind(self, platform: str, names: Iterable[str]) -> str | None: ...


class Discovery:
    """Definitions, hints and early messages. `platform_by_filter` gives the platform whose filter covers a topic."""

    def __init__(
        self,
        hints: HintsState = [],  # noqa: B006 (only read)
        definitions: DefinitionsState | None = None,
        platform_by_filter: Callable[[str], str | None] = platform_for_topic,
    ) -> None:
        self.platform_by_filter = platform_by_filter
        self.hints = DiscoveryHints(hints)
        self.definitions = Definitions(definitions)
        self._early: dict[str, Frame] = {}

    def platform_of(self, decoded: DecodedFrame) -> str | None:
        """The platform of a frame: by the filter that covers its topic, else by the definitions of the topic."""
        return decoded.platform or (PLATFORM if self.definitions.for_topic(decoded.frame.topic) else None)

    def read(self, decoded: DecodedFrame) -> DecodedFrame:
        """The frame as the definitions of its topic explain it. Changes no state."""
        frame, output, platform = decoded.frame, decoded.output, decoded.platform
        entities = self.definitions.for_topic(frame.topic)
        if not entities or frame.size is not None:
            return decoded
        if not frame.payload:
            return replace(decoded, output=cleared_state(entities[0])) if platform is None else decoded
        read = read_defined if platform in (None, PLATFORM) else complete
        return replace(decoded, output=read(entities, frame, output))

    def apply(
        self,
        decoded: DecodedFrame,
        read: Callable[[Frame], DecodedFrame],
        devices: DeviceLookup,
        repeats: RepeatFilter,
    ) -> DecodedFrame:
        """Take over the definitions of a discovery message, and read again the messages that came before them.

        What prevents a device from being received or understood is refused by name, once a day, for registered devices
        and for those of urgent kinds.
        """
        event, now = decoded.output, decoded.frame.received
        if not isinstance(event, DeviceEvent):
            self._keep_early(decoded)
            return decoded
        if not event.discovered and event.definitions is None:
            return decoded
        obstacles = self.obstacles(event)
        items: list[AdapterItem] = [event]
        if obstacles:
            items = [replace(event, detail="; ".join([event.detail, *obstacles])[:400])]
            for obstacle in obstacles if _is_relevant(event, devices) else ():
                if repeats.is_new(event.identity or "", obstacle, now):
                    items.append(Rejection(RefusalReason.NO_CODEC, obstacle, event.identity, aliases=event.aliases))
        for early in self.register(event, now):
            again = read(early)
            items += again.output if isinstance(again.output, list) and not _was_already_read(again) else ()
        return replace(decoded, output=items)

    def _keep_early(self, decoded: DecodedFrame) -> None:
        """Remember a message that a later definition may explain."""
        frame, items = decoded.frame, decoded.output
        first = items[0] if isinstance(items, list) and items else None
        is_understood = (
            type(first) is RawReading and not frame.retain and first.platform not in (PLATFORM, BARE_PLATFORM)
        )
        if is_understood or len(frame.payload) > EARLY_BYTES_MAX or not frame.payload:
            return
        if self.definitions.for_topic(frame.topic):
            return
        if decoded.platform in EXACT_PLATFORMS or frame.topic.endswith("/config"):
            return
        self._early.pop(frame.topic, None)
        self._early[frame.topic] = frame
        if len(self._early) > EARLY_MAX:
            del self._early[next(iter(self._early))]

    def register(self, event: DeviceEvent, now: Instant) -> list[Frame]:
        """Store hints and definitions. Returns the early messages that they explain, as retained ones of this time."""
        self.hints.update(event.discovered)
        if event.definitions is None:
            return []
        self.definitions.apply(event.definitions)
        entities = (entity for entity in event.definitions.entities if entity.component not in EVENT_COMPONENTS)
        waiting = [self._early.pop(entity.topic, None) for entity in entities]
        return [
            replace(frame, retain=True, received=now)
            for frame in waiting
            if frame is not None and (frame.retain or now - frame.received <= EARLY_WINDOW_MS)
        ]

    def obstacles(self, event: DeviceEvent) -> list[str]:
        """What prevents messages of the announced devices from being received or read, and what to do about it."""
        entities = event.definitions.entities if event.definitions else ()
        states = [entity.topic for entity in entities if entity.component not in STATELESS]
        topics = dict.fromkeys([*(topic for device in event.discovered for topic in device.topics), *states])
        uncovered = [topic for topic in topics if self.platform_by_filter(topic) is None]
        obstacles = [missing_filter(uncovered)] if uncovered else []
        for entity in entities:
            template = parse_cached(entity.template) if entity.template and entity.component else None
            if isinstance(template, str):
                name = entity.device_class or entity.field or entity.component
                obstacles.append(f"the value_template of {name[:40]} is not understood: {template}")
        return list(dict.fromkeys(obstacles))


def _was_already_read(again: DecodedFrame) -> bool:
    """Whether the usual meaning of the payload, by which it was read when it came, is the defined one."""
    usual = usual_meaning(again.frame.payload)
    items = again.output if isinstance(again.output, list) else []
    defined = [value.value for item in items if type(item) is RawReading for value in item.entity_values]
    return again.platform is not None and usual is not None and defined == [usual]


def _is_relevant(event: DeviceEvent, devices: DeviceLookup) -> bool:
    """Whether the event is about a registered device, or about a device of an urgent kind that may be registered."""
    names = (event.identity or "", *event.aliases)
    if any(devices.is_registered(event.platform, name) for name in names):
        return True
    hints = [hint for device in event.discovered for hint in device.hints]
    return devices.guess_kind(event.platform, hints) in devices.urgent_kinds


def missing_filter(topics: Sequence[str]) -> str:
    """What to add to the filters of the site (ingest/routing/routes.py) to receive these topics.

    >>> missing_filter(["zw/k/smoke"])
    'no filter covers its topic zw/k/smoke: write `intake: {filters: {homeassistant: [homeassistant/#, zw/#]}}`'
    """
    first = topics[0][:120]
    more = f" (and {len(topics) - 1} more)" if len(topics) > 1 else ""
    filters = f"homeassistant: [homeassistant/#, {first.partition('/')[0]}/#]"
    return f"no filter covers its topic {first}{more}: write `intake: {{filters: {{{filters}}}}}`"
