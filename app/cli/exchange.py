"""`fengshao exchange status|dead-letters|resend`: asks the running service about messages to outside systems."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import click

from app.cli.options import FOLDER, report_user_errors
from app.errors import UserError

_ROOT: Final = "/api/v1/exchange"


@click.group("exchange")
def exchange_group() -> None:
    """Outside systems and subscribers: what waits for them, what was given up."""


@exchange_group.command("status")
@click.option("--data", type=FOLDER, default=Path("data"), show_default=True)
@report_user_errors
def list_targets(data: Path) -> None:
    """Print each target of the running service: since when it fails, what waits, what was given up."""
    items = _ask(data, "GET", f"{_ROOT}/targets")["items"]
    for item in items:
        state = f"failing since {item['failing_since']}: {item['last_error']}" if item["failing_since"] else "ok"
        click.echo(f"{item['id']}  {item['pending']} waiting  {item['dead']} dead  {state}")
    if not items:
        click.echo("no targets")


@exchange_group.command("dead-letters")
@click.option("--data", type=FOLDER, default=Path("data"), show_default=True)
@click.option("--target", help="Only this subscriber, or system:ID.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@report_user_errors
def list_dead_letters(data: Path, target: str | None, limit: int) -> None:
    """Print the messages that were given up, newest first."""
    query = urlencode({"limit": limit, **({"target": target} if target else {})})
    items = _ask(data, "GET", f"{_ROOT}/dead-letters?{query}")["items"]
    for item in items:
        click.echo("  ".join(item[name] for name in ("id", "created_at", "target", "type", "subject", "error")))
    if not items:
        click.echo("no dead letters")


@exchange_group.command("resend")
@click.argument("numbers", nargs=-1, required=True, type=int)
@click.option("--data", type=FOLDER, default=Path("data"), show_default=True)
@report_user_errors
def resend(numbers: tuple[int, ...], data: Path) -> None:
    """Send dead letters again, by their numbers."""
    for number in numbers:
        message = _ask(data, "POST", f"{_ROOT}/dead-letters/{number}/resend")
        click.echo(f"{message['id']} is sent again to {message['target']}")


def _ask(data: Path, method: str, path: str) -> Any:
    from app.datadir import control_socket

    try:
        return control_socket.request(data, method, path)
    except control_socket.ServiceNotRunning:
        raise UserError(f"no service runs on {data}: start it first") from None
