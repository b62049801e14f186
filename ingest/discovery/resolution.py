"""Applies the definitions of a platform to a raw reading: classes, units and labels become fields that a kind has.

Values of defined entities (`RawReading.entity_values`) replace what the words of the same message would mean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from msgspec.structs import replace

from domain import Device, RefusalReason
from ingest.definitions import FieldMeaning
from ingest.mappings.field_values import Objection
from ingest.mappings.plan import FieldSpec, Plan
from ingest.mappings.units import unit_of
from ingest.mappings.vocabulary import Meaning
from ingest.results import EntityValue, RawReading

DEVICE_CLASS_PLATFORM: Final = "homeassistant"
"""The platform whose mapping book has the device classes."""

GAS_DIMENSIONS: Final = frozenset({"lel", "gas share"})
"""Dimensions of a gas concentration (ingest/mappings/units.py)."""

ThingModel = Mapping[str, FieldMeaning]


FindDevice = Callable[[str, str, tuple[str, ...]], Device | None]
"""The registered device of a platform with this identity or one of these aliases."""


def find_device(raw_reading: RawReading, find: FindDevice) -> Device | None:
    """The device by the names in the message; else by the names of the device whose entities it defines."""
    device = find(raw_reading.platform, raw_reading.identity, raw_reading.aliases)
    if device is not None or not raw_reading.entity_values:
        return device
    owners = dict.fromkeys(entity.device_names for entity in raw_reading.entity_values if entity.device_names)
    devices = (find(DEVICE_CLASS_PLATFORM, names[0], names[1:]) for names in owners)
    return next((device for device in devices if device is not None), None)


def apply_definitions(
    raw_reading: RawReading, plan: Plan, classes: Plan, model: ThingModel | None
) -> tuple[RawReading, list[Objection]]:
    """The raw reading with fields for its entity values, and objections to entity values without a quantity.

    `classes` is the plan of the same kind for Home Assistant's device classes, `model` the device's thing model.
    """
    if not raw_reading.entity_values and not raw_reading.is_attributes and model is None:
        return raw_reading, []
    fields = dict(raw_reading.fields if model is None else apply_thing_model(raw_reading, plan, model))
    if raw_reading.is_attributes:
        fields = {name: value for name, value in fields.items() if plan.specs_for(name)}
    objections = list[Objection]()
    for entity in raw_reading.entity_values:
        if entity.problem:
            danger = entity.danger and bool(plan.danger)
            detail = f"discovery: {entity.names[0] if entity.names else 'an entity'}: {entity.problem}"[:200]
            objections.append(Objection(RefusalReason.BAD_VALUE, detail, danger, once=True))
        else:
            objections += _put(fields, entity, plan, classes)
    return replace(raw_reading, fields=fields, entity_values=(), is_attributes=False), objections


def _put(fields: dict[str, object], entity: EntityValue, plan: Plan, classes: Plan) -> list[Objection]:
    spec = _spec_for(entity, plan, classes)
    if isinstance(spec, str):
        _add(fields, spec, entity)
    elif spec is not None:
        if not spec.ignored:
            _add(fields, spec.quantity, replace(entity, value=_two_state_value(spec, entity)))
    else:
        detail = f"discovery: a {plan.kind} has no quantity for {' or '.join(entity.names)}{_unit_suffix(entity.unit)}"
        return [Objection(RefusalReason.NO_MAPPING, detail[:200], once=True)]
    return []


def _unit_suffix(unit: str) -> str:
    return f" in {unit}" if unit else ""


def _two_state_value(spec: FieldSpec, entity: EntityValue) -> object:
    """What on and off mean for this quantity: an open valve is not closed.

    On is the active state of a thing, whatever its field is called. Where on is called true, the name of the field
    counts: a `contact` that is true is closed.
    """
    rule = spec.rule
    if type(entity.value) is not bool or rule is None:
        return entity.value
    if rule.words is not None and {"true", "false"} <= rule.words.keys():
        return rule.words[str(entity.value).lower()]
    return entity.value is not (rule.invert and entity.literal)


def _add(fields: dict[str, object], name: str, entity: EntityValue) -> None:
    """Of two definitions of one verdict the dangerous one counts."""
    if fields.get(name) is not True or not entity.two_state:
        fields[name] = entity.value
    if entity.unit:
        fields[f"{name}.unit"] = entity.unit


def _spec_for(entity: EntityValue, plan: Plan, classes: Plan) -> FieldSpec | str | None:
    """By its class, else by the field's name; None for an unknown one, and for a number that would be a verdict.

    A name that only the platform's own mapping has is returned as it is.
    """
    is_number = type(entity.value) in (int, float) and not entity.two_state
    for name in entity.names:
        spec = next(iter(classes.specs_for(name)), None)
        if spec is not None and (spec.ignored or not (is_number and spec.value_type == "bool")):
            return spec
        own = plan.specs_for(name)
        usable = [spec for spec in own if spec.ignored or not (is_number and spec.value_type == "bool")]
        if usable:
            return usable[0] if entity.two_state else name
    unit = unit_of(entity.unit) if is_number and entity.unit else None
    is_gas = unit is not None and unit.dimension in GAS_DIMENSIONS and "sensor.gas" in entity.names
    if unit is not None and (unit.dimension == "lel" or is_gas):
        return plan.specs.get("lel_pct")
    return None if is_number else _plain_name(entity) or None


def apply_thing_model(raw_reading: RawReading, plan: Plan, model: ThingModel) -> dict[str, object]:
    """The fields with the labels and units of a thing model: `1` becomes what the model calls 1.

    A label that is not understood leaves the value as it is.
    """
    fields: dict[str, object] = {}
    for name, value in raw_reading.fields.items():
        meaning = model.get(name)
        fields[name] = value if meaning is None else _label(name, value, meaning, plan)
        if meaning is not None and meaning.unit and f"{name}.unit" not in raw_reading.fields:
            fields[f"{name}.unit"] = meaning.unit
    return fields


def _label(name: str, value: object, meaning: FieldMeaning, plan: Plan) -> object:
    label = meaning.labels.get(_label_key(value), "")
    word = plan.vocabulary.meaning_of(label) if label else None
    if word is None:
        return value
    specs = [spec for spec in plan.specs_for(name) if spec.rule is not None]
    # As labels, open and closed mean yes and no; in a field that tells whether something is closed it is the reverse.
    is_reversed = any(spec.quantity.endswith("_closed") or (spec.rule and spec.rule.invert) for spec in specs)
    return value if is_reversed and word.meaning in (Meaning.YES, Meaning.NO) else label


def _label_key(value: object) -> str:
    """A value as a thing model writes it: 1 for true, 1 and 1.0.

    >>> _label_key(True), _label_key(1.0), _label_key("1"), _label_key("ALARM")
    ('1', '1', '1', 'alarm')
    """
    if isinstance(value, bool) or (isinstance(value, float) and value.is_integer()):
        value = int(value)
    return str(value).strip().lower()


def fields_by_class(raw_reading: RawReading) -> dict[str, object]:
    """The fields of a raw reading of an unregistered device, with its entity values by class or field.

    A number is no verdict there, whatever its class: `gas` of a gas meter is a volume.
    """
    by_class = {
        _plain_name(entity): entity.value if entity.two_state or isinstance(entity.value, str) else None
        for entity in raw_reading.entity_values
    }
    return {**raw_reading.fields, **by_class}


def _plain_name(entity: EntityValue) -> str:
    """The one name that tells what the value is of: its class, else its field."""
    names = [name for name in entity.names if "." not in name] or list(entity.names)
    return names[0] if names else ""
