"""The fields of one message as values of our quantities, and what is to be said about those that are none.

For every message that did not simply pass (see the gate): shapes are opened, units looked for, words understood. A
verdict is never lost in silence: a word that nobody knows and a field that may be a verdict are objections by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct, field

from domain import Reason, Value
from ingest.mappings.conversion import NOT_MEASURED, UNLISTED_WORD, ConversionFailure, OtherQuantity, as_word, convert
from ingest.mappings.field_names import CONTAINERS, name_variants, normalized
from ingest.mappings.plan import FieldSpec, Plan
from ingest.mappings.proposal import UnreadVerdict, propose_field, propose_word
from ingest.mappings.units import StatedUnits, stated_units
from ingest.mappings.value_shapes import flatten, name_contains, without_channel, words_in
from ingest.mappings.vocabulary import HARMLESS, OTHER_QUANTITIES, Meaning, Word


class Objection(Struct, frozen=True):
    """One thing wrong with a message. `danger`: it may have been a danger bit, of this `quantity`.

    `once`: said again only after a day without it; what a device repeats with every message is no news.
    """

    reason: Reason
    detail: str
    danger: bool = False
    quantity: str = ""
    once: bool = False


class FieldValues(Struct):
    """What was taken so far."""

    plan: Plan
    stated: StatedUnits
    values: dict[str, Value] = field(default_factory=dict)
    implausible: list[str] = field(default_factory=list)
    unmapped: dict[str, object] = field(default_factory=dict)
    objections: list[Objection] = field(default_factory=list)
    unread_objections: list[Objection] = field(default_factory=list)
    unread_verdicts: list[UnreadVerdict] = field(default_factory=list)
    has_verdict: bool = False


NON_VERDICT_WORDS: Final = frozenset(
    {"battery", "threshold", "enable", "config", "setting", "count", "times", "duration", "delay", "interval", "mute"}
    | {"silence", "volume", "sound", "buzzer", "sensitivity", "temperature", "humidity", "pressure", "voltage", "time"}
    | {"date", "version", "upgrade", "update", "link", "network", "mode", "gateway", "valve", "relay", "电池", "电量"}
    | {"confirm", "radio", "hush"}
)
"""Words of names that are no verdict although they may bear one's word (`alarm_threshold`, `smoke_alarm_counter`)."""

FREE_TEXT_FIELDS: Final = frozenset(
    {"message", "msg", "text", "content", "description", "desc", "info", "alarmdesc"}
    | {"内容", "描述", "消息", "信息", "说明", "zone", "loop", "防区", "回路"}
)
"""Fields that no mapping names, and in which a device may write out what it sees."""

ALARM_WORDS: Final = frozenset({"alarm", "alert", "报警", "告警", "警报"})
CODES_BELOW: Final = 16
"""A code of a verdict is a small number."""
_YES: Final = (Meaning.DANGER, Meaning.YES)
_SCALARS: Final = frozenset({bool, int, float, str})
"""Types of values that may stand in a list of verdicts."""


def read_fields(fields: Mapping[str, object], plan: Plan) -> FieldValues:
    """All that these fields say to this kind."""
    said = flatten(
        fields, lambda name: normalized(name) not in CONTAINERS and any(each.ignored for each in plan.specs_for(name))
    )
    taken = FieldValues(plan, stated_units(said))
    for name, value in said:
        if name in taken.stated.unit_fields:
            continue
        specs = plan.specs_for(name)
        for spec in specs:
            _read_field(taken, name, spec, value)
        if not specs and value is not None and not _read_carrier(taken, name, value):
            taken.unmapped[name] = _merged(taken.unmapped[name], value) if name in taken.unmapped else value
    if plan.danger:
        _find_unread(taken)
    return taken


def _merged(before: object, said: object) -> list[object]:
    """Two objects of one list bear one name: none of them may hide the other."""
    return [*(before if isinstance(before, list) else [before]), *(said if isinstance(said, list) else [said])]


def _read_field(taken: FieldValues, name: str, spec: FieldSpec, said: object) -> None:
    if spec.ignored:
        return
    listed = _split_verdicts(taken, spec, said) if spec.value_type == "bool" else [said]
    taken.has_verdict = taken.has_verdict or (spec.danger and not listed)
    for each in listed:
        if _apply_platform_word(taken, name, spec, each) or _apply_known_word(taken, spec, each):
            continue
        value = convert(spec, each, taken.stated.unit_for(name, spec.unit) if spec.unit else None)
        if isinstance(value, OtherQuantity):
            _put_quantity(taken, value.quantity, value.value)
        elif isinstance(value, ConversionFailure):
            _apply_failure(taken, name, spec, each, value)
        else:
            _put(taken, spec, value)


