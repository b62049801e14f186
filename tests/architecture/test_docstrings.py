"""Examples in docstrings of every package are run."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("domain", "ingest", "rules", "alerts", "store", "console", "simulators", "app")
MODULES = [
    ".".join(file.relative_to(ROOT).with_suffix("").parts)
    for package in PACKAGES
    for file in sorted((ROOT / package).rglob("*.py"))
    if ">>> " in file.read_text("utf-8")
]


OPTIONAL = frozenset({"pyswmm", "wntr"})
"""Packages of `make town-tools`, without which everything else is tested."""


@pytest.mark.parametrize("module", MODULES)
def test_examples_are_true(module: str) -> None:
    try:
        imported = import_module(module)
    except ModuleNotFoundError as missing:
        if missing.name not in OPTIONAL:
            raise
        pytest.skip(f"{missing.name} is not installed: run `make town-tools`")
    result = doctest.testmod(imported)
    assert result.attempted > 0
    assert result.failed == 0
