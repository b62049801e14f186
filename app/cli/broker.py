"""`fengshao broker`: the ACL, passwords and certificates of a broker's users, from the registry."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.options import FOLDER, report_user_errors

DATA = click.option(
    "--data", type=FOLDER, default=Path("data"), show_default=True, help="A DIR; a service running on it is asked."
)
SITE = click.option("--site", type=FOLDER, help="The site's folder: its topic filters and `mqtt` settings.")
FORMAT = click.option(
    "--format",
    "format_name",
    type=click.Choice(("mosquitto", "emqx", "nanomq")),
    default="mosquitto",
    show_default=True,
)
NEW_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group("broker")
def broker_group() -> None:
    """Who may connect to the MQTT broker, and what each may publish and read (docs/brokers.md)."""


@broker_group.command("acl")
@FORMAT
@click.option("--out", type=NEW_FILE, help="Write there (mode 0600) instead of printing; replaced as a whole.")
@DATA
@SITE
@report_user_errors
def acl(format_name: str, out: Path | None, data: Path, site: Path | None) -> None:
    """Print the ACL in the format of a broker. Devices that get no access are named on stderr."""
    from app.cli.broker_commands import write_acl

    write_acl(data, site, format_name, out, click.echo, _complain)


@broker_group.command("passwords")
@FORMAT
@click.option("--renew", multiple=True, metavar="USER", help="Give this user a new password; may be repeated.")
@click.option("--with-service", is_flag=True, help="Also one for the service, for a broker that it does not start.")
@click.option("--hashes", type=NEW_FILE, help="Also write the file that the broker reads.")
@click.option("--out", type=NEW_FILE, help="Write the new passwords there (mode 0600) instead of printing them.")
@DATA
@SITE
@report_user_errors
def passwords(
    format_name: str,
    renew: tuple[str, ...],
    with_service: bool,
    hashes: Path | None,
    out: Path | None,
    data: Path,
    site: Path | None,
) -> None:
    """Make a password for every user that has none. Each is shown once, as `user,password`; only hashes are kept.

    Who is not in the registry any more loses his. The broker of a running service reads the change within a second.
    """
    from app.cli.broker_commands import make_passwords

    make_passwords(data, site, format_name, renew, with_service, hashes, out, click.echo, _complain)


@broker_group.command("certificates")
@click.option("--folder", type=FOLDER, help="The authority's folder. Default: DIR/broker/ca.")
@click.option("--create", metavar="NAME", help="Begin an authority of this name.")
@click.option("--server", multiple=True, metavar="HOST", help="A certificate of the broker for this name or address.")
@click.option("--client", multiple=True, metavar="USER", help="A certificate of this user; the last one holds too.")
@click.option("--all-clients", is_flag=True, help="A certificate for every user of the ACL that has none.")
@click.option("--revoke", multiple=True, metavar="USER", help="Revoke all certificates of this user.")
@DATA
@SITE
@report_user_errors
def certificates(
    folder: Path | None,
    create: str | None,
    server: tuple[str, ...],
    client: tuple[str, ...],
    all_clients: bool,
    revoke: tuple[str, ...],
    data: Path,
    site: Path | None,
) -> None:
    """Issue and revoke certificates of a small authority. The common name of a client's certificate is the user."""
    from app.cli.broker_commands import manage_certificates

    manage_certificates(
        data, site, folder or data / "broker" / "ca", create, server, client, all_clients, revoke, click.echo, _complain
    )


def _complain(text: str) -> None:
    click.echo(text, err=True)
