"""Units of measurement: the unit in a text, the unit that another field states, and conversion to our units.

Symbols are those of the SI brochure (BIPM, 9th edition) and of UCUM, and spellings that makers use. A symbol is looked
up as it is written first (`mW` is not `MW`), then without regard to case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from msgspec import Struct

from ingest.mappings.field_names import normalized


class Unit(Struct, frozen=True):
    """`value * factor + offset` is the value in the base unit of its `dimension`: the first one in UNIT_SYMBOLS."""

    dimension: str
    factor: float = 1
    offset: float = 0


_FAHRENHEIT: Final = Unit("temperature", 5 / 9, -160 / 9)

UNIT_SYMBOLS: Final[dict[Unit, str]] = {
    Unit("temperature"): "°C ℃ C degC Cel celsius °c 摄氏度 celsiusDegrees 度C",
    _FAHRENHEIT: "°F ℉ F degF fahrenheit [degF] 华氏度",
    Unit("temperature", 1, -273.15): "K kelvin",
    Unit("length"): "mm millimeter millimetre 毫米",
    Unit("length", 10): "cm centimeter centimetre 厘米",
    Unit("length", 1_000): "m meter metre meters metres 米",
    Unit("length", 25.4): 'in inch inches " [in_i]',
    Unit("length", 304.8): "ft foot feet [ft_i]",
    Unit("volume"): "m³ m3 m^3 cbm cubicMeter 立方米 方 吨 кубм м³ м3",
    Unit("volume", 0.001): "L l ℓ liter litre liters litres Liter dm³ dm3 升 л",
    Unit("volume", 0.000001): "mL ml milliliter millilitre cm³ cm3 毫升",
    Unit("volume", 0.01): "hL hl",
    Unit("volume", 0.1): "daL dal",
    Unit("volume", 0.003785411784): "gal gallon gallons US-gal [gal_us]",
    Unit("volume", 0.00454609): "imp-gal [gal_br]",
    Unit("volume", 0.028316846592): "ft³ ft3 CF cuft cu-ft [cft_i]",
    Unit("volume", 2.8316846592): "CCF",
    Unit("flow"): "m³/h m3/h m^3/h cbm/h cubicMeterPerHour м³/ч 立方米/小时",
    Unit("flow", 0.001): "L/h l/h lph litrePerHour 升/小时",
    Unit("flow", 0.06): "L/min l/min lpm 升/分",
    Unit("flow", 3.6): "L/s l/s litrePerSec",
    Unit("flow", 3_600): "m³/s m3/s cubicMeterPerSec",
    Unit("flow", 60): "m³/min m3/min",
    Unit("flow", 0.2271247107): "gal/min gpm [gal_us]/min",
    Unit("voltage"): "V volt volts Volt 伏 В",
    Unit("voltage", 0.001): "mV millivolt 毫伏",
    Unit("share"): "% percent pct %RH 百分比",
    Unit("lel"): "%LEL LEL %lel LEL% %UEG UEG",
    Unit("gas share"): "%vol vol% %VOL Vol% %Vol. Vol.-%",
    Unit("gas share", 0.0001): "ppm ppmv 10^-6 [ppm]",
    Unit("gas share", 0.0000001): "ppb [ppb]",
    Unit("angle"): "° deg degree degrees 度",
    Unit("angle", 57.29577951308232): "rad radian",
    Unit("level"): "dBm dbm",
    Unit("mass per volume"): "mg/m³ mg/m3 µg/m³ ug/m3 g/m³",
    Unit("pressure"): "Pa hPa kPa MPa bar mbar psi",
    Unit("blood pressure"): "mmHg",
    Unit("rate"): "bpm BPM /min 次/分",
    Unit("time"): "s sec",
    Unit("time", 60): "min",
}

OUR_UNITS: Final[dict[str, Unit]] = {
    "°C": Unit("temperature"),
    "mm": Unit("length"),
    "m³": Unit("volume"),
    "m³/h": Unit("flow"),
    "V": Unit("voltage"),
    "%": Unit("share"),
    "%LEL": Unit("lel"),
    "%vol": Unit("gas share"),
    "ppm": Unit("gas share", 0.0001),
    "°": Unit("angle"),
    "deg": Unit("angle"),
    "bpm": Unit("rate"),
    "mmHg": Unit("blood pressure"),
    "s": Unit("time"),
    "dBm": Unit("level"),
}
"""The units of our quantities (domain/kinds)."""

METHANE_LEL_VOL: Final = 5.0
"""The lower explosive limit of methane, the main part of town gas, in percent of volume (GB 15322, IEC 60079-20-1:
4.4; the Chinese standards for household alarms compute with 5). Converting with 5 gives the lower concentration of the
two; the alarm bit itself does not depend on it."""

_BY_SYMBOL: Final = {symbol: unit for unit, symbols in UNIT_SYMBOLS.items() for symbol in symbols.split()}
_BY_CASEFOLDED_SYMBOL: Final = {symbol.casefold(): unit for symbol, unit in reversed(list(_BY_SYMBOL.items()))}

_NUMBER: Final = re.compile(
    r"\s*([+-]?(?:\d+(?:[.,]\d+)*|[.,]\d+)(?:[eE][+-]?\d{1,3}(?![A-Za-z]))?)\s*(.*?)\s*", re.DOTALL
)
_BRACKETED_REMARK: Final = re.compile(r"\s*[(（].*[)）]\s*$", re.DOTALL)
_UNIT_FIELD: Final = re.compile(r"(.*?)(?:unit|units|unitofmeas|unitofmeasurement|unitofmeasure|单位)")
_TEXT_MAX: Final = 80


def unit_of(symbol: str) -> Unit | None:
    """The unit with this symbol.

    >>> unit_of("l"), unit_of("°F").dimension, unit_of("MM").dimension, unit_of("parsec")
    (Unit(dimension='volume', factor=0.001, offset=0), 'temperature', 'length', None)
    """
    symbol = symbol.strip()
    found = _BY_SYMBOL.get(symbol) or _BY_CASEFOLDED_SYMBOL.get(symbol.replace(" ", "").casefold())
    return found or _BY_SYMBOL.get(symbol.partition(" ")[0])  # `%vol CH4`


def dimension_of(our_unit: str) -> str:
    """The dimension of one of our units; empty for no unit and for a unit that is not converted.

    >>> dimension_of("m³"), dimension_of("steps")
    ('volume', '')
    """
    return OUR_UNITS[our_unit].dimension if our_unit in OUR_UNITS else ""


def convertible_units(our_unit: str) -> list[str]:
    """The first symbol of each other unit that is converted to this one of ours.

    >>> convertible_units("mm")[:3], convertible_units("%"), convertible_units("steps")
    (['cm', 'm', 'in'], [], [])
    """
    target = OUR_UNITS.get(our_unit)
    return [
        symbols.split()[0]
        for unit, symbols in UNIT_SYMBOLS.items()
        if target and unit != target and unit.dimension == target.dimension
    ]


def number_and_unit(text: str) -> tuple[float | int, str] | None:
    """The number that a text begins with and the unit behind it, without a remark in brackets. None: no number.

    >>> number_and_unit("1700 mm"), number_and_unit("12,5"), number_and_unit("2.4(low battery)"), number_and_unit("x")
    ((1700, 'mm'), (12.5, ''), (2.4, ''), None)
    >>> number_and_unit("1.234,5 L"), number_and_unit("1,234.5"), number_and_unit("1.2.3")
    ((1234.5, 'L'), (1234.5, ''), None)
    """
    found = _NUMBER.fullmatch(text[:_TEXT_MAX])
    digits = _with_decimal_point(found[1]) if found else None
    if found is None or digits is None:
        return None
    number = float(digits)
    is_whole = number.is_integer() and "." not in digits and "e" not in digits.lower()
    return int(number) if is_whole else number, _BRACKETED_REMARK.sub("", found[2])


def _with_decimal_point(digits: str) -> str | None:
    """The number with a decimal point. Of two separators the last is the decimal one; `1,234,567` has groups."""
    commas, points = digits.count(","), digits.count(".")
    if commas > 1 and not points:
        return digits.replace(",", "") if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+", digits) else None
    if commas and points:
        decimal = max(",.", key=digits.rindex)
        digits = digits.replace("," if decimal == "." else ".", "")
        return digits.replace(",", ".") if digits.count(decimal) == 1 else None
    return None if points > 1 else digits.replace(",", ".")


def to_our_unit(number: float, unit: Unit, our_unit: str) -> float | None:
    """The number in our unit, or None when the dimensions differ.

    >>> to_our_unit(140, unit_of("°F"), "°C"), to_our_unit(1.35, unit_of("m"), "mm")
    (60.0, 1350.0)
    >>> to_our_unit(3.02, unit_of("V"), "%")
    >>> to_our_unit(1.2, unit_of("%vol"), "%LEL"), to_our_unit(1200, unit_of("ppm"), "ppm")
    (24.0, 1200.0)
    """
    target = OUR_UNITS.get(our_unit)
    if target is None:
        return None
    in_base = number * unit.factor + unit.offset
    if (unit.dimension, target.dimension) == ("gas share", "lel"):
        return round(in_base * 100 / METHANE_LEL_VOL, 9)
    if unit.dimension == "angle" and target.dimension == "temperature" and unit.factor == 1:
        return number  # 23.5° of a thermometer
    if unit.dimension != target.dimension:
        return None
    return round((in_base - target.offset) / target.factor, 9)


class StatedUnits(Struct, frozen=True):
    """Units that fields of one message state for other fields: `unit_fields` state the units in `by_stem`."""

    unit_fields: frozenset[str] = frozenset()
    by_stem: Mapping[str, str] = {}

    def unit_for(self, field: str, our_unit: str) -> str | None:
        """The unit stated for this field, whose quantity is in `our_unit`; None when none is stated.

        A unit under the field's own name counts in any case. One under `unit`, `temp unit` or a part of the field's
        name counts if it has the dimension of our unit.
        """
        if not self.by_stem:
            return None
        field_stem = _stem(field)
        if field_stem in self.by_stem:
            return self.by_stem[field_stem]
        for stem, symbol in self.by_stem.items():
            unit, target = unit_of(symbol), OUR_UNITS.get(our_unit)
            if unit is None or target is None or unit.dimension != target.dimension:
                continue
            if stem in ("", "temp", "temperature") or stem in field_stem or field_stem in stem:
                return symbol
        return None


NO_STATED_UNITS: Final = StatedUnits()


def stated_units(fields: Iterable[tuple[str, object]]) -> StatedUnits:
    """The units that fields of a message state for other fields.

    >>> stated = stated_units([("TotalVolume", 45497), ("Unit", "l"), ("t.unit", "F"), ("flat_unit", "3b")])
    >>> stated.unit_for("TotalVolume", "m³"), stated.unit_for("t.value", "°C"), stated.unit_for("TotalVolume", "mm")
    ('l', 'F', None)
    """
    symbols = {name: value for name, value in fields if isinstance(value, str) and _stem_stated(name) is not None}
    stems = {_stem_stated(name): symbol for name, symbol in symbols.items()}
    by_stem = {stem: symbol for stem, symbol in stems.items() if stem is not None and (stem or unit_of(symbol))}
    return StatedUnits(frozenset(symbols), by_stem) if by_stem else NO_STATED_UNITS


def states_unit(name: str) -> bool:
    """Whether a field of this name may state the unit of another.

    >>> states_unit("flow_unit"), states_unit("flow_m3h")
    (True, False)
    """
    return _stem_stated(name) is not None


@lru_cache(maxsize=4_096)
def _stem_stated(name: str) -> str | None:
    """The name whose unit this field states: `temperature` for temperature_unit, empty for a bare unit. None: none."""
    found = _UNIT_FIELD.fullmatch(normalized(name))
    return found[1] if found else None


@lru_cache(maxsize=4_096)
def _stem(name: str) -> str:
    """The normalized name of a field without a trailing `value`, as it is in the name of its unit field."""
    whole = normalized(name)
    return whole.removesuffix("value") or whole
