"""Holds the house against its own drawing: packages, state tables, file sizes, names. Run by `make check`.

Prints one plain sentence a fault and ends with 1; it reads the checkout it stands in.
"""

from __future__ import annotations

import ast
import itertools
import sys
import tomllib
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from tests.architecture.mirror import mirror_faults
from tests.architecture.plain_names import is_clean, name_faults
from tests.architecture.short_timeouts import short_timeout_faults
from tests.architecture.untraced_tests import LIST, untraced_faults

ROOT = Path(__file__).resolve().parents[2]
MAX_LINES = {"tests": 500}
HOSTS_USE = {"async", "ssl", "quickjs", "concurrent", "threading", "multiprocessing"}
FORBIDDEN_NAMES = ("utils", "helpers", "common", "base", "manager", "misc")


def faults() -> Iterator[str]:
    """Every difference between the house and its drawing."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    yield from package_faults(settings)
    yield from purity_faults(settings)
    yield from mirror_faults(ROOT, _packages(settings))
    yield from untraced_faults(LIST.read_text("utf-8"), ROOT)
    yield from table_faults("rules", *_rules_table())
    yield from table_faults("alerts", *_alerts_table())
    for file in sorted(ROOT.glob("*/**/*.py")):
        parts = file.relative_to(ROOT).parts
        if parts[0] in (*_packages(settings), "tests", "benchmarks") and "node_modules" not in parts:
            source = file.read_text("utf-8")
            yield from file_faults(file.relative_to(ROOT), source.count("\n"))
            if parts[0] == "tests":
                yield from short_timeout_faults(file.relative_to(ROOT), source)
            if is_clean(file.relative_to(ROOT)):
                yield from name_faults(file.relative_to(ROOT), source)


def _packages(settings: Mapping[str, Any]) -> list[str]:
    return list(settings["tool"]["importlinter"]["root_packages"])


def package_faults(settings: Mapping[str, Any]) -> Iterator[str]:
    """A top-level package that no import contract knows, or one that the contract knows and nobody wrote."""
    declared = set(_packages(settings))
    layers = set(" | ".join(settings["tool"]["importlinter"]["contracts"][0]["layers"]).split(" | "))
    found = {
        folder.parent.name for folder in ROOT.glob("*/__init__.py") if folder.parent.name not in ("tests", "benchmarks")
    }
    for name in sorted(found - declared):
        yield f"pyproject.toml: the package {name} has no floor: add it to root_packages and to the layers contract"
    for name in sorted(declared - found):
        yield f"pyproject.toml: the package {name} is in the contract and not in the tree"
    for name in sorted(declared ^ layers):
        yield f"pyproject.toml: {name} must stand both in root_packages and in the layers contract"


def purity_faults(settings: Mapping[str, Any]) -> Iterator[str]:
    """A module of the three rooms that touches nothing impure and is not in the list that promises it."""
    contract = next(
        one for one in settings["tool"]["importlinter"]["contracts"] if one["name"].startswith("The pure modules")
    )
    impure, listed = set(contract["forbidden_modules"]) | HOSTS_USE, tuple(contract["source_modules"])
    for room in ("ingest", "rules", "alerts"):
        for file in sorted((ROOT / room).rglob("*.py")):
            name = ".".join(file.relative_to(ROOT).with_suffix("").parts)
            known = any(name == module or name.startswith(f"{module}.") for module in listed)
            if file.name != "__init__.py" and not known and not imported(file) & impure:
                yield f"pyproject.toml: {name} is pure and not in the list of pure modules: add it"


def imported(file: Path) -> set[str]:
    """The top-level names that a file imports, and whether it awaits (then it is a host)."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
        elif isinstance(node, ast.AsyncFunctionDef):
            found.add("async")
    return found


def table_faults(room: str, table: Mapping[Any, Any], states: type[Enum], signals: type[Enum]) -> Iterator[str]:
    """A state table answers every signal in every state, or names what it misses."""
    for state, signal in itertools.product(states, signals):
        if (state, signal) not in table:
            yield f"{room}: the state table has no answer for {signal.value!r} while {state.value!r}: add the pair"


def _rules_table() -> tuple[Mapping[Any, Any], type[Enum], type[Enum]]:
    from rules.lifecycle import transitions

    return transitions.TRANSITIONS, transitions.Phase, transitions.Signal


def _alerts_table() -> tuple[Mapping[Any, Any], type[Enum], type[Enum]]:
    from alerts import alert
    from alerts.lifecycle import transitions

    return transitions.TRANSITIONS, alert.State, transitions.Signal


def file_faults(file: Path, lines: int) -> Iterator[str]:
    """A file that has grown two purposes, or a name that says nothing."""
    limit = MAX_LINES.get(file.parts[0], 320)
    if lines > limit:
        yield f"{file}: {lines} lines, {limit} at most: a room with two purposes?"
    if any(word in FORBIDDEN_NAMES for word in file.stem.lower().split("_")):
        yield f"{file}: the name says nothing about what is inside"


def main() -> int:
    found = list(faults())
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
