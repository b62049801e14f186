"""`fengshao score`: its options."""

from __future__ import annotations

import os
from pathlib import Path

import click

from app.cli.options import FOLDER, report_user_errors


@click.command("score")
@click.option("--preset", default="small", show_default=True, help="small, demo, community, street or district.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same score.")
@click.option("--days", default=7, show_default=True, type=click.IntRange(1, 366))
@click.option("--faults", default="none", show_default=True, help="all, none, or names with commas between.")
@click.option("--intensity", default=1.0, show_default=True, help="Factor of the share on which each fault acts.")
@click.option(
    "--faults-each",
    is_flag=True,
    help="Without faults, then each of --faults (none: all) alone; ends with 1 when a fault changed what it does not "
    "explain. Rare faults need --intensity to act in a small town.",
)
@click.option("--table", type=click.Path(path_type=Path, dir_okay=False), help="With --faults-each: a Markdown table.")
@click.option(
    "--per-week", type=click.FloatRange(0), help="Incidents of each kind in a week. Default: 2, of a community 4.25."
)
@click.option(
    "--from", "first", help="The first day, as 2026-07-06 (cloudbursts: May to September). Default: 2026-11-17."
)
@click.option("--site", type=FOLDER, help="A site whose rules, ladders, roles and wording are used.")
@click.option("--against", help="Another site, a folder of rulebooks, or a commit: a second run to compare with.")
@click.option("--data", type=FOLDER, help="Where the run is kept; the same command again continues it.")
@click.option(
    "--processes",
    default=lambda: min(2, os.cpu_count() or 1),
    show_default="2, or 1 on a machine with one processor",
    type=click.IntRange(1, 2),
    help="With 2 the messages are generated in a second process. The score is the same.",
)
@click.option(
    "--live",
    type=click.FloatRange(min=0, min_open=True),
    metavar="MINUTES",
    help="In real time from now on: a service of its own, a real broker, and HTTP. Give a high --per-week.",
)
@click.option(
    "--replay",
    type=FOLDER,
    metavar="RUN",
    help="The findings of a finished run (its --data) again, through the present ladders and texts, and people.",
)
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of sentences.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a page as well.")
@report_user_errors
def quality_command(
    preset: str,
    seed: int,
    days: int,
    faults: str,
    intensity: float,
    faults_each: bool,
    table: Path | None,
    per_week: float | None,
    first: str | None,
    site: Path | None,
    against: str | None,
    data: Path | None,
    processes: int,
    live: float | None,
    replay: Path | None,
    lang: str,
    as_json: bool,
    html: Path | None,
) -> None:
    """Run a simulated town through the service, and compare what people were told with what was true."""
    from app.cli.score import How, Output, run_and_print
    from app.score.settings import PER_WEEK, START, Settings, fault_names, first_day

    settings = Settings(
        preset=preset,
        seed=seed,
        days=days,
        faults=fault_names(faults),
        per_week=PER_WEEK.get(preset, Settings().per_week) if per_week is None else per_week,
        site=str(site.resolve()) if site else "",
        start=first_day(first) if first else START,
        intensity=intensity,
    )
    how = How(data, processes, against, faults_each, live or 0, table, replay)
    run_and_print(settings, how, Output(lang, as_json, html), click.echo)
