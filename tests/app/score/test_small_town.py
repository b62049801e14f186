"""The small town, one day with all faults, against the figures in docs/quality.md: a fall below them fails."""

import re
from pathlib import Path

import msgspec
import pytest

from app.score.run import Result, simulate
from app.score.settings import Settings, fault_names

QUALITY = Path(__file__).parents[3] / "docs" / "quality.md"
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
