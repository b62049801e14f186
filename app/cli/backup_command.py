"""The commands `fengshao backup` and `fengshao restore`. Their modules are imported when they run."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.options import FILE, FOLDER, report_user_errors
from app.errors import UserError


@click.command("backup")
@click.option(
    "--data", type=FOLDER, default=Path("data"), show_default=True, help="A DIR, beside a running service or without."
)
@click.option(
    "--to",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE|FOLDER",
    help="A new file that ends in .tar or .tar.gz, or a folder, in which each backup gets a name of its own.",
)
@click.option("--verify", is_flag=True, help="Then restore it into a temporary folder beside it and compare.")
@click.option("--essential", is_flag=True, help="Without readings and processed messages: what is needed to go on.")
@click.option("--keep", type=click.IntRange(1), help="Of the backups in FOLDER keep the newest so many.")
@report_user_errors
def backup_command(data: Path, to: Path, verify: bool, essential: bool, keep: int | None) -> None:
    """Write a DIR into one archive, as it is at one instant, while the service goes on."""
    from app.cli.backup import back_up

    back_up(data, to, verified=verify, with_readings=not essential, keep=keep, print_line=click.echo)


@click.command("restore")
@click.argument("archive", type=FILE)
@click.option("--data", type=FOLDER, help="A folder that is empty or does not exist.")
@click.option("--verify", is_flag=True, help="Only prove that the archive is whole and consistent.")
@click.option("--takeover", is_flag=True, help="The service it was made of is gone: this one takes over at its start.")
@report_user_errors
def restore_command(archive: Path, data: Path | None, verify: bool, takeover: bool) -> None:
    """Restore the archive of `fengshao backup` into a new DIR; every file is verified before it appears there.

    A service that is started on it hears and tells nobody until `fengshao takeover`.
    """
    from app.cli.backup import restore_backup

    if verify == (data is not None):
        raise UserError("write either --data NEWDIR, to restore into it, or --verify")
    restore_backup(archive, data, click.echo, takes_over=takeover)


@click.command("takeover")
@click.option("--data", type=FOLDER, required=True, help="A DIR that `fengshao restore` made.")
@report_user_errors
def takeover_command(data: Path) -> None:
    """Have a restored copy hear and tell people; first stop the service it was made of for good."""
    from app.cli.backup import end_waiting

    end_waiting(data, click.echo)
