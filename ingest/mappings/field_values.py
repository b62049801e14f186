"""Reads the fields of one message as values of our quantities, with objections to those that cannot be read.

For every message that is not ordinary (ingest/decoding/validation.py): shapes are flattened, units looked for, words
translated. No verdict is lost without a trace: an unknown word in a verdict's field, and an unmapped field that may be
a verdict, are objections by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct, field

from domain import RefusalReason, Value
from ingest.mappings.conversion import NOT_MEASURED, UNLISTED_WORD, ConversionFailure, OtherQuantity, as_word, convert
from ingest.mappings.field_names import CONTAINERS, name_variants, normalized
from ingest.mappings.plan import FieldSpec, Plan
from ingest.mappings.proposal import UnreadVerdict, propose_field, propose_word
from ingest.mappings.units import StatedUnits, stated_units
from ingest.mappings.value_shapes import flatten, name_contains, without_channel, words_in
from ingest.mappings.vocabulary import HARMLESS, OTHER_QUANTITIES, Meaning, Word


class Objection(Struct, frozen=True):
    """One thing wrong with a message. `danger`: it may have been a danger bit, of this `quantity`.

    `once`: reported again only after a day without it; what a device repeats with every message is no news.
    """

    reason: RefusalReason
    detail: str
    danger: bool = False
    quantity: str = ""
    once: bool = False


class FieldValues(Struct):
    """The values read so far. `has_verdict`: a field states that there is a danger, or that there is none."""

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
"""Words of fields that hold no verdict although their name contains one (`alarm_threshold`, `smoke_alarm_counter`)."""

FREE_TEXT_FIELDS: Final = frozenset(
    {"message", "msg", "text", "content", "description", "desc", "info", "alarmdesc"}
    | {"内容", "描述", "消息", "信息", "说明", "zone", "loop", "防区", "回路"}
)
"""Unmapped fields in which a device may describe in text what it detects."""

ALARM_WORDS: Final = frozenset({"alarm", "alert", "报警", "告警", "警报"})
CODES_BELOW: Final = 16
"""The codes of a verdict are small numbers."""
_YES: Final = (Meaning.DANGER, Meaning.YES)
_SCALARS: Final = frozenset({bool, int, float, str})
"""Types of values in a list of verdicts."""


def read_fields(fields: Mapping[str, object], plan: Plan) -> FieldValues:
    """Everything that these fields hold for a device of this kind."""
    flat = flatten(fields, lambda name: _is_ignored_object(name, plan))
    result = FieldValues(plan, stated_units(flat))
    for name, value in flat:
        if name in result.stated.unit_fields:
            continue
        specs = plan.specs_for(name)
        for spec in specs:
            _read_field(result, name, spec, value)
        if not specs and value is not None and not _read_carrier(result, name, value):
            result.unmapped[name] = _merged(result.unmapped[name], value) if name in result.unmapped else value
    if plan.danger:
        _find_unread(result)
    return result


def _is_ignored_object(name: str, plan: Plan) -> bool:
    return normalized(name) not in CONTAINERS and any(spec.ignored for spec in plan.specs_for(name))


def _merged(earlier: object, value: object) -> list[object]:
    """Two objects of one list have one name: neither may replace the other."""
    return [*(earlier if isinstance(earlier, list) else [earlier]), *(value if isinstance(value, list) else [value])]


def _read_field(result: FieldValues, name: str, spec: FieldSpec, value: object) -> None:
    if spec.ignored:
        return
    parts = _split_verdicts(result, spec, value) if spec.value_type == "bool" else [value]
    result.has_verdict = result.has_verdict or (spec.danger and not parts)
    for part in parts:
        if _apply_platform_word(result, name, spec, part) or _apply_known_word(result, spec, part):
            continue
        converted = convert(spec, part, result.stated.unit_for(name, spec.unit) if spec.unit else None)
        if isinstance(converted, OtherQuantity):
            _put_quantity(result, converted.quantity, converted.value)
        elif isinstance(converted, ConversionFailure):
            _apply_failure(result, name, spec, part, converted)
        else:
            _put(result, spec, converted)


def _split_verdicts(result: FieldValues, spec: FieldSpec, value: object) -> list[object]:
    """The verdicts of a list; the statements of a text that has several, unless the mapping lists the whole text."""
    if isinstance(value, str):
        is_listed = spec.rule is not None and as_word(value) in (spec.rule.words or {})
        return [value] if is_listed else list(result.plan.vocabulary.statements(value))
    return value if isinstance(value, list) and _SCALARS.issuperset(map(type, value)) else [value]


def _apply_platform_word(result: FieldValues, name: str, spec: FieldSpec, value: object) -> bool:
    """A word of this maker takes precedence over a general mapping of the field."""
    plan = result.plan
    if not plan.platform_words or not spec.danger or not isinstance(value, str) or name in plan.platform_fields:
        return False
    word = plan.platform_words.get(normalized(value))
    return word is not None and _apply_word(result, spec, word, UNLISTED_WORD)


def _apply_known_word(result: FieldValues, spec: FieldSpec, value: object) -> bool:
    """`otherwise: true` is meant for numbers and unknown words: a word of the vocabulary takes precedence."""
    rule = spec.rule
    if rule is None or type(rule.otherwise) is not bool or not isinstance(value, str):
        return False
    word = result.plan.vocabulary.meaning_of(value)
    is_unlisted = value.strip().lower() not in (rule.words or {})
    return word is not None and is_unlisted and _apply_word(result, spec, word, UNLISTED_WORD)


def _put(result: FieldValues, spec: FieldSpec, value: Value) -> None:
    """Of two fields of one quantity a true one counts (a door with two contacts), of slopes the steeper."""
    values = result.values
    result.has_verdict = result.has_verdict or spec.danger or spec.quantity == "test"
    if spec.value_type == "bool" and values.get(spec.quantity) is True:
        return
    if spec.rule is not None and spec.rule.largest and abs(values.get(spec.quantity, 0)) > abs(value):  # type: ignore[arg-type]
        return
    values[spec.quantity] = value
    if spec.value_type == "number" and not spec.lo <= value <= spec.hi:  # type: ignore[operator]
        result.implausible.append(spec.quantity)


def _put_quantity(result: FieldValues, quantity: str, value: Value) -> bool:
    """A value of a quantity that its field does not usually hold; a true one is not overwritten."""
    spec = result.plan.specs.get(quantity)
    if spec is None or spec.ignored:
        return False
    if result.values.get(quantity) is not True:
        _put(result, spec, value)
    return True


def _apply_failure(result: FieldValues, name: str, spec: FieldSpec, value: object, failure: ConversionFailure) -> None:
    """The vocabulary may have a word that the mapping does not list; anything else is an objection by name."""
    if failure is NOT_MEASURED:
        result.has_verdict = result.has_verdict or (spec.danger and spec.event)
        return
    if spec.value_type == "number" and isinstance(value, str) and _read_carrier(result, name, value):
        return  # a meter whose state is its volume may send `burst` in it
    word = result.plan.vocabulary.meaning_of(value) if isinstance(value, str) and spec.value_type == "bool" else None
    if word is not None and _apply_word(result, spec, word, failure):
        return
    if failure is UNLISTED_WORD and not (spec.danger and isinstance(value, str)):
        if spec.danger:  # a number that only its model could explain is listed as unmapped
            result.unmapped[name] = value
        return
    result.has_verdict = result.has_verdict or spec.danger
    result.objections.append(_objection(name, spec, value, failure))
    if spec.danger:
        result.unread_verdicts.append(propose_word(name, value, result.plan.kind, spec))


def _objection(name: str, spec: FieldSpec, value: object, failure: ConversionFailure) -> Objection:
    is_unlisted = failure is UNLISTED_WORD
    is_state_code = _is_number(value) and normalized(name).endswith(("state", "status"))
    is_code = not name_contains(name, ALARM_WORDS) and (is_state_code or _is_measurement(value))
    danger = spec.danger and not is_code and not is_unlisted
    problem = f"{str(value)[:60]!r} is a word we do not know" if is_unlisted else failure.detail
    once = spec.value_type == "bool" and isinstance(value, str)
    return Objection(RefusalReason.BAD_VALUE, f"{name[:60]}: {problem}", danger, spec.quantity, once)


def _apply_word(result: FieldValues, spec: FieldSpec, word: Word, failure: ConversionFailure) -> bool:
    """Whether the word has a meaning for this verdict or for another quantity of the device; then it is applied."""
    meaning = word.meaning
    if meaning in (*_YES, Meaning.CLEAR, Meaning.NO):
        if not spec.danger and failure is UNLISTED_WORD:
            return True
        if meaning in _YES or not spec.event:
            _put(result, spec, (meaning in _YES) is not (spec.rule is not None and spec.rule.invert))
        result.has_verdict = result.has_verdict or spec.danger
        return True
    if OTHER_QUANTITIES.get(meaning, ("", False))[0] == spec.quantity:
        return _put_quantity(result, *OTHER_QUANTITIES[meaning])  # `fault: sensor failure`
    return spec.danger and _apply_device_state(result, meaning)


def _apply_device_state(result: FieldValues, meaning: Meaning) -> bool:
    """A word about the device's own state is a verdict too: a detector that warms up detects no danger."""
    result.has_verdict = True
    if meaning not in HARMLESS:
        _put_quantity(result, *OTHER_QUANTITIES[meaning])
    return True


