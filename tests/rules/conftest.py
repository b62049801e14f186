"""Fixtures of the tests of rules: the kinds, rulebooks and trials of the repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.kind import CommonQuantities, Kind
from rules.rulebook.model import Rulebook
from rules.trials.model import TrialBook
from tests.support.yaml_text import load_yaml

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def kinds() -> dict[str, Kind]:
    """Every kind of domain/kinds, with the quantities common to all."""
    folder = ROOT / "domain" / "kinds"
    common = CommonQuantities.model_validate(load_yaml((folder / "common.yaml").read_text())).common
    files = [file for file in folder.glob("*.yaml") if file.name != "common.yaml"]
    found = [Kind.model_validate(load_yaml(file.read_text())).with_common(common) for file in files]
    return {kind.kind: kind for kind in found}


@pytest.fixture(scope="session")
def books() -> dict[str, Rulebook]:
    """Every rulebook of rules/books, by file name."""
    files = [file for file in sorted((ROOT / "rules/books").glob("*.yaml")) if not file.stem.endswith("_test")]
    return {file.stem: Rulebook.model_validate(load_yaml(file.read_text())) for file in files}


@pytest.fixture(scope="session")
def trials() -> dict[str, TrialBook]:
    """The trials of the rulebooks, by the name of the rulebook."""
    files = sorted((ROOT / "rules/books").glob("*_test.yaml"))
    return {f.stem.removesuffix("_test"): TrialBook.model_validate(load_yaml(f.read_text())) for f in files}
