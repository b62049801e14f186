"""Error recovery: what is readable of a faulty rulebook, so that all its faults are reported at once.

Each rule is parsed by itself, with placeholders for faulty fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Any, Final

from msgspec import Struct
from pydantic import ValidationError

from domain import Fault
from rules.rulebook.model import RULE_TYPES, Rule, Rulebook

Where = tuple[str | int, ...]

_PLACEHOLDERS: Final[Mapping[str, object]] = {
    "title": {"zh": "-", "en": "-"}, "severity": "low", "source": "-", "when": "test", "kind": "any",
}  # fmt: skip
_DEPENDENT_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {"when": ("clear",), "severity": ("grades",)}
"""What cannot be judged when another field is wrong."""
_PART_PLACEHOLDERS: Final[Mapping[str | int, object]] = {"at_least": 2}
"""Placeholders for a part of a field whose absence would be a fault of its own."""
_UNREPLACEABLE: Final = frozenset(RULE_TYPES) - {"when"}


class PartialRulebook(Struct, frozen=True):
    """The rules that can be read, which rule of the file each is, and what is wrong with a rule as a whole."""

    book: Rulebook
    rule_indexes: tuple[int, ...]
    faults: tuple[Fault, ...]

    def relocate(self, faults: Iterable[Fault]) -> Iterator[Fault]:
        """Faults of `book` with their paths in the file."""
        for fault in faults:
            _, rule, *field = fault.where
            yield Fault(("rules", self.rule_indexes[int(rule)], *field), fault.message)


def parse_partially(data: object) -> PartialRulebook:
    """What of a file that is no rulebook may be looked at nevertheless."""
    written = data if isinstance(data, dict) else {}
    rules = written.get("rules")
    kept: list[tuple[int, Rule]] = []
    faults: list[Fault] = []
    for index, one in enumerate(rules if isinstance(rules, list) else ()):
        if isinstance(one, dict):
            rule, wrong = _rule(index, one)
            kept.append((index, rule))
            faults += wrong
    book = Rulebook.model_construct(hazard=str(written.get("hazard")), version=1, rules=[rule for _, rule in kept])
    return PartialRulebook(book, tuple(index for index, _ in kept), tuple(faults))


def _rule(index: int, written: dict[str, Any]) -> tuple[Rule, list[Fault]]:
    """The rule with what is harmless in place of faulty fields, and fields that do not go together."""
    first = [error["loc"] for error in _errors(written) if error["loc"]]
    written = _without_faulty_parts(written, [loc for loc in first if len(loc) > 1])
    wrong = frozenset(str(error["loc"][0]) for error in _errors(written) if error["loc"])
    replaced = wrong.union(*(_DEPENDENT_FIELDS.get(name, ()) for name in wrong))
    harmless = {"name": f"rule-{index}", **_PLACEHOLDERS}
    kept = {name: value for name, value in written.items() if name not in replaced}
    whole = kept | {name: harmless[name] for name in wrong if name in harmless}
    errors = _errors(whole)
    if not errors:
        return Rule.model_validate(whole), []
    # At least its name is known: other rules may refer to it.
    named = harmless | ({} if "name" in wrong or "name" not in written else {"name": written["name"]})
    # With no faulty field the first validation has reported what does not go together.
    seen = not first or wrong & _UNREPLACEABLE
    together = [] if seen else [Fault(("rules", index), errors[0]["msg"].removeprefix("Value error, "))]
    return _with_first_type(whole) or Rule.model_validate(named), together


def _with_first_type(written: dict[str, Any]) -> Rule | None:
    """The rule with the first of several types, without the others and their fields."""
    asked = [name for name in reversed(RULE_TYPES) if name in written]
    without = {name: value for name, value in written.items() if name not in (*asked[1:], "clear", "cancel")}
    return Rule.model_validate(without) if len(asked) > 1 and not _errors(without) else None


def _without_faulty_parts(written: dict[str, Any], wrong: Iterable[Where]) -> dict[str, Any]:
    """Without what is wrong inside a field: its other parts are looked at all the same."""
    repaired = deepcopy(written)
    for *way, name in wrong:
        held: Any = repaired
        for part in way:
            held = _part_of(held, part)
        if isinstance(held, dict):
            held.pop(name, None)
            held |= {stands: value for stands, value in _PART_PLACEHOLDERS.items() if stands == name}
    return repaired


def _part_of(held: object, part: str | int) -> Any:
    """The part at a key or index; None for the type names in pydantic's paths."""
    if isinstance(held, list):
        return held[part] if isinstance(part, int) else None
    return held.get(part) if isinstance(held, dict) else None


def _errors(written: dict[str, Any]) -> list[Any]:
    try:
        Rule.model_validate(written)
    except ValidationError as error:
        return list(error.errors())
    return []
