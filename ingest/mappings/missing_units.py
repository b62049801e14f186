"""Mappings that say nothing of the unit of a number that could be in several: it may be a thousand times off.

A doubt, not a fault: the number counts as ours. It reads no file.
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
"""What makers state in several units. A share, an angle or a pulse has one."""
UNITS_SHOWN_MAX: Final = 4


def missing_units(book: MappingBook, kinds: Mapping[str, Kind]) -> list[Fault]:
    """Each rule without unit, scale or offset for such a quantity, at its place, with what to write."""
    every = {name: each for kind in kinds.values() for name, each in kind.quantities.items()}
    found = list(_field_doubts(book.fields, every, ("fields",)))
    for name, fields in book.kinds.items():
        found += _field_doubts(fields, _quantities_of(kinds, name), ("kinds", name))
    for index, model in enumerate(book.models):
        found += _field_doubts(model.fields, _quantities_of(kinds, model.kind), ("models", index, "fields"))
    for name, fields in book.spoken.items():
        found += _field_doubts(fields, every if name == EVERY_KIND else _quantities_of(kinds, name), ("spoken", name))
    return found


def _quantities_of(kinds: Mapping[str, Kind], name: str) -> Mapping[str, Quantity]:
    return kinds[name].quantities if name in kinds else {}


def _field_doubts(fields: Fields, quantities: Mapping[str, Quantity], where: tuple[str | int, ...]) -> Iterator[Fault]:
    for field, rules in fields.items():
        for index, rule in enumerate(rules):
            quantity = quantities.get(rule.to or "")
            if (
                quantity is not None
                and _states_no_unit(field, rule)
                and dimension_of(quantity.unit) in AMBIGUOUS_DIMENSIONS
            ):
                place = (*where, field, *((index,) if len(rules) > 1 else ()))
                yield Fault(place, _message(rule, quantity))


def _states_no_unit(field: str, rule: FieldRule) -> bool:
    """A field under our own name is in our own unit."""
    return rule.to != field and not rule.unit and rule.scale == 1 and not rule.offset


def _message(rule: FieldRule, quantity: Quantity) -> str:
    others = convertible_units(quantity.unit)
    instead = f" (or {', '.join(others[:UNITS_SHOWN_MAX])})" if others else ""
    return (
        f"nobody says in which unit it is, and {rule.to} is in {quantity.unit}: write `unit: {quantity.unit}`{instead}"
        ", or `unit: stated` to take only numbers whose unit the message states"
    )
