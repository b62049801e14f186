"""`fengshao up` refuses unsafe options before anything starts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli.main import main
from tests.support.timeouts import LONG_TIMEOUT_S


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--mqtt", "0.0.0.0:1883"), "needs credentials"),
        (("--mqtt", "mqtt://broker.example:1883"), "is not used without credentials"),
        (("--mqtt", "http://127.0.0.1"), "write mqtt://user:password@host:1883"),
        (("--http", "8080"), "write HOST:PORT"),
    ],
)
def test_up_refuses_unsafe_options_and_names_what_to_write(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    ended = CliRunner().invoke(main, ["up", "--data", str(tmp_path / "data"), *arguments])

    assert (ended.exit_code, message in ended.stderr) == (1, True), ended.stderr
    assert isinstance(ended.exception, SystemExit)


def test_the_installed_command_refuses_without_a_traceback(tmp_path: Path) -> None:
    fengshao = Path(sys.executable).parent / "fengshao"
    ended = subprocess.run(
        [str(fengshao), "up", "--data", str(tmp_path / "data"), "--http", "8080"],
        capture_output=True,
        text=True,
        timeout=LONG_TIMEOUT_S,
    )

    assert (ended.returncode, "write HOST:PORT" in ended.stderr) == (1, True), ended.stderr
    assert "Traceback" not in ended.stderr


def test_help_imports_neither_database_nor_web_server() -> None:
    program = "import sys, app.cli.main; print(*{'sqlalchemy', 'fastapi', 'duckdb'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout == "\n"
