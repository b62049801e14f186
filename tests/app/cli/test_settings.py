"""`fengshao settings reference` prints what docs/settings.md contains."""

from __future__ import annotations

from click.testing import CliRunner

from app.cli.main import main
from app.config.settings_reference import reference


def test_the_command_prints_the_reference() -> None:
    printed = CliRunner().invoke(main, ["settings", "reference"])
    assert (printed.exit_code, printed.output) == (0, reference())
