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
from ingest.mappings.mapping import Plan, Spec
from ingest.mappings.units import unit_of
from ingest.mappings.vocabulary import Meaning
from ingest.results import Draft, Told

CLASSES: Final = "homeassistant"
"""The platform whose mapping knows device classes."""

GAS: Final = frozenset({"lel", "gas share"})
"""Dimensions of a concentration of gas (see ingest.mappings.units)."""

Model = Mapping[str, FieldMeaning]


Find = Callable[[str, str, tuple[str, ...]], Device | None]
"""The registered device of this platform, identity and other names."""


def whose(draft: Draft, find: Find) -> Device | None:
    """The device by its platform's name; else by the names under which a description defined the message."""
    device = find(draft.platform, draft.identity, draft.also)
    if device is not None or not draft.told:
        return device
    owners = dict.fromkeys(each.owner for each in draft.told if each.owner)
    found = (find(CLASSES, owner[0], owner[1:]) for owner in owners)
    return next((each for each in found if each is not None), None)


def explained(draft: Draft, plan: Plan, classes: Plan, model: Model | None) -> tuple[Draft, list[Objection]]:
    """The draft with fields that say what definitions make of them, and what is to be said about those that give none.

    `classes` is the plan of the same kind for Home Assistant's device classes, `model` the device's thing model.
    """
    if not draft.told and not draft.beside and model is None:
        return draft, []
    fields = draft.fields if model is None else labelled(draft, plan, model)
    if draft.beside:
        fields = {name: said for name, said in fields.items() if plan.meant(name)}
    fields, objections = dict(fields), list[Objection]()
    for one in draft.told:
        if one.problem:
            danger = one.danger and bool(plan.danger)
            detail = f"discovery: {one.names[0] if one.names else 'an entity'}: {one.problem}"[:200]
            objections.append(Objection(Reason.BAD_VALUE, detail, danger, once=True))
        else:
            objections += _put(fields, one, plan, classes)
    return replace(draft, fields=fields, told=(), beside=False), objections


def _put(fields: dict[str, object], one: Told, plan: Plan, classes: Plan) -> list[Objection]:
    spec = _meant(one, plan, classes)
    if isinstance(spec, str):
        _add(fields, spec, one)
    elif spec is not None:
        if not spec.ignored:
            _add(fields, spec.quantity, replace(one, value=_in_words(spec, one)))
    else:
        detail = f"discovery: a {plan.kind} has no quantity for {' or '.join(one.names)}{_in(one.unit)}"[:200]
        return [Objection(Reason.NO_MAPPING, detail, once=True)]
    return []


def _in(unit: str) -> str:
    return f" in {unit}" if unit else ""


def _in_words(spec: Spec, one: Told) -> object:
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


def _add(fields: dict[str, object], name: str, one: Told) -> None:
    """Of two definitions of one verdict the dangerous one counts."""
    if fields.get(name) is not True or not one.two_state:
        fields[name] = one.value
    if one.unit:
        fields[f"{name}.unit"] = one.unit


def _meant(one: Told, plan: Plan, classes: Plan) -> Spec | str | None:
    """By its class, by the field's name; None when that would take a number for a verdict or nobody knows it.

    A name that only the platform's own table knows is given on as it is.
    """
    number = type(one.value) in (int, float) and not one.two_state
    for name in one.names:
        spec = next(iter(classes.meant(name)), None)
        if spec is not None and (spec.ignored or not (number and spec.holds == "bool")):
            return spec
        named = [each for each in plan.meant(name) if each.ignored or not (number and each.holds == "bool")]
        if named:
            return named[0] if one.two_state else name
    unit = unit_of(one.unit) if number and one.unit else None
    if unit is not None and (unit.dimension == "lel" or (unit.dimension in GAS and "sensor.gas" in one.names)):
        return plan.specs.get("lel_pct")
    return None if number else _plainest(one) or None


def labelled(draft: Draft, plan: Plan, model: Model) -> dict[str, object]:
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
    label = meaning.labels.get(_key(said), "")
    word = plan.vocabulary.meaning_of(label) if label else None
    if word is None:
        return said
    rules = [spec for spec in plan.meant(name) if spec.rule is not None]
    # Open and closed are yes and no there, and the other way round in a field that asks whether it is closed.
    opposite = any(spec.quantity.endswith("_closed") or (spec.rule and spec.rule.invert) for spec in rules)
    return said if opposite and word.meaning in (Meaning.YES, Meaning.NO) else label


def _key(said: object) -> str:
    """A value as a thing model writes it: 1 for true, 1 and 1.0.

    >>> _key(True), _key(1.0), _key("1"), _key("ALARM")
    ('1', '1', '1', 'alarm')
    """
    if isinstance(said, bool) or (isinstance(said, float) and said.is_integer()):
        said = int(said)
    return str(said).strip().lower()


def as_words(draft: Draft) -> dict[str, object]:
    """The fields of a draft of a device that nobody registered: what was told bears its class or its field.

    A number is no verdict there, whatever its class: `gas` of a gas meter is a volume.
    """
    told = {_plainest(one): one.value if one.two_state or isinstance(one.value, str) else None for one in draft.told}
    return {**draft.fields, **told}


def _plainest(one: Told) -> str:
    """What a value is of, if only one name may say it: its class, else its field."""
    named = [name for name in one.names if "." not in name] or list(one.names)
    return named[0] if named else ""
