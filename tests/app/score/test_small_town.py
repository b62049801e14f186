"""The small town, one day with all faults: no figure falls below docs/quality.md, and the score is the recorded one."""

import hashlib
import re
from pathlib import Path

import msgspec
import pytest

from app.cli.score import as_json
from app.score.run import Result, simulate
from app.score.settings import Settings, fault_names

QUALITY = Path(__file__).parents[3] / "docs" / "quality.md"
RECORDED = Path(__file__).parent / "small_town.sha256"
SETTINGS = Settings("small", seed=1, days=1, faults=fault_names("all"))


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return simulate(SETTINGS, tmp_path_factory.mktemp("small") / "run")


def bounds() -> dict[str, tuple[str, float]]:
    """Figure -> at least or at most, and the bound: the table of docs/quality.md between its two marks."""
    table = QUALITY.read_text("utf-8").split("<!-- bounds -->")[1]
    rows = re.findall(r"\| `([a-z_0-9.]+)` \| (at least|at most) \| ([0-9.]+) \|", table)
    assert len(rows) == table.count("| `")
    return {figure: (direction, float(bound)) for figure, direction, bound in rows}


def figure_of(result: Result, name: str) -> float:
    value = msgspec.to_builtins(result.figures)
    for part in name.split("."):
        value = value[part]
    return float(value)


@pytest.mark.timeout(600)
def test_no_figure_of_the_small_town_falls_below_its_bound(result: Result):
    known = bounds()
    assert {"life_safety_recall", "other_recall", "workers.window_max"} <= known.keys()
    worse = {}
    for name, (direction, bound) in known.items():
        value = figure_of(result, name)
        if value < bound if direction == "at least" else value > bound:
            worse[name] = f"{value}, {direction} {bound}"
    missed = [f"{one.incident.id}: {one.status.value}" for one in result.matches.outcomes if one.status != "in_time"]
    assert not worse, (worse, missed)


def test_the_score_is_byte_for_byte_the_recorded_one(result: Result):
    """A change of rules, texts or models changes it: whoever means to writes the new sum into the file, so that no
    change of what is told goes unnoticed. With none of them it is the same on every machine."""
    printed = msgspec.json.encode(as_json(result)) + b"\n"
    score = hashlib.sha256(printed).hexdigest()
    assert score == RECORDED.read_text("utf-8").strip(), f"What people are told has changed. If it should: {RECORDED}"