def _read_carrier(result: FieldValues, name: str, value: object) -> bool:
    """An unmapped field that holds words of verdicts: `event: alarm`, `alarms: [SMOKE, BATTERY]`, `alarm: true`."""
    clears, plan = result.plan.carries_verdict(name), result.plan
    if clears is None or not plan.danger:
        return False
    if value == []:
        result.has_verdict = True  # an empty list of alarms ends none of them
        return True
    texts = [part for text in words_in(value) or [] for part in plan.vocabulary.statements(text)]
    words = [plan.vocabulary.meaning_of(text) for text in texts]
    applied = [word is not None and _apply_carried_word(result, word, clears) for word in words]
    return bool(applied) and all(applied)


def _apply_carried_word(result: FieldValues, word: Word, clears: bool) -> bool:
    """Several dangers of one kind have words of their own; for such a kind a mere `alarm` is none of them for sure."""
    quantity = word.quantity or (result.plan.danger[0] if len(result.plan.danger) == 1 else "")
    spec = result.plan.specs.get(quantity)
    if word.meaning in (Meaning.YES, Meaning.NO) or (word.meaning in (Meaning.DANGER, Meaning.CLEAR) and spec is None):
        return False
    if word.meaning is Meaning.DANGER:
        _put_quantity(result, quantity, True)
    elif word.meaning is Meaning.CLEAR:
        if clears and spec is not None and not spec.event and quantity not in result.values:
            _put_quantity(result, quantity, False)
    else:
        return _apply_device_state(result, word.meaning)
    return True