def _split_verdicts(taken: FieldValues, spec: FieldSpec, said: object) -> list[object]:
    """The verdicts of a list, and the statements of a text that holds several, unless a mapping knows it as a whole."""
    if isinstance(said, str):
        whole = spec.rule is not None and as_word(said) in (spec.rule.words or {})
        return [said] if whole else list(taken.plan.vocabulary.statements(said))
    return said if isinstance(said, list) and _SCALARS.issuperset(map(type, said)) else [said]


def _apply_platform_word(taken: FieldValues, name: str, spec: FieldSpec, said: object) -> bool:
    """What this maker means by a word goes before what a general table says of the field."""
    plan = taken.plan
    if not plan.platform_words or not spec.danger or not isinstance(said, str) or name in plan.platform_fields:
        return False
    word = plan.platform_words.get(normalized(said))
    return word is not None and _apply_word(taken, spec, word, UNLISTED_WORD)


def _apply_known_word(taken: FieldValues, spec: FieldSpec, said: object) -> bool:
    """`otherwise: true` is meant for numbers and unknown words: one that the vocabulary knows goes before."""
    rule = spec.rule
    if rule is None or type(rule.otherwise) is not bool or not isinstance(said, str):
        return False
    word = taken.plan.vocabulary.meaning_of(said)
    unlisted = said.strip().lower() not in (rule.words or {})
    return word is not None and unlisted and _apply_word(taken, spec, word, UNLISTED_WORD)


def _put(taken: FieldValues, spec: FieldSpec, value: Value) -> None:
    """Two fields may mean one quantity: what is true of one is true (a door of two contacts), of slopes the steeper."""
    values = taken.values
    taken.has_verdict = taken.has_verdict or spec.danger or spec.quantity == "test"
    if spec.value_type == "bool" and values.get(spec.quantity) is True:
        return
    if spec.rule is not None and spec.rule.largest and abs(values.get(spec.quantity, 0)) > abs(value):  # type: ignore[arg-type]
        return
    values[spec.quantity] = value
    if spec.value_type == "number" and not spec.lo <= value <= spec.hi:  # type: ignore[operator]
        taken.implausible.append(spec.quantity)


def _put_quantity(taken: FieldValues, quantity: str, value: Value) -> bool:
    """A value of a quantity that this field does not mostly mean; a true one is not taken back."""
    spec = taken.plan.specs.get(quantity)
    if spec is None or spec.ignored:
        return False
    if taken.values.get(quantity) is not True:
        _put(taken, spec, value)
    return True


def _apply_failure(taken: FieldValues, name: str, spec: FieldSpec, said: object, problem: ConversionFailure) -> None:
    """The vocabulary may know a word that the mapping does not list; what remains is an objection by name."""
    if problem is NOT_MEASURED:
        taken.has_verdict = taken.has_verdict or (spec.danger and spec.event)
        return
    if spec.value_type == "number" and isinstance(said, str) and _read_carrier(taken, name, said):
        return  # a meter whose state is its volume may say `burst` there
    word = taken.plan.vocabulary.meaning_of(said) if isinstance(said, str) and spec.value_type == "bool" else None
    if word is not None and _apply_word(taken, spec, word, problem):
        return
    if problem is UNLISTED_WORD and not (spec.danger and isinstance(said, str)):
        if spec.danger:  # a number that only its model could explain is listed as unmapped
            taken.unmapped[name] = said
        return
    generic = name_contains(name, ALARM_WORDS)
    coded = not generic and (
        (_is_number(said) and normalized(name).endswith(("state", "status"))) or _is_measurement(said)
    )
    danger = spec.danger and not coded and problem is not UNLISTED_WORD
    detail = f"{name[:60]}: {str(said)[:60]!r} is a word we do not know" if problem is UNLISTED_WORD else None
    once = spec.value_type == "bool" and isinstance(said, str)
    taken.has_verdict = taken.has_verdict or spec.danger
    objection = Objection(Reason.BAD_VALUE, detail or f"{name[:60]}: {problem.detail}", danger, spec.quantity, once)
    taken.objections.append(objection)
    if spec.danger:
        taken.unread_verdicts.append(propose_word(name, said, taken.plan.kind, spec))


def _apply_word(taken: FieldValues, spec: FieldSpec, word: Word, problem: ConversionFailure) -> bool:
    """Whether the word says something of this verdict or of another quantity of the device."""
    meaning = word.meaning
    if meaning in (*_YES, Meaning.CLEAR, Meaning.NO):
        if not spec.danger and problem is UNLISTED_WORD:
            return True
        if meaning in _YES or not spec.event:
            _put(taken, spec, (meaning in _YES) is not (spec.rule is not None and spec.rule.invert))
        taken.has_verdict = taken.has_verdict or spec.danger
        return True
    if OTHER_QUANTITIES.get(meaning, ("", False))[0] == spec.quantity:
        return _put_quantity(taken, *OTHER_QUANTITIES[meaning])  # `fault: sensor failure`
    return spec.danger and _apply_device_state(taken, meaning)


