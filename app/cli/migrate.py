"""`fengshao migrate`: moves the contents of a store to another server."""

from __future__ import annotations

import os
from pathlib import Path

import click

from app.cli.options import FOLDER, report_user_errors


@click.group("migrate")
def migrate_group() -> None:
    """Move the contents of a store to another server."""


@migrate_group.command("ledger")
@click.option("--data", type=FOLDER, default=Path("data"), show_default=True)
@click.option(
    "--to", required=True, metavar="URL", help="postgresql://USER@HOST:5432/DATABASE, or sqlite: DIR/ledger.db."
)
@report_user_errors
def migrate_ledger_command(data: Path, to: str) -> None:
    """Copy the ledger (devices, people, alerts, messages) to a database, verify it and use it from now on.

    The service must not run. The password is read from FENGSHAO_LEDGER_PASSWORD.
    """
    from app.datadir.ledger_migration import KEPT_FILE, migrate_ledger

    done = migrate_ledger(
        data,
        to,
        os.environ,
        lambda table: click.echo(f"{table.table}: {table.rows} rows, sha256 {table.checksum[:16]}"),
    )
    click.echo(f"{done.rows} rows of {len(done.tables)} tables copied and verified: {done.source} -> {done.target}")
    if (data / KEPT_FILE).exists():
        click.echo(f"The former ledger is kept in {data / KEPT_FILE}; remove it when the service runs well.")
    click.echo("Write the URL as ledger.url in site.yaml; until then DIR/ledger.url names it.")
