"""Runs a command of `fengshao` in this process."""

from __future__ import annotations

from click.testing import CliRunner, Result

from app.cli.main import main


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), catch_exceptions=False)
