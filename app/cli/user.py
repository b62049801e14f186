"""`fengshao user`: accounts of people for the console, beside a running service or without one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from app.cli.options import FOLDER, report_user_errors

DATA = click.option("--data", type=FOLDER, default=Path("data"), show_default=True, help="The DIR of the service.")
ROLES = ("viewer", "worker", "operator", "dispatcher", "administrator")


@click.group("user")
def user_group() -> None:
    """Accounts of people: name, role, place, password."""


@user_group.command("add")
@click.argument("name")
@click.option("--role", required=True, type=click.Choice(ROLES))
@click.option("--full-name", help="What others see. Default: the person's name, or NAME.")
@click.option("--place", help="Limits the role to this place and what lies under it.")
@click.option("--person", help="The id of the person in the registry.")
@click.option("--no-password", is_flag=True, help="Logs in with the identity provider only.")
@DATA
@report_user_errors
def add(
    name: str, role: str, full_name: str | None, place: str | None, person: str | None, no_password: bool, data: Path
) -> None:
    """Add a user; prints the first password, which must be changed at the first login."""
    from app.cli.user_commands import add_user

    user = {"id": name, "name": full_name, "role": role, "place": place, "person": person}
    _print_password(add_user(data, {**user, "by_password": not no_password}))


@user_group.command("password")
@click.argument("name")
@DATA
@report_user_errors
def password(name: str, data: Path) -> None:
    """Give a user a new first password, and end his sessions."""
    from app.cli.user_commands import reset_password

    _print_password(reset_password(data, name))


@user_group.command("list")
@DATA
@report_user_errors
def list_command(data: Path) -> None:
    """All users: name, role, place, person."""
    from app.cli.user_commands import list_users

    for one in list_users(data):
        place, person = _id_of(one["place"]), _id_of(one["person"])
        state = "disabled" if one["disabled_at"] else ("must change password" if one["must_change"] else "")
        click.echo(
            f"{one['id']:<20} {one['role']:<14} {place or '-':<16} {person or '-':<16} {one['name']} {state}".rstrip()
        )


@user_group.command("remove")
@click.argument("name")
@DATA
@report_user_errors
def remove(name: str, data: Path) -> None:
    """Remove a user and end his sessions."""
    from app.cli.user_commands import remove_user

    remove_user(data, name)
    click.echo(f"removed {name}")


def _print_password(user: dict[str, Any]) -> None:
    click.echo(f"{user['id']}: {user['role']}")
    if user["password"] is not None:
        click.echo(f"first password: {user['password']}")


def _id_of(reference: dict[str, Any] | str | None) -> str | None:
    return str(reference["id"]) if isinstance(reference, dict) else reference
