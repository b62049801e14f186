"""Two runs of the same town, of which one has another rulebook: what differs is what that rulebook changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from app.config.catalog import RULEBOOKS
from app.rule_tools.requests import ScoreRequest
from app.score.rulebook_comparison import PER_WEEK, score
from app.score.settings import Settings, build_world
from app.score.sources import incidents_of
from tests.support.two_kitchens import tiny

GAS = (RULEBOOKS / "gas.yaml").read_text("utf-8")


def compared(folder: Path, text: str, site: Path | None = None) -> tuple[dict[str, Any], list[float]]:
    """The comparison of this text, named gas.yaml, in the town of two kitchens."""
    (folder / "runs").mkdir(parents=True)
    (folder / "gas.yaml").write_text(text, "utf-8")
    parts: list[float] = []
    request = ScoreRequest(folder / "gas.yaml", folder / "runs", site, days=2, faults=False)
    return score(request, parts.append, tiny), parts


def test_a_rulebook_that_reports_no_gas_alarm_misses_dangers_and_sends_fewer_texts(tmp_path: Path) -> None:
    site = tmp_path / "site"
    (site / "rules").mkdir(parents=True)
    (site / "rules" / "gas.yaml").write_text(GAS, "utf-8")
    (site / "README.txt").write_text("what else a site has", "utf-8")
    deaf = GAS.replace("  when: alarm\n", "  when: alarm and lel_pct >= 99\n", 1).replace(
        "lel_pct >= 10", "lel_pct >= 98"
    )

    result, parts = compared(tmp_path / "work", deaf.replace("lel_pct >= 25", "lel_pct >= 99"), site)

    before, after = result["before"], result["after"]
    assert before["hazards"]["gas"]["missed"] == 1, "of the detector that nobody hears"
    assert after["hazards"]["gas"]["missed"] == before["hazards"]["gas"]["incidents"] == 3
    assert (before["life_safety_recall"], after["life_safety_recall"]) == (0.6667, 0)
    assert after["texts"] < before["texts"]
    assert before["hazards"]["gas"]["texts"] > 0
    assert sum(one["texts"] for one in before["hazards"].values()) <= before["texts"]
    assert parts == sorted(parts)
    assert 0.9 < parts[-1] <= 1
    assert (site / "rules" / "gas.yaml").read_text("utf-8") == GAS


def test_the_rulebook_in_force_compared_with_itself_changes_nothing(tmp_path: Path) -> None:
    result, _ = compared(tmp_path, GAS)
    assert result["before"] == result["after"]


def test_a_day_of_the_small_town_has_incidents_of_every_hazard_that_rulebooks_are_written_for(tmp_path: Path) -> None:
    """A comparison without an incident of the rulebook's hazard would show no difference, whatever the rules say."""
    settings = Settings(per_week=PER_WEEK)
    world = build_world(settings, tmp_path)
    incidents = incidents_of(world.sources, world.town, settings.whole, settings.seed, settings.per_week)
    hazards = {one.hazard for one in incidents if one.notify_by is not None}
    assert {"gas", "fire", "person", "water", "manhole", "street"} <= hazards
