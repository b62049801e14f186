"""`fengshao score`: its options."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.options import FOLDER, report_user_errors


@click.command("score")
@click.option("--preset", default="small", show_default=True, help="small, demo, community, street or district.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same score.")
@click.option("--days", default=7, show_default=True, type=click.IntRange(1, 366))
@click.option("--faults", default="none", show_default=True, help="all, none, or names with commas between.")
@click.option("--faults-each", is_flag=True, help="Without faults, then each one alone: what changes, and why it may.")
@click.option("--per-week", default=2.0, show_default=True, help="Incidents of each kind in a week.")
@click.option("--site", type=FOLDER, help="A site whose rules, ladders, roles and wording are used.")
@click.option("--against", help="Another site, a folder of rulebooks, or a commit: a second run to compare with.")
@click.option("--data", type=FOLDER, help="Where the run is kept; the same command again continues it.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of sentences.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a page as well.")
@report_user_errors
def quality_command(
    preset: str,
    seed: int,
    days: int,
    faults: str,
    faults_each: bool,
    per_week: float,
    site: Path | None,
    against: str | None,
    data: Path | None,
    lang: str,
    as_json: bool,
    html: Path | None,
) -> None:
    """Run a simulated town through the service, and compare what people were told with what was true."""
    from app.cli.score import Output, run_and_print
    from app.score.run import Settings, fault_names

    settings = Settings(preset, seed, days, fault_names(faults), per_week, str(site.resolve()) if site else "")
    run_and_print(settings, data, against, faults_each, Output(lang, as_json, html), click.echo)
