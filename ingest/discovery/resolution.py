"""What a platform defined, as fields that a kind understands: a class, a unit, a label becomes a quantity of ours.

A draft's `told` values go before what the words of the same message would mean. It remembers nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from msgspec.structs import replace

from domain import Device, Reason
from ingest.definitions import FieldMeaning
from ingest.mappings.field_values import Objection
from ingest.mappings.plan import FieldSpec, Plan
from ingest.mappings.units import unit_of
from ingest.mappings.vocabulary import Meaning
from ingest.results import EntityValue, RawReading

DEVICE_CLASS_PLATFORM: Final = "homeassistant"
"""The platform whose mapping knows device classes."""

GAS_DIMENSIONS: Final = frozenset({"lel", "gas share"})
"""Dimensions of a concentration of gas (see ingest.mappings.units)."""

ThingModel = Mapping[str, FieldMeaning]


FindDevice = Callable[[str, str, tuple[str, ...]], Device | None]
"""The registered device of this platform, identity and other names."""


def find_device(draft: RawReading, find: FindDevice) -> Device | None:
    """The device by its platform's name; else by the names under which a description defined the message."""
    device = find(draft.platform, draft.identity, draft.aliases)
    if device is not None or not draft.entity_values:
        return device
    owners = dict.fromkeys(each.device_names for each in draft.entity_values if each.device_names)
    found = (find(DEVICE_CLASS_PLATFORM, owner[0], owner[1:]) for owner in owners)
    return next((each for each in found if each is not None), None)


def apply_definitions(
    draft: RawReading, plan: Plan, classes: Plan, model: ThingModel | None
) -> tuple[RawReading, list[Objection]]:
    """The draft with fields that say what definitions make of them, and what is to be said about those that give none.

    `classes` is the plan of the same kind for Home Assistant's device classes, `model` the device's thing model.
    """
    if not draft.entity_values and not draft.is_attributes and model is None:
        return draft, []
    fields = draft.fields if model is None else apply_thing_model(draft, plan, model)
    if draft.is_attributes:
        fields = {name: said for name, said in fields.items() if plan.specs_for(name)}
    fields, objections = dict(fields), list[Objection]()
    for one in draft.entity_values:
        if one.problem:
            danger = one.danger and bool(plan.danger)
            detail = f"discovery: {one.names[0] if one.names else 'an entity'}: {one.problem}"[:200]
            objections.append(Objection(Reason.BAD_VALUE, detail, danger, once=True))
        else:
            objections += _put(fields, one, plan, classes)
    return replace(draft, fields=fields, entity_values=(), is_attributes=False), objections


def _put(fields: dict[str, object], one: EntityValue, plan: Plan, classes: Plan) -> list[Objection]:
    spec = _spec_for(one, plan, classes)
    if isinstance(spec, str):
        _add(fields, spec, one)
    elif spec is not None:
        if not spec.ignored:
            _add(fields, spec.quantity, replace(one, value=_two_state_value(spec, one)))
    else:
        detail = f"discovery: a {plan.kind} has no quantity for {' or '.join(one.names)}{_unit_suffix(one.unit)}"[:200]
        return [Objection(Reason.NO_MAPPING, detail, once=True)]
    return []


def _unit_suffix(unit: str) -> str:
    return f" in {unit}" if unit else ""


def _two_state_value(spec: FieldSpec, one: EntityValue) -> object:
    """What on and off are in this quantity: an open valve is not closed.

    On is the active state of a thing, whatever its field is called; but where on is called true, the name of the field
    counts: a `contact` that is true is closed.
    """
    rule = spec.rule
    if type(one.value) is not bool or rule is None:
        return one.value
    if rule.words is not None and {"true", "false"} <= rule.words.keys():
        return rule.words[str(one.value).lower()]
    return one.value is not (rule.invert and one.literal)


def _add(fields: dict[str, object], name: str, one: EntityValue) -> None:
    """Of two definitions of one verdict the dangerous one counts."""
    if fields.get(name) is not True or not one.two_state:
        fields[name] = one.value
    if one.unit:
        fields[f"{name}.unit"] = one.unit


def _spec_for(one: EntityValue, plan: Plan, classes: Plan) -> FieldSpec | str | None:
    """By its class, by the field's name; None when that would take a number for a verdict or nobody knows it.

    A name that only the platform's own table knows is given on as it is.
    """
    number = type(one.value) in (int, float) and not one.two_state
    for name in one.names:
        spec = next(iter(classes.specs_for(name)), None)
        if spec is not None and (spec.ignored or not (number and spec.value_type == "bool")):
            return spec
        named = [each for each in plan.specs_for(name) if each.ignored or not (number and each.value_type == "bool")]
        if named:
            return named[0] if one.two_state else name
    unit = unit_of(one.unit) if number and one.unit else None
    if unit is not None and (
        unit.dimension == "lel" or (unit.dimension in GAS_DIMENSIONS and "sensor.gas" in one.names)
    ):
        return plan.specs.get("lel_pct")
    return None if number else _plain_name(one) or None


def apply_thing_model(draft: RawReading, plan: Plan, model: ThingModel) -> dict[str, object]:
    """The fields with the labels and units of a thing model: `1` is what the model calls 1.

    A label that nobody understands leaves the value as it is.
    """
    fields: dict[str, object] = {}
    for name, said in draft.fields.items():
        meaning = model.get(name)
        fields[name] = said if meaning is None else _label(name, said, meaning, plan)
        if meaning is not None and meaning.unit and f"{name}.unit" not in draft.fields:
            fields[f"{name}.unit"] = meaning.unit
    return fields


def _label(name: str, said: object, meaning: FieldMeaning, plan: Plan) -> object:
    label = meaning.labels.get(_label_key(said), "")
    word = plan.vocabulary.meaning_of(label) if label else None
    if word is None:
        return said
    rules = [spec for spec in plan.specs_for(name) if spec.rule is not None]
    # Open and closed are yes and no there, and the other way round in a field that asks whether it is closed.
    opposite = any(spec.quantity.endswith("_closed") or (spec.rule and spec.rule.invert) for spec in rules)
    return said if opposite and word.meaning in (Meaning.YES, Meaning.NO) else label


def _label_key(said: object) -> str:
    """A value as a thing model writes it: 1 for true, 1 and 1.0.

    >>> _label_key(True), _label_key(1.0), _label_key("1"), _label_key("ALARM")
    ('1', '1', '1', 'alarm')
    """
    if isinstance(said, bool) or (isinstance(said, float) and said.is_integer()):
        said = int(said)
    return str(said).strip().lower()


def fields_by_class(draft: RawReading) -> dict[str, object]:
    """The fields of a draft of a device that nobody registered: what was told bears its class or its field.

    A number is no verdict there, whatever its class: `gas` of a gas meter is a volume.
    """
    told = {
        _plain_name(one): one.value if one.two_state or isinstance(one.value, str) else None
        for one in draft.entity_values
    }
    return {**draft.fields, **told}


def _plain_name(one: EntityValue) -> str:
    """What a value is of, if only one name may say it: its class, else its field."""
    named = [name for name in one.names if "." not in name] or list(one.names)
    return named[0] if named else ""
