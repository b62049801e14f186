"""Checks a mapping book: every fault with its place and what to write instead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from domain import Fault
from domain.kind import Kind, Quantity
from ingest.mappings.conversion import STATED
from ingest.mappings.mapping import EVERY_KIND, FieldRule, Fields, MappingBook
from ingest.mappings.units import to_our_unit, unit_of
from ingest.mappings.vocabulary import Meaning

_PYTHON_TYPES = {"bool": (bool,), "number": (int, float), "text": (str,)}


def check(book: MappingBook, kinds: Mapping[str, Kind]) -> list[Fault]:
    """All faults of a book: unknown kinds and quantities, words of the wrong type, rules without effect."""
    all_quantities = {name: quantity for kind in kinds.values() for name, quantity in kind.quantities.items()}
    faults = list(_field_faults(book.fields, all_quantities, ("fields",), "any kind"))
    for name, fields in book.kinds.items():
        faults += _kind_faults(name, fields, kinds, ("kinds", name))
    for index, model in enumerate(book.models):
        place = "fields" if model.kind in kinds else "kind"
        faults += _kind_faults(model.kind, model.fields, kinds, ("models", index, place))
    faults += _field_faults(book.spoken.get(EVERY_KIND, {}), all_quantities, ("spoken", EVERY_KIND), "any kind")
    for name, fields in book.spoken.items():
        faults += _kind_faults(name, fields, kinds, ("spoken", name)) if name != EVERY_KIND else ()
    return [*faults, *_word_faults(book, kinds)]


def _kind_faults(name: str, fields: Fields, kinds: Mapping[str, Kind], where: tuple[str | int, ...]) -> Iterator[Fault]:
    kind = kinds.get(name)
    if kind is None:
        yield Fault(where, f"there is no kind {name}: write one of {', '.join(sorted(kinds))}")
    else:
        yield from _field_faults(fields, kind.quantities, where, name)


def _field_faults(
    fields: Fields, quantities: Mapping[str, Quantity], where: tuple[str | int, ...], owner: str
) -> Iterator[Fault]:
    for field, rules in fields.items():
        for index, rule in enumerate(rules):
            message = _rule_fault(field, rule, quantities, owner)
            if message is not None:
                # A field's only rule may be written without the list around it.
                place = (*where, field, *((index,) if len(rules) > 1 else ()))
                is_unknown = rule.to is not None and rule.to not in quantities
                yield Fault((*place, "to") if is_unknown else place, message)


def _rule_fault(field: str, rule: FieldRule, quantities: Mapping[str, Quantity], owner: str) -> str | None:
    """A rule to a quantity of the field's own name is right: it waits for a kind that has such a quantity."""
    if rule.ignore or rule.to == field:
        return None
    if rule.to is None:
        return "it becomes nothing: write `to: <quantity>` or `ignore`"
    quantity = quantities.get(rule.to)
    if quantity is None:
        return f"{owner} has no quantity {rule.to}: write one of {', '.join(sorted(quantities))}"
    meanings = {word: value for word, value in (rule.words or {}).items() if value is not None}
    wrong_words = [word for word, value in meanings.items() if type(value) not in _PYTHON_TYPES[quantity.type]]
    if wrong_words:
        return f"{rule.to} is a {quantity.type}: the word {wrong_words[0]!r} must become one"
    if quantity.type != "bool" and (rule.invert or rule.bit is not None or type(rule.otherwise) is bool):
        return f"{rule.to} is a {quantity.type}: only a bool can be inverted, be a bit, or be yes or no otherwise"
    if quantity.type != "number" and (rule.scale != 1 or rule.offset or rule.text_number or rule.largest or rule.unit):
        return f"{rule.to} is a {quantity.type}: only a number has scale, offset, text_number, largest and unit"
    return _unit_fault(rule, quantity)


def _unit_fault(rule: FieldRule, quantity: Quantity) -> str | None:
    if rule.unit in ("", STATED):
        return None
    unit = unit_of(rule.unit)
    if unit is None or to_our_unit(1, unit, quantity.unit) is None:
        our_unit = quantity.unit or "no unit"
        return f"{rule.unit!r} is no unit of {rule.to}, which is in {our_unit}: write one of its units or `stated`"
    return None


def _word_faults(book: MappingBook, kinds: Mapping[str, Kind]) -> Iterator[Fault]:
    """Words of unknown kinds, and meanings that are neither one of ours nor a danger of the kind."""
    for name, lists in book.words.items():
        if name != EVERY_KIND and name not in kinds:
            yield Fault(("words", name), f"there is no kind {name}: write one of {', '.join(sorted(kinds))}")
            continue
        quantities = kinds[name].quantities if name != EVERY_KIND else {}
        dangers = [danger for danger, quantity in quantities.items() if quantity.danger]
        meanings = [*(meaning.value for meaning in Meaning), *dangers]
        for meaning in lists:
            if meaning not in meanings:
                yield Fault(("words", name, meaning), f"{meaning} is no meaning: write one of {', '.join(meanings)}")
