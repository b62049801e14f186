"""What platforms define about the messages to come: by topic (Home Assistant's discovery) and by field (thing models).

A definition belongs to the message that made it (its `source`): the same source again replaces what it said, an empty
one withdraws it. It reads no message.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from ingest.topics import filter_matches

DEFINITIONS_MAX: Final = 20_000
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


class EntityDefinition(Struct, frozen=True, array_like=True):
    """What one topic says, as far as one entity defines it.

    `names` are those of the device, `device_class` and `field` what the value is of; `called` is the entity's own name.
    `on` and `off` are the two states of a thing that has two; `words` what each payload of a trigger means. What is
    empty was not said; a `partial` one completes others of its topic.
    """

    topic: str
    component: str
    device_names: tuple[str, ...]
    device_class: str = ""
    field: str = ""
    template: str = ""
    on: str = ""
    off: str = ""
    unit: str = ""
    words: dict[str, str] = {}
    partial: bool = False
    entity_name: str = ""


class FieldMeaning(Struct, frozen=True, array_like=True):
    """What a thing model says about one field: its unit, or what each of its values is called."""

    field: str
    unit: str = ""
    labels: dict[str, str] = {}


class DefinitionUpdate(Struct, frozen=True):
    """What one message defines: entities by topic, or the fields of a `platform`'s device or product (`scope`).

    With neither it withdraws what this source said before. `more`: it adds to it.
    """

    source: str
    entities: tuple[EntityDefinition, ...] = ()
    platform: str = ""
    scope: str = ""
    fields: tuple[FieldMeaning, ...] = ()
    is_addition: bool = False


class DefinitionsState(Struct, array_like=True):
    """All of it, for a snapshot."""

    entities: list[tuple[str, tuple[EntityDefinition, ...]]] = []
    models: list[tuple[str, str, tuple[FieldMeaning, ...]]] = []


class Definitions:
    """The definitions of all sources, found by topic or by platform and scope."""

    def __init__(self, saved: DefinitionsState | None = None) -> None:
        self._sources: dict[str, tuple[EntityDefinition, ...]] = {}
        self._topics: dict[str, dict[str, tuple[EntityDefinition, ...]]] = {}
        self._models: dict[tuple[str, str], dict[str, FieldMeaning]] = {}
        self._wildcard_filters: dict[str, dict[str, None]] = {}
        self._count = 0
        for source, entities in saved.entities if saved else ():
            self._add(source, entities)
        for platform, scope, fields in saved.models if saved else ():
            self._models[platform, scope] = {each.field: each for each in fields}

    def apply(self, said: DefinitionUpdate) -> None:
        """Take note of what one message defines."""
        if said.platform:
            self._apply_model(said)
            return
        self._remove(said.source)
        if said.entities:
            self._add(said.source, said.entities)
        while self._count > DEFINITIONS_MAX:
            self._remove(next(iter(self._sources)))

    def for_topic(self, topic: str) -> Sequence[EntityDefinition]:
        """All that is defined about this topic, each completed by what was said in parts."""
        sources = self._topics.get(topic)
        if self._wildcard_filters:
            covering = [self._topics[each] for each in self._matching_filters(topic)]
            sources = {name: said for each in (sources, *covering) if each for name, said in each.items()} or None
        if sources is None:
            return ()
        found = [each for entities in sources.values() for each in entities]
        parts = [each for each in found if each.partial]
        return _merge_parts(found, parts) if parts else found

    @property
    def has_models(self) -> bool:
        """Whether any thing model is known."""
        return bool(self._models)

    def thing_model(self, platform: str, *scopes: str | None) -> Mapping[str, FieldMeaning] | None:
        """The thing model of the first of these that has one: the device's own, then its product's."""
        return next((model for scope in scopes if (model := self._models.get((platform, scope or "")))), None)

    def state(self) -> DefinitionsState:
        """All of it, for a snapshot."""
        models = [(platform, scope, tuple(fields.values())) for (platform, scope), fields in self._models.items()]
        return DefinitionsState(list(self._sources.items()), models)

    def _apply_model(self, said: DefinitionUpdate) -> None:
        before = self._models.pop((said.platform, said.scope), {})
        fields = {**(before if said.is_addition else {}), **{each.field: each for each in said.fields}}
        if fields:
            self._models[said.platform, said.scope] = dict(list(fields.items())[:FIELDS_MAX])
        while len(self._models) > MODELS_MAX:
            del self._models[next(iter(self._models))]

    def _add(self, source: str, entities: tuple[EntityDefinition, ...]) -> None:
        self._sources[source] = entities
        self._count += len(entities)
        for topic, own in _by_topic(entities):
            self._topics.setdefault(topic, {})[source] = own
            if "+" in topic or "#" in topic:
                self._wildcard_filters.setdefault(_last_level(topic), {})[topic] = None

    def _matching_filters(self, topic: str) -> Iterator[str]:
        """A state topic may be a filter (`+/+/BTtoMQTT/A4C138`): found by its last level, which mostly is a name."""
        for end in dict.fromkeys((_last_level(topic), "+", "#")):
            yield from (each for each in self._wildcard_filters.get(end, ()) if filter_matches(each, topic))

    def _remove(self, source: str) -> None:
        entities = self._sources.pop(source, ())
        self._count -= len(entities)
        for topic in {each.topic for each in entities}:
            del self._topics[topic][source]
            if not self._topics[topic]:
                del self._topics[topic]
                self._remove_filter(topic)

    def _remove_filter(self, topic: str) -> None:
        ending = self._wildcard_filters.get(_last_level(topic), {})
        ending.pop(topic, None)
        if not ending:
            self._wildcard_filters.pop(_last_level(topic), None)


def _last_level(topic: str) -> str:
    return topic.rpartition("/")[2]


def _by_topic(entities: Iterable[EntityDefinition]) -> Iterator[tuple[str, tuple[EntityDefinition, ...]]]:
    topics: dict[str, list[EntityDefinition]] = {}
    for each in entities:
        topics.setdefault(each.topic, []).append(each)
    yield from ((topic, tuple(own)) for topic, own in topics.items())


def _merge_parts(found: list[EntityDefinition], parts: list[EntityDefinition]) -> list[EntityDefinition]:
    """A whole definition goes before parts; parts of one entity are one."""
    whole = [each for each in found if not each.partial]
    if whole:
        return whole
    first = parts[0]
    unit = next((each.unit for each in parts if each.unit), "")
    device_class = next((each.device_class for each in parts if each.device_class), "")
    return [replace(first, unit=unit, device_class=device_class)]