def _find_unread(result: FieldValues) -> None:
    """When nothing of a safety device was read that is a verdict: an objection to each unmapped field that may be one.

    Beside a verdict that was read, only words of danger in another field may be a second verdict.
    """
    if any(result.values.get(quantity) is True for quantity in result.plan.danger):
        return
    for name, value in result.unmapped.items():
        danger = _may_be_danger(result.plan, name, value, words_only=result.has_verdict)
        if result.has_verdict and not danger:
            continue
        is_count = result.plan.carries_verdict(name) is False and _is_number(value)  # the number of an event
        if danger or (_may_be_verdict(result.plan, name) and not is_count):
            proposal = propose_field(name, value, result.plan.danger)
            detail = f"unread verdict: {name[:60]} = {str(value)[:40]!r}; a mapping can say `{proposal.line}`"
            result.unread_verdicts.append(proposal)
            result.unread_objections.append(Objection(RefusalReason.NO_MAPPING, detail, danger, once=not danger))


def _may_be_verdict(plan: Plan, name: str) -> bool:
    """By its name: it contains the name of a danger of this kind, or of any alarm."""
    return not _is_setting(plan, name) and (
        name_contains(name, plan.danger_names | ALARM_WORDS) or plan.carries_verdict(name) is not None
    )


def _is_setting(plan: Plan, name: str) -> bool:
    """A setting or a measurement, unless its name is exactly that of a danger of this kind."""
    return name_contains(name, NON_VERDICT_WORDS) and plan.danger_names.isdisjoint(name_variants(without_channel(name)))


def _may_be_danger(plan: Plan, name: str, value: object, words_only: bool) -> bool:
    """Words of danger in the value; or yes, in a field with the name of a danger or in a channel of one."""
    if _is_setting(plan, name):
        return False
    vocabulary = plan.vocabulary
    values = value if isinstance(value, list) else [value]
    scalars = [as_word(part) for part in values if type(part) in _SCALARS]
    meanings = set[Meaning]()
    for text in (statement for scalar in scalars for statement in vocabulary.statements(scalar)):
        word = vocabulary.meaning_of(text)
        if word is not None:
            meanings.add(word.meaning)
        elif vocabulary.hints_at_danger(text):
            meanings.add(Meaning.DANGER)
    is_channel = plan.carries_verdict(name) is not None and without_channel(name) != name
    is_danger_name = name_contains(name, plan.danger_names | ALARM_WORDS) or is_channel
    may_hold_words = _may_be_verdict(plan, name) or plan.leaf_carries_verdict(name) or _is_free_text(name)
    return (Meaning.DANGER in meanings and may_hold_words) or (
        Meaning.YES in meanings and is_danger_name and not words_only
    )


def _is_free_text(name: str) -> bool:
    return normalized(without_channel(name).rpartition(".")[2]) in FREE_TEXT_FIELDS


def _is_measurement(value: object) -> bool:
    """A number that no list of codes has: `gas: 350` is a concentration, not a code."""
    return isinstance(value, (int, float)) and (value % 1 != 0 or abs(value) >= CODES_BELOW)


def _is_number(value: object) -> bool:
    return type(value) in (int, float) or (isinstance(value, str) and value.strip().lstrip("-").isdecimal())
