"""Errors that the operator can put right are printed without a traceback."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from app.cli.options import report_user_errors
from app.errors import UserError
from domain import Identity
from store.errors import IdentityTaken


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (UserError("write 30s"), "write 30s\n"),
        (IdentityTaken(Identity("tts", "e1"), "b", "a"), "tts e1 of device b already belongs to device a\n"),
    ],
)
def test_a_user_error_is_one_message_on_stderr_and_exit_code_1(error: Exception, message: str) -> None:
    @click.command()
    @report_user_errors
    def command() -> None:
        raise error

    result = CliRunner().invoke(command)

    assert (result.exit_code, result.stderr, result.stdout) == (1, message, "")


def test_another_error_keeps_its_traceback() -> None:
    @click.command()
    @report_user_errors
    def command() -> None:
        raise ZeroDivisionError

    assert isinstance(CliRunner().invoke(command).exception, ZeroDivisionError)
