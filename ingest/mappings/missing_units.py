"""Mapping rules without a unit for a number that could be in several units: it may be wrong by a factor of 1,000.

A doubt, not a fault: such a number is taken in our unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from domain import Fault
from domain.kind import Kind, Quantity
from ingest.mappings.mapping import EVERY_KIND, FieldRule, Fields, MappingBook
from ingest.mappings.units import convertible_units, dimension_of

AMBIGUOUS_DIMENSIONS: Final = frozenset(
    {"temperature", "length", "volume", "flow", "voltage", "lel", "gas share", "time"}
)
"""Dimensions that makers state in several units. A share, an angle or a pulse has one unit."""
UNITS_SHOWN_MAX: Final = 4


def missing_units(book: MappingBook, kinds: Mapping[str, Kind]) -> list[Fault]:
    """Each rule without unit, scale or offset for such a quantity, at its place, with what to write."""
    all_quantities = {name: quantity for kind in kinds.values() for name, quantity in kind.quantities.items()}
    doubts = list(_field_doubts(book.fields, all_quantities, ("fields",)))
    for name, fields in book.kinds.items():
        doubts += _field_doubts(fields, _quantities_of(kinds, name), ("kinds", name))
    for index, model in enumerate(book.models):
        doubts += _field_doubts(model.fields, _quantities_of(kinds, model.kind), ("models", index, "fields"))
    for name, fields in book.spoken.items():
        quantities = all_quantities if name == EVERY_KIND else _quantities_of(kinds, name)
        doubts += _field_doubts(fields, quantities, ("spoken", name))
    return doubts


def _quantities_of(kinds: Mapping[str, Kind], name: str) -> Mapping[str, Quantity]:
    return kinds[name].quantities if name in kinds else {}


def _field_doubts(fields: Fields, quantities: Mapping[str, Quantity], where: tuple[str | int, ...]) -> Iterator[Fault]:
    for field, rules in fields.items():
        for index, rule in enumerate(rules):
            quantity = quantities.get(rule.to or "")
            if quantity is None or dimension_of(quantity.unit) not in AMBIGUOUS_DIMENSIONS:
                continue
            if _states_no_unit(field, rule):
                place = (*where, field, *((index,) if len(rules) > 1 else ()))
                yield Fault(place, _message(rule, quantity))


def _states_no_unit(field: str, rule: FieldRule) -> bool:
    """A field with the name of our quantity is in our unit."""
    return rule.to != field and not rule.unit and rule.scale == 1 and not rule.offset


def _message(rule: FieldRule, quantity: Quantity) -> str:
    others = convertible_units(quantity.unit)
    alternatives = f" (or {', '.join(others[:UNITS_SHOWN_MAX])})" if others else ""
    return (
        f"nobody says in which unit it is, and {rule.to} is in {quantity.unit}: write `unit: {quantity.unit}`"
        f"{alternatives}, or `unit: stated` to take only numbers whose unit the message states"
    )
