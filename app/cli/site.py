"""`fengshao site`: a site's files and the registry."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.options import FOLDER, report_user_errors


@click.group("site")
def site_group() -> None:
    """A site's files and the registry."""


@site_group.command("import")
@click.option("--data", type=FOLDER, default=Path("data"), show_default=True)
@click.option("--site", type=FOLDER, help="The site's folder; beside a running service its own is meant.")
@click.option("--force", is_flag=True, help="The files win also over what was changed over the API.")
@report_user_errors
def site_import(data: Path, site: Path | None, force: bool) -> None:
    """Take up a site's CSV files as they are now, and say what was kept because it was changed over the API."""
    from app.cli.site_import import import_files

    for line in import_files(data, site, force):
        click.echo(line)
