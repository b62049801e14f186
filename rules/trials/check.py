"""Every fault in the trials of a rulebook (unknown rules, kinds, quantities, attributes), also of a file that does not
parse.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from domain import Fault
from domain.kind import Kind
from rules.language.nodes import attributes
from rules.language.typecheck import unknown_quantity
from rules.rulebook.attributes import KNOWN_ATTRIBUTES, suggested_attribute
from rules.rulebook.check import FaultIterator
from rules.rulebook.model import ANY_KIND, Rulebook
from rules.rulebook.references import suggestion
from rules.trials.model import Trial, TrialBook


def check_trials(trials: TrialBook, book: Rulebook, kinds: Mapping[str, Kind]) -> list[Fault]:
    """Every mistake in the trials of a book: rules, kinds and quantities that do not exist."""
    found: list[Fault] = []
    rules = {rule.name: rule for rule in book.rules}
    asked = _used_attributes(book)
    for index, trial in enumerate(trials.trials):
        found += [Fault(("trials", index, *where), message) for where, message in _attribute_faults(trial, asked)]
        rule = rules.get(trial.rule)
        if not trial.rule:
            continue
        if rule is None:
            found.append(
                Fault(("trials", index, "rule"), f"no rule {trial.rule} in this book{suggestion(trial.rule, rules)}")
            )
            continue
        if trial.reset and not rule.latch:
            message = f"{rule.name} has no latch, nobody resets it: remove reset, or write latch: true into the rule"
            found.append(Fault(("trials", index, "reset"), message))
        first = next(iter(sorted(kinds) if ANY_KIND in rule.kinds else rule.kinds), "")
        found += [Fault(("trials", index, *where), message) for where, message in _device_faults(trial, first, kinds)]
    return found


def _used_attributes(book: Rulebook) -> dict[str, frozenset[str]]:
    """The attributes that the rules of a book read, by owner."""
    asked: dict[str, set[str]] = {owner: set() for owner in KNOWN_ATTRIBUTES}
    for node in (node for rule in book.rules for _, node in rule.conditions()):
        for one in attributes(node):
            asked.setdefault(one.owner, set()).add(one.name)
    return {owner: frozenset(names) for owner, names in asked.items()}


def _attribute_faults(trial: Trial, asked: Mapping[str, frozenset[str]]) -> FaultIterator:
    """Attributes of a trial that no rule reads and that resemble one that is read."""
    written: list[tuple[str, tuple[str | int, ...], Mapping[str, object]]] = [
        (owner, (owner,), getattr(trial, owner)) for owner in ("person", "place", "device")
    ]
    written += [("device", ("devices", name, "attributes"), one.attributes) for name, one in trial.devices.items()]
    for owner, path, attributes_ in written:
        for name in attributes_:
            if (other := suggested_attribute(owner, name, asked)) is not None:
                yield (*path, name), f"no rule asks for {owner}.{name}: did you mean {other}?"


def _device_faults(trial: Trial, first: str, kinds: Mapping[str, Kind]) -> FaultIterator:
    for name, taking in trial.devices_by_name(first).items():
        path = ("devices", name) if trial.devices else ()
        if taking.kind not in kinds:
            yield (*path, "kind"), f"no kind {taking.kind}{suggestion(taking.kind, kinds)}"
            continue
        for quantity in (one for one in taking.readings if one not in kinds[taking.kind].quantities):
            yield (*path, "readings", quantity), unknown_quantity(quantity, kinds[taking.kind])


def parse_trials_partially(data: object) -> TrialBook:
    """What is readable of a faulty file of trials: rules, kinds and quantities.

    Every trial keeps its index; an unreadable one is empty.
    """
    written = data.get("trials") if isinstance(data, dict) else None
    trials = [_names_of(one if isinstance(one, dict) else {}) for one in (written if isinstance(written, list) else ())]
    return TrialBook.model_construct(trials=trials)


def _names_of(written: dict[str, Any]) -> Trial:
    devices = {name: _names_in_device(one) for name, one in _mapping(written.get("devices")).items()}
    named: dict[str, Any] = {"name": "-", "rule": written.get("rule"), "every": "10s", "expect": []}
    spoken = {"devices": devices} if devices else _names_in_device(written)
    # What is right as a whole is checked as a whole: its attributes and resets as well as its names.
    for fields in (written, {**named, **spoken}):
        with suppress(ValidationError):
            return Trial.model_validate(fields)
    return Trial.model_construct(rule="", devices={}, kind=None, readings={}, person={}, place={}, device={}, reset=[])


def _names_in_device(written: object) -> dict[str, Any]:
    held = _mapping(written)
    kind = {"kind": held["kind"]} if "kind" in held else {}
    return {**kind, "readings": dict.fromkeys(_mapping(held.get("readings")), "_")}


def _mapping(written: object) -> dict[str, Any]:
    return written if isinstance(written, dict) else {}
