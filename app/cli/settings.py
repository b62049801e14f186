"""`fengshao settings`: what site.yaml and the environment may say."""

from __future__ import annotations

import click

from app.cli.options import report_user_errors


@click.group("settings")
def settings_group() -> None:
    """Settings of site.yaml and environment variables."""


@settings_group.command("reference")
@report_user_errors
def settings_reference() -> None:
    """Print every setting with type, default, unit and meaning (docs/settings.md)."""
    from app.config.settings_reference import reference

    click.echo(reference(), nl=False)