def _apply_device_state(taken: FieldValues, meaning: Meaning) -> bool:
    """What a word says of the device's own state: a detector that warms up has told its verdict all the same."""
    taken.has_verdict = True
    if meaning not in HARMLESS:
        _put_quantity(taken, *OTHER_QUANTITIES[meaning])
    return True


def _read_carrier(taken: FieldValues, name: str, said: object) -> bool:
    """An unmapped field that bears words of verdicts: `event: alarm`, `alarms: [SMOKE, BATTERY]`, `alarm: true`."""
    clears, plan = taken.plan.carries_verdict(name), taken.plan
    if clears is None or not plan.danger:
        return False
    if said == []:
        taken.has_verdict = True  # a list of alarms with none in it: of that none is over
        return True
    texts = [part for text in words_in(said) or [] for part in plan.vocabulary.statements(text)]
    known = [plan.vocabulary.meaning_of(each) for each in texts]
    took = [word is not None and _apply_carried_word(taken, word, clears) for word in known]
    return bool(took) and all(took)


def _apply_carried_word(taken: FieldValues, word: Word, clears: bool) -> bool:
    """Several dangers of one kind have words of their own; a mere `alarm` of such a kind is none of them for sure."""
    quantity = word.quantity or (taken.plan.danger[0] if len(taken.plan.danger) == 1 else "")
    spec = taken.plan.specs.get(quantity)
    if word.meaning in (Meaning.YES, Meaning.NO) or (word.meaning in (Meaning.DANGER, Meaning.CLEAR) and spec is None):
        return False
    if word.meaning is Meaning.DANGER:
        _put_quantity(taken, quantity, True)
    elif word.meaning is Meaning.CLEAR:
        if clears and spec is not None and not spec.event and quantity not in taken.values:
            _put_quantity(taken, quantity, False)
    else:
        return _apply_device_state(taken, word.meaning)
    return True


def _find_unread(taken: FieldValues) -> None:
    """Nothing of a safety device was understood that could be its verdict: each field that may be one, by name.

    Where a verdict was understood, words of danger in another field may be a second one.
    """
    told = any(taken.values.get(quantity) is True for quantity in taken.plan.danger)
    for name, said in {} if told else taken.unmapped.items():
        danger = _may_be_danger(taken.plan, name, said, words_only=taken.has_verdict)
        if taken.has_verdict and not danger:
            continue
        counted = taken.plan.carries_verdict(name) is False and _is_number(said)  # the number of an event
        if danger or (_may_be_verdict(taken.plan, name) and not counted):
            asked = propose_field(name, said, taken.plan.danger)
            detail = f"unread verdict: {name[:60]} = {str(said)[:40]!r}; a mapping can say `{asked.line}`"
            taken.unread_verdicts.append(asked)
            taken.unread_objections.append(Objection(Reason.NO_MAPPING, detail, danger, once=not danger))


def _may_be_verdict(plan: Plan, name: str) -> bool:
    """By the name: it bears the name of a danger of this kind, or of any alarm."""
    return not _is_setting(plan, name) and (
        name_contains(name, plan.danger_names | ALARM_WORDS) or plan.carries_verdict(name) is not None
    )


def _is_setting(plan: Plan, name: str) -> bool:
    """It is a setting or a measurement, unless it is called just as a danger of this kind is."""
    return name_contains(name, NON_VERDICT_WORDS) and plan.danger_names.isdisjoint(name_variants(without_channel(name)))


def _may_be_danger(plan: Plan, name: str, said: object, words_only: bool) -> bool:
    """Words of danger stand in it; or yes, in a field that bears the name of a danger, or in a channel of one."""
    if _is_setting(plan, name):
        return False
    said = said if isinstance(said, list) else [said]
    texts = [part for each in said if type(each) in _SCALARS for part in plan.vocabulary.statements(as_word(each))]
    meanings = {word.meaning for each in texts if (word := plan.vocabulary.meaning_of(each)) is not None}
    if any(plan.vocabulary.hints_at_danger(each) for each in texts if plan.vocabulary.meaning_of(each) is None):
        meanings.add(Meaning.DANGER)
    named = name_contains(name, plan.danger_names | ALARM_WORDS) or (
        plan.carries_verdict(name) is not None and without_channel(name) != name
    )
    near = _may_be_verdict(plan, name) or plan.leaf_carries_verdict(name) or _is_free_text(name)
    return (Meaning.DANGER in meanings and near) or (Meaning.YES in meanings and named and not words_only)


def _is_free_text(name: str) -> bool:
    return normalized(without_channel(name).rpartition(".")[2]) in FREE_TEXT_FIELDS


def _is_measurement(said: object) -> bool:
    """A number that no list of codes has: `gas: 350` is how much, not what of it."""
    return isinstance(said, (int, float)) and (said % 1 != 0 or abs(said) >= CODES_BELOW)


def _is_number(said: object) -> bool:
    return type(said) in (int, float) or (isinstance(said, str) and said.strip().lstrip("-").isdecimal())
