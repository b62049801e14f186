"""Keeps names in terms of the field: finds identifiers made of words of this project only. Run by `make check`.

A package, or a folder of tests such as `tests.rules`, is checked once it stands in `CLEAN_PACKAGES`; others are added
when their names have been replaced.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

CLEAN_PACKAGES: Final = (
    "alerts",
    "app",
    "benchmarks",
    "console",
    "domain",
    "ingest",
    "rules",
    "simulators",
    "store",
    "tests.alerts",
    "tests.conftest",
    "tests.deploy",
    "tests.domain",
    "tests.end_to_end",
    "tests.rules",
    "tests.support",
)  # fmt: skip
"""Dotted names; one a line."""
INSTEAD: Final[Mapping[str, str]] = {
    "say": "apply, emit or report", "said": "reading, phase or value", "saying": "reading", "told": "emitted or out",
    "tell": "emit or notify", "tells": "emit", "hear": "record or receive", "heard": "last_arrival or received",
    "hears": "referenced_rules", "hearing": "intake", "deaf": "outage", "seat": "state", "seats": "states",
    "mind": "applicable", "minds": "applicable", "minded": "applicable_rules", "mindful": "applicability",
    "owe": "schedule", "owed": "timers", "owes": "schedules", "promise": "schedule", "cry": "danger",
    "stir": "may_be_dangerous", "stirs": "may_be_dangerous", "ponder": "evaluate", "pensive": "context_rules",
    "thorough": "context_quantities", "twitch": "is_dangerous", "twitches": "is_dangerous", "reflex": "value_test",
    "reflexes": "value_tests", "weigh": "evaluate", "weighing": "evaluation", "hush": "cancel", "nap": "sleep",
    "patience": "timing", "seldom": "rare", "usuals": "baselines", "wakes": "timers", "planned": "rule",
    "neighbourhood": "community", "renewal": "diff", "salvage": "recovery", "circles": "components",
    "his": "a noun", "mine": "a noun", "ways": "a noun", "twins": "duplicates", "farewell": "end",
    "house": "service", "stranger": "unregistered", "strangers": "unregistered", "cries": "dangers",
    "insist": "retry", "timetable": "scheduler", "chores": "jobs", "stamp": "fingerprint", "unheard": "outage",
    "kick": "wake", "bell": "wakeup", "doors": "endpoints", "telling": "alerting", "anew": "force",
    "foresight": "prefilter", "foresee": "find_dangers", "workshop": "process",
    "strikes": "failures", "complaint": "error", "breath": "burst", "goodbye": "disconnect", "glimpse": "copy",
    "newcomer": "discovered", "took": "on_messages",
    "untold": "unlisted", "utterance": "measurement",
    "speakable": "sanitised", "untidy": "fragmented",
    "shelf": "resource", "shelves": "resources", "deed": "detail", "witness": "a role",
    "registrar": "registry_admin", "furnish": "set_dependencies",
    "suspicion": "danger", "suspicious": "dangerous",
}  # fmt: skip
"""A word that names nothing in this field, and what to write instead."""
INSTEAD_IN_TESTS: Final[Mapping[str, str]] = {
    "story": "scenario, history or timeline", "stories": "scenarios", "tale": "finding", "scene": "scenario",
    "judge": "evaluate", "judged": "evaluated", "judges": "engines", "judging": "evaluation",
    "say": "report", "says": "reports", "speak": "report", "speaks": "reports", "spoken": "reported",
    "nobody": "no person, or a noun", "somebody": "a person", "everybody": "all", "anybody": "a person",
    "whoever": "a noun", "fresh": "new", "afresh": "again", "law": "table", "twin": "duplicate",
    "deafens": "stops", "forgets": "drops", "reckoned": "calculated", "foretold": "forecast", "patient": "slow",
}  # fmt: skip
"""More such words, for tests."""
TERMS_OF_TESTS: Final = frozenset({"doors", "house", "planned"})
"""Words of INSTEAD that are things in tests: doors with sensors, houses, planned silences."""
STORED_NAMES: Final = frozenset({"doors", "house", "longest_promise_min"})
"""Names of columns and of keys in the files of a site; they stay."""
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def is_clean(file: Path) -> bool:
    """Whether this file, relative to the repository, lies in a package whose names are checked."""
    module = ".".join(file.with_suffix("").parts)
    return any(module == package or module.startswith(f"{package}.") for package in CLEAN_PACKAGES)


def name_faults(file: Path, source: str) -> Iterator[str]:
    """Every name that a file defines and that is made of such a word, as `file:line: name: what to write`.

    Names that it only uses belong to other packages; fields of msgspec keep what is on disk with `field(name=...)`.
    """
    instead = _instead(file)
    for line, name in sorted(set(_defined(ast.parse(source)))):
        if name in STORED_NAMES:
            continue
        for word in dict.fromkeys(word.lower() for word in _WORD.findall(name)):
            if word in instead:
                yield f"{file}:{line}: {name}: {word!r} is no term of this field: write {instead[word]}"


def _instead(file: Path) -> Mapping[str, str]:
    if file.parts[0] != "tests":
        return INSTEAD
    return {word: noun for word, noun in {**INSTEAD, **INSTEAD_IN_TESTS}.items() if word not in TERMS_OF_TESTS}


def _defined(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id if isinstance(node, ast.Name) else node.attr
        elif isinstance(node, ast.alias) and node.asname is not None:
            yield node.lineno, node.asname
