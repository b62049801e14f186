"""What platforms define about the messages to come: by topic (Home Assistant's discovery) and by field (thing models).

A definition belongs to the message that made it (its `source`): the same source again replaces what it said, an empty
one withdraws it. It reads no message.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from ingest.topics import matches

KEPT_MAX: Final = 20_000
"""Definitions by topic; beyond it the oldest source is forgotten. About 300 bytes each."""

MODELS_MAX: Final = 2_000
"""Thing models; beyond it the oldest is forgotten."""

FIELDS_MAX: Final = 300
"""Of one thing model."""

AVAILABILITY: Final = "availability"
ATTRIBUTES: Final = "attributes"
"""Topics of an entity that bear no state of it."""


ANY_PAYLOAD: Final = ""
"""The key of a trigger's word that is meant whatever the payload is."""


class Definition(Struct, frozen=True, array_like=True):
    """What one topic says, as far as one entity defines it.

    `names` are those of the device, `device_class` and `field` what the value is of; `called` is the entity's own name.
    `on` and `off` are the two states of a thing that has two; `words` what each payload of a trigger means. What is
    empty was not said; a `partial` one completes others of its topic.
    """

    topic: str
    component: str
    names: tuple[str, ...]
    device_class: str = ""
    field: str = ""
    template: str = ""
    on: str = ""
    off: str = ""
    unit: str = ""
    words: dict[str, str] = {}
    partial: bool = False
    called: str = ""


class FieldMeaning(Struct, frozen=True, array_like=True):
    """What a thing model says about one field: its unit, or what each of its values is called."""

    field: str
    unit: str = ""
    labels: dict[str, str] = {}


class Defines(Struct, frozen=True):
    """What one message defines: entities by topic, or the fields of a `platform`'s device or product (`scope`).

    With neither it withdraws what this source said before. `more`: it adds to it.
    """

    source: str
    entities: tuple[Definition, ...] = ()
    platform: str = ""
    scope: str = ""
    fields: tuple[FieldMeaning, ...] = ()
    more: bool = False


class Saved(Struct, array_like=True):
    """All of it, for a snapshot."""

    entities: list[tuple[str, tuple[Definition, ...]]] = []
    models: list[tuple[str, str, tuple[FieldMeaning, ...]]] = []


class Definitions:
    """The definitions of all sources, found by topic or by platform and scope."""

    def __init__(self, saved: Saved | None = None) -> None:
        self._sources: dict[str, tuple[Definition, ...]] = {}
        self._topics: dict[str, dict[str, tuple[Definition, ...]]] = {}
        self._models: dict[tuple[str, str], dict[str, FieldMeaning]] = {}
        self._wild: dict[str, dict[str, None]] = {}
        self._count = 0
        for source, entities in saved.entities if saved else ():
            self._put(source, entities)
        for platform, scope, fields in saved.models if saved else ():
            self._models[platform, scope] = {each.field: each for each in fields}

    def learn(self, said: Defines) -> None:
        """Take note of what one message defines."""
        if said.platform:
            self._learn_model(said)
            return
        self._drop(said.source)
        if said.entities:
            self._put(said.source, said.entities)
        while self._count > KEPT_MAX:
            self._drop(next(iter(self._sources)))

    def of(self, topic: str) -> Sequence[Definition]:
        """All that is defined about this topic, each completed by what was said in parts."""
        sources = self._topics.get(topic)
        if self._wild:
            covering = [self._topics[each] for each in self._filters_of(topic)]
            sources = {name: said for each in (sources, *covering) if each for name, said in each.items()} or None
        if sources is None:
            return ()
        found = [each for entities in sources.values() for each in entities]
        parts = [each for each in found if each.partial]
        return _completed(found, parts) if parts else found

    @property
    def has_models(self) -> bool:
        """Whether any thing model is known."""
        return bool(self._models)

    def fields(self, platform: str, *scopes: str | None) -> Mapping[str, FieldMeaning] | None:
        """The thing model of the first of these that has one: the device's own, then its product's."""
        return next((model for scope in scopes if (model := self._models.get((platform, scope or "")))), None)

    def saved(self) -> Saved:
        """All of it, for a snapshot."""
        models = [(platform, scope, tuple(fields.values())) for (platform, scope), fields in self._models.items()]
        return Saved(list(self._sources.items()), models)

    def _learn_model(self, said: Defines) -> None:
        before = self._models.pop((said.platform, said.scope), {})
        fields = {**(before if said.more else {}), **{each.field: each for each in said.fields}}
        if fields:
            self._models[said.platform, said.scope] = dict(list(fields.items())[:FIELDS_MAX])
        while len(self._models) > MODELS_MAX:
            del self._models[next(iter(self._models))]

    def _put(self, source: str, entities: tuple[Definition, ...]) -> None:
        self._sources[source] = entities
        self._count += len(entities)
        for topic, own in _by_topic(entities):
            self._topics.setdefault(topic, {})[source] = own
            if "+" in topic or "#" in topic:
                self._wild.setdefault(_end(topic), {})[topic] = None

    def _filters_of(self, topic: str) -> Iterator[str]:
        """A state topic may be a filter (`+/+/BTtoMQTT/A4C138`): found by its last level, which mostly is a name."""
        for end in dict.fromkeys((_end(topic), "+", "#")):
            yield from (each for each in self._wild.get(end, ()) if matches(each, topic))

    def _drop(self, source: str) -> None:
        entities = self._sources.pop(source, ())
        self._count -= len(entities)
        for topic in {each.topic for each in entities}:
            del self._topics[topic][source]
            if not self._topics[topic]:
                del self._topics[topic]
                self._forget_filter(topic)

    def _forget_filter(self, topic: str) -> None:
        ending = self._wild.get(_end(topic), {})
        ending.pop(topic, None)
        if not ending:
            self._wild.pop(_end(topic), None)


def _end(topic: str) -> str:
    return topic.rpartition("/")[2]


def _by_topic(entities: Iterable[Definition]) -> Iterator[tuple[str, tuple[Definition, ...]]]:
    topics: dict[str, list[Definition]] = {}
    for each in entities:
        topics.setdefault(each.topic, []).append(each)
    yield from ((topic, tuple(own)) for topic, own in topics.items())


def _completed(found: list[Definition], parts: list[Definition]) -> list[Definition]:
    """A whole definition goes before parts; parts of one entity are one."""
    whole = [each for each in found if not each.partial]
    if whole:
        return whole
    first = parts[0]
    unit = next((each.unit for each in parts if each.unit), "")
    device_class = next((each.device_class for each in parts if each.device_class), "")
    return [replace(first, unit=unit, device_class=device_class)]
