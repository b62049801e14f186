"""Messages on topics that discovery defined, read by those definitions: together with the platform's own adapter where
it has one, alone where no platform of ours publishes on the topic.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from ingest.adapters.homeassistant import PLATFORM
from ingest.definitions import ATTRIBUTES, AVAILABILITY, EntityDefinition
from ingest.discovery.defined_fields import Paths, read_entity, text_and_json, without_paths
from ingest.formats.json_payload import read_scalar
from ingest.formats.timed_fields import flatten
from ingest.frame import Frame
from ingest.results import AdapterItem, AdapterOutput, DeviceEvent, DeviceEventKind, EntityValue, RawReading, Rejection
from ingest.templates.functions import ABSENT

STATELESS: Final = (AVAILABILITY, ATTRIBUTES)
"""Components of definitions that are about a device but hold no state of an entity."""

ReadEntity = tuple[EntityDefinition, EntityValue | None, Paths]


def read_defined(entities: Sequence[EntityDefinition], frame: Frame, output: AdapterOutput) -> AdapterOutput:
    """A message on a topic of no platform, or of Home Assistant. `output` is what Home Assistant's adapter read."""
    if all(entity.component in STATELESS for entity in entities):
        return _read_stateless(entities[0], frame)
    items = output if isinstance(output, list) and frame.topic.startswith(f"{PLATFORM}/") else []
    aliases = [name for item in items if type(item) is RawReading for name in (item.identity, *item.aliases)]
    return list(_read_states(_states(entities), frame, aliases))


def complete(entities: Sequence[EntityDefinition], frame: Frame, output: AdapterOutput) -> AdapterOutput:
    """A message on a topic of another platform: what its adapter read, with the values of the defined entities.

    What the adapter rejects is read by the definitions alone.
    """
    if isinstance(output, DeviceEvent):
        return output
    states = _states(entities)
    if isinstance(output, Rejection):
        return list(_read_states(states, frame, ()))
    return [_with_entity_values(item, states, frame) if type(item) is RawReading else item for item in output]


def cleared_state(entity: EntityDefinition) -> DeviceEvent:
    """An empty retained message deletes the retained state of its topic."""
    identity, *aliases = entity.device_names
    detail = "a retained state was cleared"
    return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, identity, detail, aliases=tuple(aliases))


def _states(entities: Sequence[EntityDefinition]) -> list[EntityDefinition]:
    return [entity for entity in entities if entity.component not in STATELESS]


def _read_stateless(entity: EntityDefinition, frame: Frame) -> AdapterOutput:
    """The availability of a device, or attributes beside the state of an entity."""
    text, value_json = text_and_json(frame.payload)
    identity, aliases = entity.device_names[0], entity.device_names[1:]
    if entity.component == AVAILABILITY:
        value, _ = read_entity(entity, text, value_json)
        online = value.value if value is not None and type(value.value) is bool else None
        return DeviceEvent(DeviceEventKind.AVAILABILITY, PLATFORM, identity, text[:80], online, aliases=aliases)
    if not isinstance(value_json, dict):
        detail = "attributes, of which none can be read"
        return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, identity, detail, aliases=aliases)
    fields = dict(flatten(value_json))
    return [RawReading(PLATFORM, identity, None, fields, None, None, frame.retain, aliases, is_attributes=True)]


def _read_entities(entities: Sequence[EntityDefinition], frame: Frame) -> Iterator[ReadEntity]:
    text, value_json = text_and_json(frame.payload)
    for entity in entities:
        if entity.component:
            value, paths = read_entity(entity, text, value_json)
            yield entity, None if value is None else replace(value, device_names=entity.device_names), paths


def _with_entity_values(raw_reading: RawReading, entities: Sequence[EntityDefinition], frame: Frame) -> RawReading:
    """The raw reading of a platform's adapter, with the values of entities in place of the fields that they read too.

    A template that is not understood changes nothing: the platform's own mapping reads the message.
    """
    read = [
        (value, paths)
        for _, value, paths in _read_entities(entities, frame)
        if value is None or not value.problem or paths is not None
    ]
    if not read:
        return raw_reading
    values = tuple(value for value, _ in read if value is not None)
    is_whole = any(paths is None for value, paths in read if value is not None)
    fields: dict[str, object] = {}
    if not is_whole or len(raw_reading.fields) != 1:
        fields = without_paths(raw_reading.fields, [path for _, paths in read for path in paths or ()])
    return replace(raw_reading, fields=fields, entity_values=values)


def _read_states(entities: Sequence[EntityDefinition], frame: Frame, aliases: Sequence[str]) -> Iterator[AdapterItem]:
    """One item for each device that publishes on the topic. `aliases` are names in the topic: of its only device."""
    _, value_json = text_and_json(frame.payload)
    by_device: dict[str, list[EntityDefinition]] = {}
    for entity in entities:
        by_device.setdefault(entity.device_names[0] if entity.device_names else "", []).append(entity)
    is_only = len(by_device) == 1
    for definitions in by_device.values():
        names = dict.fromkeys(name for entity in definitions for name in entity.device_names)
        all_names = tuple(dict.fromkeys((*aliases, *names))) if is_only else tuple(names)
        yield _read_device(all_names, definitions, frame, value_json if is_only else ABSENT)


def _read_device(
    names: tuple[str, ...], entities: Sequence[EntityDefinition], frame: Frame, value_json: object
) -> AdapterItem:
    read = list(_read_entities(entities, frame))
    values = tuple(value for _, value, _ in read if value is not None) or _unlisted_trigger(entities, frame)
    is_guess = any(value is not None and value.problem and not value.danger for _, value, _ in read)
    fields = _remaining_fields(read, value_json)
    if is_guess and not isinstance(value_json, dict):
        # On and off are the usual words: the whole payload is taken for what the template would have cut out.
        payload = read_scalar(frame.payload)
        fields = {} if isinstance(payload, Rejection) else {entities[0].device_class or entities[0].field: payload}
    if not values and not fields:
        detail = "nothing in it is measured, as it is defined"
        return DeviceEvent(DeviceEventKind.STATUS, PLATFORM, names[0], detail, True, aliases=names[1:])
    return RawReading(PLATFORM, names[0], None, fields, None, None, frame.retain, names[1:], entity_values=values)


def _unlisted_trigger(entities: Sequence[EntityDefinition], frame: Frame) -> tuple[EntityValue, ...]:
    """A payload that no trigger of the topic lists: the word may mean a press nevertheless."""
    word = frame.payload[:80].decode("utf-8", "replace").strip()
    trigger = next((entity for entity in entities if entity.words), None)
    return (EntityValue((trigger.field,), word, device_names=trigger.device_names),) if word and trigger else ()


def _remaining_fields(read: Sequence[ReadEntity], value_json: object) -> dict[str, object]:
    """The fields that no definition read; none where a definition that may hide a danger could not be evaluated."""
    if not isinstance(value_json, dict):
        return {}
    if any(value is not None and value.problem and value.danger for _, value, _ in read):
        return {}
    return dict(flatten(without_paths(value_json, [path for _, _, paths in read for path in paths or ()])))
