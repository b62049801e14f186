"""Compares a rulebook with those in force by what people are told: two runs of the same simulated town.

A worker process beside a running service: `python -m app.score.rulebook_comparison` (app.rule_tools.worker).
"""

from __future__ import annotations

import logging
import shutil
from collections import Counter
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace

from app.rule_tools.requests import Progress, ScoreRequest
from app.rule_tools.worker import serve
from app.score.metrics import Figures
from app.score.run import Result, simulate
from app.score.settings import Settings, build_world, fault_names
from app.score.traffic_days import Build

PRESET: Final = "small"
PER_WEEK: Final = 14.0
"""Incidents of each kind: two a day, because a day with the usual two a week may have none of the rulebook's hazard."""
RULES: Final = "rules"
HAZARD_FIGURES: Final = (
    "incidents",
    "in_time",
    "late",
    "missed",
    "recall",
    "alerts",
    "false_alerts",
    "notify_median_s",
)


def score(request: ScoreRequest, progress: Progress, build: Build = build_world) -> dict[str, Any]:
    """The figures with the rulebooks in force and with this one among them. Raises ConfigError, UserError."""
    faults = fault_names("all" if request.faults else "none")
    settings = Settings(preset=PRESET, days=request.days, faults=faults, per_week=PER_WEEK)
    after_site = _site_with(request.rulebook, request.site, request.folder / "after-site")
    results: list[Result] = []
    for number, site in enumerate((request.site, after_site)):

        def on_progress(done: float, whole: float, number: int = number) -> None:
            progress((number + done / whole) / 2)

        run = replace(settings, site="" if site is None else str(site))
        results.append(simulate(run, request.folder / f"run-{number}", on_progress, build))
    before, after = results
    return {
        "days": request.days,
        "faults": request.faults,
        "devices": before.figures.run.devices,
        "messages": before.figures.run.messages,
        "incidents": before.figures.incidents,
        "before": _figures(before),
        "after": _figures(after),
    }


def _site_with(rulebook: Path, site: Path | None, folder: Path) -> Path:
    """The site with this rulebook in place of that of its name: links to all that it has, and a copy of its rules."""
    folder.mkdir()
    for own in site.iterdir() if site is not None else ():
        if own.name != RULES:
            (folder / own.name).symlink_to(own.resolve())
    rules = folder / RULES
    if site is not None and (site / RULES).is_dir():
        shutil.copytree(site / RULES, rules)
    rules.mkdir(exist_ok=True)
    shutil.copy(rulebook, rules / rulebook.name)
    return folder


def _figures(result: Result) -> dict[str, Any]:
    figures: Figures = result.figures
    texts = _texts(result)
    return {
        "life_safety_recall": figures.life_safety_recall,
        "life_safety_in_time": figures.life_safety_in_time,
        "other_recall": figures.other_recall,
        "false_per_1000_device_days": figures.false_per_1000_device_days,
        "texts": sum(texts.values()),
        "texts_daily_mean": figures.workers.daily_mean,
        "texts_daily_max": figures.workers.daily_max,
        "texts_window_max": figures.workers.window_max,
        "hazards": {
            name: {figure: getattr(of, figure) for figure in HAZARD_FIGURES} | {"texts": texts[name]}
            for name, of in figures.hazards.items()
        },
    }


def _texts(result: Result) -> Counter[str]:
    """The texts of workers by the hazard of the alert that they are about; other texts have no hazard."""
    workers = set(result.figures.run.workers)
    hazard_of = {text.alert: text.dangers[0].hazard for text in reversed(result.texts) if text.dangers}
    return Counter(hazard_of.get(text.alert, "") for text in result.texts if text.person in workers and text.phone)


if __name__ == "__main__":
    # Refused messages are what faults are for: their warnings would fill the log of the service.
    logging.getLogger("fengshao").setLevel(logging.ERROR)
    serve(score)
