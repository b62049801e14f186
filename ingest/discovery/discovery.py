"""Everything that platforms described before they spoke, and how it changes what their messages say.

A message on a topic that somebody defined is read by that definition: together with its platform's own adapter where it
has one, alone where no platform of ours publishes on the topic. It remembers definitions, hints, and for a while the
last message of topics that nobody has defined yet: retained messages come in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Protocol

from msgspec.structs import replace

from domain import MINUTE, Instant, Reason
from ingest.adapters import Decoded, Said, platform_for_topic
from ingest.adapters.homeassistant import PLATFORM
from ingest.definitions import ATTRIBUTES, AVAILABILITY, Definition, Definitions
from ingest.definitions import Saved as SavedDefinitions
from ingest.discovery.defined_fields import Paths, text_and_json, told, usual, without
from ingest.discovery.hints import Described, Saved
from ingest.formats.json_payload import read_scalar
from ingest.formats.timed_fields import flatten
from ingest.frame import Frame
from ingest.mappings.mapping import EXACT
from ingest.mappings.repeats import News
from ingest.results import Draft, Note, NoteKind, Rejected, Told
from ingest.templates.evaluation import understood
from ingest.templates.functions import ABSENT

EARLY_MAX: Final = 2_000
EARLY_BYTES: Final = 2_048
"""Messages kept that came before their definition, and how long one may be."""

BARE: Final = "esphome"
"""A platform whose own messages say no word of what a value means."""

EVENTS: Final = ("event", "trigger")
"""Components whose messages happen once: what was read when it came is not read again."""

EARLY_FOR: Final = MINUTE
"""A message that is not retained is read again by a definition that comes within this time."""


class Asked(Protocol):
    """Who knows what is registered, and what a device looks like."""

    urgent_kinds: frozenset[str]

    def is_registered(self, platform: str, identity: str) -> bool: ...

    def kind_like(self, platform: str, names: Iterable[str]) -> str | None: ...


class Discovered:
    """Definitions and hints, and messages that may have come before them. `heard_on`: whose filter covers a topic."""

    def __init__(
        self,
        described: Saved = [],  # noqa: B006 (only read)
        definitions: SavedDefinitions | None = None,
        heard_on: Callable[[str], str | None] = platform_for_topic,
    ) -> None:
        self.heard_on = heard_on
        self.described = Described(described)
        self.definitions = Definitions(definitions)
        self._early: dict[str, Frame] = {}

    def platform_of(self, topic: str) -> str | None:
        """The platform that publishes on this topic, as far as filters or definitions tell."""
        return self.heard_on(topic) or (PLATFORM if self.definitions.of(topic) else None)

    def read(self, frame: Frame, decoded: Decoded) -> Decoded:
        """What a frame says with what is defined about its topic. Nothing is remembered."""
        entities = self.definitions.of(frame.topic)
        if not entities or frame.size is not None:
            return decoded
        if not frame.payload:
            names = entities[0].names
            cleared = Note(NoteKind.STATUS, PLATFORM, names[0], "a retained state was cleared", also=names[1:])
            return cleared if self.heard_on(frame.topic) is None else decoded
        beside = _beside(entities, frame) if self.heard_on(frame.topic) in (None, PLATFORM) else None
        if beside is not None:
            return beside
        platform = self.heard_on(frame.topic)
        states = [each for each in entities if each.component not in (AVAILABILITY, ATTRIBUTES)]
        own = platform not in (None, PLATFORM)
        if own and isinstance(decoded, list):
            return [_with_told(each, states, frame) if type(each) is Draft else each for each in decoded]
        if own and isinstance(decoded, Note):
            return decoded
        named = decoded if isinstance(decoded, list) and frame.topic.startswith(f"{PLATFORM}/") else []
        also = [name for each in named for name in _names(each)]
        return list(_by_definition(states, frame, also))

    def keep_early(self, frame: Frame) -> None:
        """Remember a message that a definition may explain later."""
        if len(frame.payload) > EARLY_BYTES or not frame.payload or self.definitions.of(frame.topic):
            return
        if self.heard_on(frame.topic) in EXACT or frame.topic.endswith("/config"):
            return
        self._early.pop(frame.topic, None)
        self._early[frame.topic] = frame
        if len(self._early) > EARLY_MAX:
            del self._early[next(iter(self._early))]

    def take_up(
        self, decoded: Decoded, frame: Frame, read: Callable[[Frame], Decoded], asked: Asked, news: News
    ) -> Decoded:
        """What a frame says, and what a description in it changes: what waited for it is read again.

        What keeps a device from being heard or understood is told once a day, of each that is ours or may become so.
        """
        if not isinstance(decoded, Note):
            first = decoded[0] if isinstance(decoded, list) and decoded else None
            if type(first) is not Draft or frame.retain or first.platform in (PLATFORM, BARE):
                self.keep_early(frame)
            return decoded
        if not decoded.proposals and decoded.defines is None:
            return decoded
        why, now = self.obstacles(decoded), frame.received
        said: list[Said] = [replace(decoded, detail="; ".join([decoded.detail, *why])[:400]) if why else decoded]
        for each in why if why and _is_ours(decoded, asked) else ():
            if news.is_news(decoded.identity or "", each, now):
                said.append(Rejected(Reason.NO_CODEC, each, decoded.identity, also=decoded.also))
        for early in self.learn(decoded, now):
            again = read(early)
            said += again if isinstance(again, list) and not self._was_read_so(early, again) else ()
        return said

    def _was_read_so(self, early: Frame, again: Sequence[Said]) -> bool:
        """Whether the usual meaning of its word, by which it was read when it came, is the defined one."""
        word = usual(early.payload)
        told = [one.value for each in again if type(each) is Draft for one in each.told]
        return self.heard_on(early.topic) is not None and word is not None and told == [word]

    def learn(self, note: Note, now: Instant) -> list[Frame]:
        """Take note of what a message describes; those that waited for it are to be read again, as retained ones."""
        self.described.learn(note.proposals)
        if note.defines is None:
            return []
        self.definitions.learn(note.defines)
        waiting = [self._early.pop(each.topic, None) for each in note.defines.entities if each.component not in EVENTS]
        return [
            replace(frame, retain=True, received=now)
            for frame in waiting
            if frame is not None and (frame.retain or now - frame.received <= EARLY_FOR)
        ]

    def obstacles(self, note: Note) -> list[str]:
        """Why not all that a description promises can be heard and read, and what to do about it."""
        entities = note.defines.entities if note.defines else ()
        states = [each.topic for each in entities if each.component not in (AVAILABILITY, ATTRIBUTES)]
        topics = dict.fromkeys([*(topic for proposal in note.proposals for topic in proposal.topics), *states])
        unheard = [topic for topic in topics if self.heard_on(topic) is None]
        found = [missing_filter(unheard)] if unheard else []
        for each in entities:
            tree = understood(each.template) if each.template and each.component else None
            if isinstance(tree, str):
                called = each.device_class or each.field or each.component
                found.append(f"the value_template of {called[:40]} is not understood: {tree}")
        return list(dict.fromkeys(found))


def _is_ours(note: Note, asked: Asked) -> bool:
    """Whether it speaks of a device of ours, or of a safety device that may become ours."""
    names = (note.identity or "", *note.also)
    hints = [hint for each in note.proposals for hint in each.hints]
    known = any(asked.is_registered(note.platform, each) for each in names)
    return known or asked.kind_like(note.platform, hints) in asked.urgent_kinds


def missing_filter(topics: Sequence[str]) -> str:
    """What to add to the filters of the site (ingest.routing.routes).

    >>> missing_filter(["zw/k/smoke"])
    'no filter covers its topic zw/k/smoke: write `intake: {filters: {homeassistant: [homeassistant/#, zw/#]}}`'
    """
    first = topics[0][:120]
    more = f" (and {len(topics) - 1} more)" if len(topics) > 1 else ""
    wanted = f"homeassistant: [homeassistant/#, {first.partition('/')[0]}/#]"
    return f"no filter covers its topic {first}{more}: write `intake: {{filters: {{{wanted}}}}}`"


def _beside(entities: Sequence[Definition], frame: Frame) -> Decoded | None:
    """A topic that bears no state: whether a device lives, or what is known beside its state."""
    if any(each.component not in (AVAILABILITY, ATTRIBUTES) for each in entities):
        return None
    first = entities[0]
    text, value_json = text_and_json(frame.payload)
    names, also = first.names[0], first.names[1:]
    if first.component == AVAILABILITY:
        said, _ = told(first, text, value_json)
        online = said.value if said is not None and type(said.value) is bool else None
        return Note(NoteKind.AVAILABILITY, PLATFORM, names, text[:80], online, also=also)
    if not isinstance(value_json, dict):
        return Note(NoteKind.STATUS, PLATFORM, names, "attributes, of which none can be read", also=also)
    return [Draft(PLATFORM, names, None, dict(flatten(value_json)), None, None, frame.retain, also, beside=True)]


def _told_by(entities: Sequence[Definition], frame: Frame) -> Iterator[tuple[Definition, Told | None, Paths]]:
    text, value_json = text_and_json(frame.payload)
    for each in entities:
        if each.component:
            said, paths = told(each, text, value_json)
            yield each, None if said is None else replace(said, owner=each.names), paths


def _with_told(draft: Draft, entities: Sequence[Definition], frame: Frame) -> Draft:
    """What its platform read, and what definitions make of the same message; of places that both read theirs counts.

    A template that is not understood changes nothing here: the platform's own table reads the message.
    """
    found = [
        each for each in _told_by(entities, frame) if each[1] is None or not each[1].problem or each[2] is not None
    ]
    said = tuple(one for _, one, _ in found if one is not None)
    if not found:
        return draft
    paths = [path for _, _, known in found for path in known or ()]
    whole = any(known is None for _, one, known in found if one is not None)
    fields = {} if whole and len(draft.fields) == 1 else without(draft.fields, paths)
    return replace(draft, fields=fields, told=said)


def _names(said: Said) -> tuple[str, ...]:
    return (said.identity, *said.also) if type(said) is Draft else ()


def _by_definition(entities: Sequence[Definition], frame: Frame, also: Sequence[str]) -> Iterator[Said]:
    """A topic that only its definitions explain: one draft for each device that speaks on it.

    `also`: what the topic itself calls the device; with several devices it calls none.
    """
    _, value_json = text_and_json(frame.payload)
    owners: dict[str, list[Definition]] = {}
    for each in entities:
        owners.setdefault(each.names[0] if each.names else "", []).append(each)
    alone = len(owners) == 1
    for own in owners.values():
        names = dict.fromkeys(name for each in own for name in each.names)
        called = tuple(dict.fromkeys((*also, *names))) if alone else tuple(names)
        yield _of_device(called, own, frame, value_json if alone else ABSENT)


def _of_device(names: tuple[str, ...], entities: Sequence[Definition], frame: Frame, value_json: object) -> Said:
    found = list(_told_by(entities, frame))
    said = tuple(one for _, one, _ in found if one is not None) or _unlisted(entities, frame)
    guessed = any(one is not None and one.problem and not one.danger for _, one, _ in found)
    fields = _left(found, value_json)
    if guessed and not isinstance(value_json, dict):
        # Its words are the usual ones: what the template would have cut out is looked for in the whole.
        value = read_scalar(frame.payload)
        fields = {} if isinstance(value, Rejected) else {entities[0].device_class or entities[0].field: value}
    if not said and not fields:
        detail = "nothing in it is measured, as it is defined"
        return Note(NoteKind.STATUS, PLATFORM, names[0], detail, True, also=names[1:])
    return Draft(PLATFORM, names[0], None, fields, None, None, frame.retain, names[1:], told=said)


def _unlisted(entities: Sequence[Definition], frame: Frame) -> tuple[Told, ...]:
    """On a topic of triggers a payload that none of them lists: its word may be a press all the same."""
    word = frame.payload[:80].decode("utf-8", "replace").strip()
    triggers = [each for each in entities if each.words]
    return (Told((triggers[0].field,), word, owner=triggers[0].names),) if word and triggers else ()


def _left(found: Sequence[tuple[Definition, Told | None, Paths]], value_json: object) -> dict[str, object]:
    """The fields of a message that no definition read; none where one reads it in a way nobody knows."""
    if not isinstance(value_json, dict):
        return {}
    if any(one is not None and one.problem and one.danger for _, one, _ in found):
        return {}
    paths = [path for _, _, known in found for path in known or ()]
    return dict(flatten(without(value_json, paths)))
