"""`fengshao rosters import`: an iCalendar file becomes roster lines and leaves, beside a service or without one."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.options import FILE, FOLDER, report_user_errors


@click.group("rosters")
def rosters_group() -> None:
    """Duty rosters."""


@rosters_group.command("import")
@click.argument("file", type=FILE)
@click.option("--data", type=FOLDER, default=Path("data"), show_default=True)
@click.option(
    "--site", type=FOLDER, help="The site whose time zone and roles are meant; a running service has its own."
)
@click.option("--person", help="Of the events that name nobody: the id of a person.")
@click.option("--cell", help="Of the events without a known location: the id of a cell.")
@click.option("--role", help="Of the events that name no role: the id of a role.")
@report_user_errors
def import_command(
    file: Path, data: Path, site: Path | None, person: str | None, cell: str | None, role: str | None
) -> None:
    """Import an iCalendar FILE (.ics): its events become roster lines, those that name a leave become leave."""
    from app.cli.roster_import import import_calendar

    given = {name: value for name, value in (("person", person), ("cell", cell), ("role", role)) if value is not None}
    duties, leaves = import_calendar(file, data, site, given)
    click.echo(f"{duties} roster lines, {leaves} leaves")
