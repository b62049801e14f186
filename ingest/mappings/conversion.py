"""Converts one value of one field to our type and unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from domain import Value
from ingest.mappings.mapping import FieldRule
from ingest.mappings.plan import FieldSpec
from ingest.mappings.units import Unit, convertible_units, number_and_unit, to_our_unit, unit_of


class ConversionFailure(Struct, frozen=True):
    """Why a value cannot be converted."""

    detail: str


class OtherQuantity(ConversionFailure, frozen=True):
    """The value is another quantity: `3.02V` in a field that usually holds percents."""

    quantity: str
    value: float


NOT_MEASURED: Final = ConversionFailure("absent")
"""The field states that nothing was measured."""

UNLISTED_WORD: Final = ConversionFailure("a word that the mapping does not list and leaves out")
"""As NOT_MEASURED, but the vocabulary may have the word."""

STATED: Final = "stated"
"""The unit of a rule that takes only a number with its unit."""

_OTHER_QUANTITIES: Final = {
    ("battery_pct", "voltage"): ("battery_v", "V"),
    ("battery_v", "share"): ("battery_pct", "%"),
}

_TRUE_WORDS: Final = frozenset(
    {"true", "1", "on", "yes", "alarm", "alarming", "active", "detected", "triggered", "sos", "help", "pressed"}
    | {"报警", "告警", "是"}
)
_FALSE_WORDS: Final = frozenset(
    {"false", "0", "off", "no", "normal", "none", "clear", "inactive", "ok", "no alarm", "no_alarm", "正常", "无", "否"}
)
TEXT_MAX: Final = 1_000
"""Characters of a text value: the history server with the lowest limit (VictoriaMetrics) takes 4096 bytes, UTF-8."""
_INT64_MAX: Final = 2**63 - 1
CELL_MAX_V: Final = 4.4
"""A full lithium cell has 4.35 V."""


def convert(spec: FieldSpec, value: object, stated: str | None = None) -> Value | ConversionFailure:
    """The value in our type and unit, or why not: for every value that is not ordinary.

    `stated` is the unit that the message states in another field.
    """
    if value is None:
        return NOT_MEASURED
    rule = spec.rule
    if rule is not None:
        if any(
            (type(value) is type(absent) and value == absent) or _same_number(value, absent) for absent in rule.absent
        ):
            return NOT_MEASURED
        value = _apply_rule(rule, value)
        if isinstance(value, ConversionFailure):
            return value
        if rule.volts is not None and rule.volts is not _looks_like_volts(value, stated):
            return NOT_MEASURED
    is_text_number = isinstance(value, str) and spec.unit and not spec.strict
    has_unit = stated or is_text_number or (rule is not None and (rule.text_number or rule.unit))
    if spec.value_type == "number" and has_unit:
        return _convert_with_unit(spec, rule, value, stated)
    return _CONVERTERS[spec.value_type](value, rule)


def _convert_with_unit(
    spec: FieldSpec, rule: FieldRule | None, value: object, stated: str | None
) -> Value | ConversionFailure:
    """A number with its unit: the one behind it, else that of another field, of the mapping, or ours."""
    written = ""
    if isinstance(value, str):
        found = number_and_unit(value)
        if found is None:
            is_word = rule is not None and rule.otherwise == "absent" and not any(map(str.isdigit, value))
            return UNLISTED_WORD if is_word else ConversionFailure(f"{value[:60]!r} is not a number with a unit")
        value, written = found
    symbol = (written or stated or (rule.unit if rule is not None else "")) if spec.unit else ""
    if symbol == STATED:
        detail = f"{value!r} without a unit: nobody states whether it is {spec.unit}; a mapping can: `unit: …`"
        return ConversionFailure(detail)
    if not symbol:
        return _to_number(value, rule)
    number, unit = _to_number(value, None), unit_of(symbol)
    if isinstance(number, ConversionFailure):
        return number
    return _to_our_unit(spec, number, symbol, unit)  # type: ignore[arg-type]


def _to_our_unit(spec: FieldSpec, number: float, symbol: str, unit: Unit | None) -> Value | ConversionFailure:
    if unit is None:
        return ConversionFailure(f"{symbol[:20]!r} is no unit we know: {spec.quantity} is in {_accepted_units(spec)}")
    converted = to_our_unit(number, unit, spec.unit)
    if converted is not None:
        return number if converted == number else converted
    quantity, other_unit = _OTHER_QUANTITIES.get((spec.quantity, unit.dimension), ("", ""))
    other = to_our_unit(number, unit, other_unit) if quantity else None
    if other is not None:
        return OtherQuantity(f"{number} {symbol} is {quantity}", quantity, other)
    detail = f"{number} {symbol[:20]} is no {spec.unit}, in which {spec.quantity} is: {_accepted_units(spec)}"
    return ConversionFailure(detail)


def _accepted_units(spec: FieldSpec) -> str:
    """Our unit, and the others that a device, or the `unit` of a mapping, may state."""
    others = convertible_units(spec.unit)
    return f"{spec.unit}; understood are also {', '.join(others)}" if others else spec.unit


def _looks_like_volts(value: object, stated: str | None = None) -> bool:
    """By its unit; without one by its size: no battery states its charge in tenths of a percent before it is empty.

    >>> _looks_like_volts(3.6), _looks_like_volts(3), _looks_like_volts(57.5), _looks_like_volts("3 V")
    (True, False, False, True)
    """
    number, written = (number_and_unit(value) or (None, "")) if isinstance(value, str) else (value, "")
    unit = unit_of(written or stated or "")
    if unit is not None:
        return unit.dimension == "voltage"
    return type(number) is float and not number.is_integer() and 0 < number < CELL_MAX_V


def _same_number(value: object, other: object) -> bool:
    return type(value) in (int, float) and type(other) in (int, float) and value == other


def _apply_rule(rule: FieldRule, value: object) -> object:
    if rule.words is not None:
        return _translate_word(rule, rule.words, as_word(value))
    if rule.bit is not None:
        return _bit(value, rule.bit)
    return value


def _translate_word(rule: FieldRule, words: Mapping[str, bool | int | float | str | None], word: str) -> object:
    if word in words:
        return NOT_MEASURED if words[word] is None else words[word]
    if isinstance(rule.otherwise, bool):
        return rule.otherwise
    if rule.otherwise == "absent":
        return UNLISTED_WORD
    return ConversionFailure(f"{word[:60]!r} is not a word we know here")


def _bit(value: object, place: int) -> bool | ConversionFailure:
    """One bit of a whole number.

    >>> _bit(5, 0), _bit(5, 1), _bit("0x21", 5), _bit("8", 3), _bit("x", 0).detail
    (True, False, True, True, "'x' is no whole number")
    """
    try:
        number = int(value, 0) if isinstance(value, str) else value
    except ValueError:
        number = None
    if type(number) is not int:
        return ConversionFailure(f"{str(value)[:60]!r} is no whole number")
    return bool(number >> place & 1)


def as_word(value: object) -> str:
    """A value as a mapping writes it: true, 1, leak.

    >>> as_word(True), as_word(1), as_word(2.0), as_word(" Leak ")
    ('true', '1', '2', 'leak')
    """
    is_whole = type(value) is float and value.is_integer()
    return str(int(value) if is_whole else value).strip().lower()  # type: ignore[call-overload]


def _to_bool(value: object, rule: FieldRule | None) -> Value | ConversionFailure:
    parsed = _parse_bool(value)
    if parsed is None:
        return ConversionFailure(f"{_describe(value)} is neither true nor false")
    return parsed is not (rule is not None and rule.invert)


def _parse_bool(value: object) -> bool | None:
    if type(value) is bool:
        return value
    if type(value) in (int, float):
        return {1: True, 0: False}.get(value)  # type: ignore[call-overload, no-any-return]
    word = value.strip().lower() if isinstance(value, str) else ""
    return True if word in _TRUE_WORDS else False if word in _FALSE_WORDS else None


def _to_number(value: object, rule: FieldRule | None) -> Value | ConversionFailure:
    if type(value) is int and abs(value) > _INT64_MAX:
        return ConversionFailure("a whole number of more than 64 bits")
    if type(value) is not int and type(value) is not float:
        return ConversionFailure(f"{_describe(value)} is not a number")
    number: float = value
    if number - number != 0:
        return ConversionFailure(f"{number} is not a finite number")
    if rule is None:
        return number
    if rule.milli_from is not None and number >= rule.milli_from:
        return number / 1000
    if rule.scale == 1 and not rule.offset:
        return number
    return round(number * rule.scale + rule.offset, 9)


def _to_text(value: object, _rule: FieldRule | None) -> Value | ConversionFailure:
    if not isinstance(value, str):
        return ConversionFailure(f"{_describe(value)} is not text")
    if len(value) > TEXT_MAX:
        return ConversionFailure(f"a text of {len(value)} characters: at most {TEXT_MAX} are stored")
    return value


_CONVERTERS: Final = {"bool": _to_bool, "number": _to_number, "text": _to_text}


def _describe(value: object) -> str:
    return f"{type(value).__name__} {value!r}"[:80]
