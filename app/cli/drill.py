"""`fengshao drill`: exercises of the running service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from app.cli.options import FOLDER, report_user_errors

DIR = click.option("--data", type=FOLDER, default=Path("data"), show_default=True, help="The DIR of the service.")


@click.group("drill")
def drill_group() -> None:
    """Drills: staff is called as in earnest, nobody else; every message begins with 演练."""


@drill_group.command("start")
@click.argument("scenario", required=False)
@click.option("--hazard", help="Without a SCENARIO: the first one of this hazard, such as gas.")
@click.option("--place", help="The place, such as b3-402. Whose worker is called depends on it.")
@DIR
@report_user_errors
def start(scenario: str | None, hazard: str | None, place: str | None, data: Path) -> None:
    """Start a drill, such as gas-leak. It ends by itself after half an hour."""
    body = {name: value for name, value in (("scenario", scenario), ("hazard", hazard), ("place", place)) if value}
    _print(_ask(data, "POST", "/api/v1/drills", body))


@drill_group.command("result")
@click.argument("drill")
@DIR
@report_user_errors
def result(drill: str, data: Path) -> None:
    """Who was called, and who answered when."""
    _print(_ask(data, "GET", f"/api/v1/drills/{drill}"))


@drill_group.command("end")
@click.argument("drill")
@DIR
@report_user_errors
def end(drill: str, data: Path) -> None:
    """End a drill now."""
    _print(_ask(data, "POST", f"/api/v1/drills/{drill}/end"))


def _ask(data: Path, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    from app.datadir.control_socket import ServiceNotRunning, request
    from app.errors import UserError

    try:
        answer: dict[str, Any] = request(data, method, path, body)
    except ServiceNotRunning:
        raise UserError(f"no service runs on {data}: start it first (a drill calls people through it)") from None
    return answer


def _print(drill: dict[str, Any]) -> None:
    ended = f"ended {drill['ended_at']}" if drill["ended_at"] else "running"
    click.echo(f"drill {drill['id']}: {drill['title']}, {drill['address'] or 'no place'}, {ended}")
    for one in drill["responses"]:
        answered = "no answer" if one["answer"] is None else f"{one['answer']} after {one['answer_ms'] / 1000:.0f} s"
        click.echo(f"  {one['name']} ({one['role']}, {', '.join(one['channels'])}): {answered}")
