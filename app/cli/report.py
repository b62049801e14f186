"""`fengshao report`: its options."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.options import FOLDER, report_user_errors


@click.command("report")
@click.option("--month", required=True, metavar="YYYY-MM", help="The month, like 2026-11.")
@click.option("--data", type=FOLDER, default=Path("data"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="FILE.html or FILE.csv")
@click.option("--site", type=FOLDER, help="The site whose name and roles are meant; a running service has its own.")
@click.option("--english", is_flag=True, help="In English.")
@report_user_errors
def report_command(month: str, data: Path, out: Path, site: Path | None, english: bool) -> None:
    """Write the report of a month as a page or, to FILE.csv, as a table."""
    from app.cli.monthly_report import write_report

    write_report(month, data, out, site, "en" if english else "zh")
    click.echo(f"wrote {out}")
