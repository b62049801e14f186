"""`fengshao migrate`: moves the contents of a store to another server."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.options import FOLDER, report_user_errors

if TYPE_CHECKING:
    from store.history.transfer import CopiedDay

FAULTS_SHOWN = 20


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


@migrate_group.command("history")
@click.option("--data", type=FOLDER, default=Path("data"), show_default=True)
@click.option("--site", type=FOLDER, help="The site whose site.yaml names the present history.")
@click.option("--to", required=True, type=click.Choice(["duckdb", "victoriametrics", "influxdb", "influxdb3"]))
@click.option("--url", default="", help="Address of the server, such as http://127.0.0.1:8428.")
@click.option("--org", default="fengshao", show_default=True, help="Organisation (InfluxDB 2).")
@click.option(
    "--bucket",
    default="fengshao",
    show_default=True,
    help="Bucket, database/retention-policy, or database (InfluxDB 3).",
)
@click.option("--token-env", default="FENGSHAO_HISTORY_TOKEN", show_default=True, help="Variable with the token.")
@report_user_errors
def migrate_history_command(
    data: Path, site: Path | None, to: str, url: str, org: str, bucket: str, token_env: str
) -> None:
    """Copy every reading to another history, and compare both, before the setting is changed.

    The service must not run. Interrupted, the command is repeated: what was copied is compared and left as it is.
    """
    from app.clock import Clock
    from app.config.settings import HistorySettings
    from app.config.site import load_site
    from app.datadir.history_migration import HistoryMigrator
    from app.errors import UserError

    if (to == "duckdb") == bool(url):
        raise UserError("--url names the server: write it with a server, and not with duckdb")
    config = load_site(site, any_kind=True)
    migrator = HistoryMigrator(data, config.kinds, Clock(), time.sleep, _show_day, config.settings.ledger)
    target = HistorySettings.model_validate(
        {"type": to, "url": url, "org": org, "bucket": bucket, "token_env": token_env}
    )
    done = migrator.migrate(config.settings.history, target)
    click.echo(
        f"{done.readings} readings, {done.values} values of {done.days} days, {done.refused} of them refused: "
        f"{done.source} -> {done.target}"
    )
    if done.rolled_up_before is not None:
        click.echo("Roll-ups of days whose readings were deleted by retention are not copied: they stay in DIR.")
    if done.faults:
        for fault in done.faults[:FAULTS_SHOWN]:
            click.echo(fault, err=True)
        click.echo(
            f"{len(done.faults)} series differ after they were copied, so the history stays where it is. Does the "
            "server keep values for so long (-retentionPeriod, retention of the bucket), and does nobody else use it?",
            err=True,
        )
        sys.exit(1)
    click.echo(f"Compared: equal. Now write history.type: {to}{' and history.url' if url else ''} in site.yaml.")


def _show_day(copied: CopiedDay) -> None:
    from app.datadir.history_migration import date_of

    what = "was there already" if copied.was_there else "copied"
    outcome = f"{len(copied.differences)} series differ" if copied.differences else "equal"
    refused = f", {len(copied.refused)} refused" if copied.refused else ""
    click.echo(
        f"{date_of(copied.day)} ({copied.number} of {copied.days}): {copied.tally.readings} readings, "
        f"{copied.tally.count} values of {copied.tally.devices} devices, {what}: {outcome}{refused}"
    )
