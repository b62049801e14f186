"""`fengshao people erase PERSON`: the right to erasure, with a running service."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import click

from app.cli.options import FOLDER, report_user_errors


@click.group("people")
def people_group() -> None:
    """People of the registry."""


@people_group.command("erase")
@click.argument("person")
@click.option("--data", type=FOLDER, default=Path("data"), show_default=True, help="The DIR of the service.")
@report_user_errors
def erase(person: str, data: Path) -> None:
    """Delete the record of PERSON (an id), and the name and numbers in alerts and messages; the cases stay."""
    from app.datadir.control_socket import ServiceNotRunning, request
    from app.errors import UserError

    try:
        erased = request(data, "POST", f"/api/v1/people/{quote(person, safe='')}/erase")
    except ServiceNotRunning:
        raise UserError(f"no service runs on {data}: start it, then erase") from None
    click.echo(f"{person} erased, also in {erased['alerts']} alerts")
