"""What of a faulty rulebook can still be read, so that all its mistakes are named at once and not one after the other:
each rule by itself, with something harmless in place of the fields that are wrong by themselves. It knows no kinds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from msgspec import Struct
from pydantic import ValidationError

from domain import Fault
from rules.rulebook import QUESTIONS, Rule, Rulebook

Where = tuple[str | int, ...]

_HARMLESS: Final[Mapping[str, object]] = {
    "title": {"zh": "-", "en": "-"}, "severity": "low", "source": "-", "when": "test", "kind": "any",
}  # fmt: skip
_FALLS_WITH: Final[Mapping[str, tuple[str, ...]]] = {"when": ("clear",), "severity": ("grades",)}
"""What cannot be judged when another field is wrong."""
_BEYOND_HELP: Final = frozenset(QUESTIONS) - {"when"}


class Salvaged(Struct, frozen=True):
    """The rules that can be read, which rule of the file each is, and what is wrong with a rule as a whole."""

    book: Rulebook
    places: tuple[int, ...]
    faults: tuple[Fault, ...]

    def in_file(self, faults: Iterable[Fault]) -> Iterator[Fault]:
        """Faults found in `book`, where they stand in the file."""
        for fault in faults:
            _, rule, *field = fault.where
            yield Fault(("rules", self.places[int(rule)], *field), fault.message)


def salvage(data: object) -> Salvaged:
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
    return Salvaged(book, tuple(index for index, _ in kept), tuple(faults))


def _rule(index: int, written: dict[str, Any]) -> tuple[Rule, list[Fault]]:
    """The rule with what is harmless in place of faulty fields, and fields that do not go together."""
    wrong = frozenset(str(error["loc"][0]) for error in _errors(written) if error["loc"])
    replaced = wrong.union(*(_FALLS_WITH.get(name, ()) for name in wrong))
    harmless = {"name": f"rule-{index}", **_HARMLESS}
    kept = {name: value for name, value in written.items() if name not in replaced}
    whole = kept | {name: harmless[name] for name in wrong if name in harmless}
    errors = _errors(whole)
    if not errors:
        return Rule.model_validate(whole), []
    # At least its name is known: others may speak of it.
    named = harmless | ({} if "name" in wrong or "name" not in written else {"name": written["name"]})
    # With no field wrong by itself the first look has told what does not go together.
    seen = not wrong or wrong & _BEYOND_HELP
    together = [] if seen else [Fault(("rules", index), errors[0]["msg"].removeprefix("Value error, "))]
    return Rule.model_validate(named), together


def _errors(written: dict[str, Any]) -> list[Any]:
    try:
        Rule.model_validate(written)
    except ValidationError as error:
        return list(error.errors())
    return []
