"""The command `fengshao check`. Modules that read the site are imported when it runs, so that `--help` is quick."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click

from app.cli.options import FOLDER, report_user_errors


@click.command()
@click.option("--site", type=FOLDER, help="The site to check; without it the built-in data is checked.")
@click.option("--templates", is_flag=True, help="Print the SMS templates to be filed with the vendor.")
@click.option("--data", type=FOLDER, help="A DIR: names what was changed there over the API and the files would undo.")
@click.option(
    "--providers",
    is_flag=True,
    help="Also ask providers about the account, and the history server.",
)
@click.option("--broker", is_flag=True, help="Also connect to the MQTT broker of --mqtt.")
@click.option("--mqtt", envvar="FENGSHAO_MQTT", default="mqtt://127.0.0.1:1883", metavar="URL", help="Its address.")
@click.option("--who", metavar="PLACE", help="Print who would be notified of a danger there; with --rule.")
@click.option("--rule", help="The rule of that danger: gas-alarm.")
@click.option("--at", metavar="TIME", help="At this time instead of now: 2026-11-21T22:05+08:00.")
@report_user_errors
def check(
    site: Path | None,
    templates: bool,
    data: Path | None,
    providers: bool,
    broker: bool,
    mqtt: str,
    who: str | None,
    rule: str | None,
    at: str | None,
) -> None:
    """Check settings, registry files, rulebooks and channels before anything starts."""
    from app.cli.check import check_site
    from app.cli.check_providers import check_providers
    from app.cli.check_who import print_who

    if who is not None or rule is not None:
        sys.exit(print_who(site, who, rule, at, click.echo))

    code = check_site(site, templates, click.echo, data)
    if providers and site is not None:
        code = asyncio.run(check_providers(site, click.echo)) or code
    if broker:
        from app.cli.check_broker import check_site_broker

        code = asyncio.run(check_site_broker(site, mqtt if "://" in mqtt else f"mqtt://{mqtt}", click.echo)) or code
    sys.exit(code)
