"""`fengshao up` refuses unsafe options before anything starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def up(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    fengshao = Path(sys.executable).parent / "fengshao"
    environment = {**os.environ, **environ}
    return subprocess.run(
        [str(fengshao), "up", *arguments], capture_output=True, text=True, timeout=60, env=environment
    )


@pytest.mark.parametrize(
    ("arguments", "environ", "message"),
    [
        (("--mqtt", "0.0.0.0:1883"), {}, "needs credentials"),
        (("--mqtt", "mqtt://broker.example:1883"), {}, "is not used without credentials"),
        (("--mqtt", "http://127.0.0.1"), {}, "write mqtt://user:password@host:1883"),
        (("--http", "8080"), {}, "write HOST:PORT"),
        ((), {"FENGSHAO_ADMIN_TOKEN": "short"}, "write at least 16"),
    ],
)
def test_up_refuses_unsafe_options_and_names_what_to_write(
    tmp_path: Path, arguments: tuple[str, ...], environ: dict[str, str], message: str
) -> None:
    ended = up("--data", str(tmp_path / "data"), *arguments, **environ)

    assert (ended.returncode, message in ended.stderr) == (1, True), ended.stderr
    assert "Traceback" not in ended.stderr


def test_help_imports_neither_database_nor_web_server() -> None:
    program = "import sys, app.cli.main; print(*{'sqlalchemy', 'fastapi', 'duckdb'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout == "\n"
