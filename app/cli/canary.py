"""`fengshao canary`: one self-test of the running service now."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from app.cli.options import FOLDER, report_user_errors

TIMEOUT_S = 150.0


@click.command("canary")
@click.option("--data", type=FOLDER, default=Path("data"), show_default=True, help="The DIR of the service.")
@report_user_errors
def canary_command(data: Path) -> None:
    """Send a message of a synthetic device through broker, rules, alert and provider, to the role `canary`.

    Ends with 0 when it was accepted in time, 1 when it was not.
    """
    from app.datadir.control_socket import ServiceNotRunning, request
    from app.errors import UserError

    try:
        result = request(data, "POST", "/api/v1/canary", timeout_s=TIMEOUT_S)
    except ServiceNotRunning:
        raise UserError(f"no service runs on {data}: the self-test needs one") from None
    for step, reached_ms in result["steps_ms"].items():
        click.echo(f"{step:<10} {'not reached' if reached_ms is None else f'{reached_ms} ms'}")
    click.echo(result["problem"] or f"well, by {result['channel']}")
    sys.exit(1 if result["problem"] else 0)
