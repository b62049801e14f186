"""What platforms define about later messages: entities by topic (Home Assistant discovery), fields (thing models).

A definition belongs to the message that made it (its `source`): a later message of the same source replaces it, an
empty one withdraws it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from ingest.topics import filter_matches

DEFINITIONS_MAX: Final = 20_000
"""Entity definitions, about 300 bytes each; beyond it those of the oldest source are removed."""

MODELS_MAX: Final = 2_000
"""Thing models; beyond it the oldest is removed."""

FIELDS_MAX: Final = 300
"""Fields of one thing model."""

AVAILABILITY: Final = "availability"
ATTRIBUTES: Final = "attributes"
"""Topics of an entity that hold no state of it."""


ANY_PAYLOAD: Final = ""
"""The key of a trigger's word that is meant whatever the payload is."""


class EntityDefinition(Struct, frozen=True, array_like=True):
    """How one topic is read for one entity.

    `device_names` are names of the entity's device, `entity_name` its own; `device_class` and `field` tell what is
    measured. `on` and `off` are the payloads of a two-state entity; `words` the meaning of each payload of a trigger.
    What the definition leaves out is empty; a `partial` one completes others of its topic.
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
    """One field of a thing model: its unit, or the labels of its values."""

    field: str
    unit: str = ""
    labels: dict[str, str] = {}


class DefinitionUpdate(Struct, frozen=True):
    """What one message defines: entities by topic, or the fields of a `platform`'s device or product (`scope`).

    With neither it withdraws what this source defined before. `is_addition`: it adds to that.
    """

    source: str
    entities: tuple[EntityDefinition, ...] = ()
    platform: str = ""
    scope: str = ""
    fields: tuple[FieldMeaning, ...] = ()
    is_addition: bool = False


class DefinitionsState(Struct, array_like=True):
    """All definitions, for a snapshot."""

    entities: list[tuple[str, tuple[EntityDefinition, ...]]] = []
    models: list[tuple[str, str, tuple[FieldMeaning, ...]]] = []


class Definitions:
    """The definitions of all sources, by topic or by platform and scope."""

    def __init__(self, state: DefinitionsState | None = None) -> None:
        self._sources: dict[str, tuple[EntityDefinition, ...]] = {}
        self._topics: dict[str, dict[str, tuple[EntityDefinition, ...]]] = {}
        self._models: dict[tuple[str, str], dict[str, FieldMeaning]] = {}
        self._wildcard_filters: dict[str, dict[str, None]] = {}
        self._count = 0
        for source, entities in state.entities if state else ():
            self._add(source, entities)
        for platform, scope, fields in state.models if state else ():
            self._models[platform, scope] = {meaning.field: meaning for meaning in fields}

    def apply(self, update: DefinitionUpdate) -> None:
        """Store what one message defines."""
        if update.platform:
            self._apply_model(update)
            return
        self._remove(update.source)
        if update.entities:
            self._add(update.source, update.entities)
        while self._count > DEFINITIONS_MAX:
            self._remove(next(iter(self._sources)))

    def for_topic(self, topic: str) -> Sequence[EntityDefinition]:
        """All definitions of this topic, partial ones merged."""
        sources = self._topics.get(topic)
        if self._wildcard_filters:
            covering = [self._topics[pattern] for pattern in self._matching_filters(topic)]
            merged = {name: entities for found in (sources, *covering) if found for name, entities in found.items()}
            sources = merged or None
        if sources is None:
            return ()
        definitions = [entity for entities in sources.values() for entity in entities]
        parts = [entity for entity in definitions if entity.partial]
        return _merge_parts(definitions, parts) if parts else definitions

    @property
    def has_models(self) -> bool:
        """Whether any thing model is stored."""
        return bool(self._models)

    def thing_model(self, platform: str, *scopes: str | None) -> Mapping[str, FieldMeaning] | None:
        """The thing model of the first scope that has one: the device's own, then its product's."""
        return next((model for scope in scopes if (model := self._models.get((platform, scope or "")))), None)

    def state(self) -> DefinitionsState:
        """All definitions, for a snapshot."""
        models = [(platform, scope, tuple(fields.values())) for (platform, scope), fields in self._models.items()]
        return DefinitionsState(list(self._sources.items()), models)

    def _apply_model(self, update: DefinitionUpdate) -> None:
        key = update.platform, update.scope
        earlier = self._models.pop(key, {})
        fields = {**(earlier if update.is_addition else {}), **{meaning.field: meaning for meaning in update.fields}}
        if fields:
            self._models[key] = dict(list(fields.items())[:FIELDS_MAX])
        while len(self._models) > MODELS_MAX:
            del self._models[next(iter(self._models))]

    def _add(self, source: str, entities: tuple[EntityDefinition, ...]) -> None:
        self._sources[source] = entities
        self._count += len(entities)
        for topic, of_topic in _by_topic(entities):
            self._topics.setdefault(topic, {})[source] = of_topic
            if "+" in topic or "#" in topic:
                self._wildcard_filters.setdefault(_last_level(topic), {})[topic] = None

    def _matching_filters(self, topic: str) -> Iterator[str]:
        """A state topic may be a filter (`+/+/BTtoMQTT/A4C138`). Found by its last level, which mostly is a name."""
        for level in dict.fromkeys((_last_level(topic), "+", "#")):
            for pattern in self._wildcard_filters.get(level, ()):
                if filter_matches(pattern, topic):
                    yield pattern

    def _remove(self, source: str) -> None:
        entities = self._sources.pop(source, ())
        self._count -= len(entities)
        for topic in {entity.topic for entity in entities}:
            del self._topics[topic][source]
            if not self._topics[topic]:
                del self._topics[topic]
                self._remove_filter(topic)

    def _remove_filter(self, topic: str) -> None:
        patterns = self._wildcard_filters.get(_last_level(topic), {})
        patterns.pop(topic, None)
        if not patterns:
            self._wildcard_filters.pop(_last_level(topic), None)


def _last_level(topic: str) -> str:
    return topic.rpartition("/")[2]


def _by_topic(entities: Iterable[EntityDefinition]) -> Iterator[tuple[str, tuple[EntityDefinition, ...]]]:
    topics: dict[str, list[EntityDefinition]] = {}
    for entity in entities:
        topics.setdefault(entity.topic, []).append(entity)
    yield from ((topic, tuple(of_topic)) for topic, of_topic in topics.items())


def _merge_parts(definitions: list[EntityDefinition], parts: list[EntityDefinition]) -> list[EntityDefinition]:
    """Whole definitions go before parts; the parts of one topic are merged into one definition."""
    whole = [entity for entity in definitions if not entity.partial]
    if whole:
        return whole
    unit = next((part.unit for part in parts if part.unit), "")
    device_class = next((part.device_class for part in parts if part.device_class), "")
    return [replace(parts[0], unit=unit, device_class=device_class)]
