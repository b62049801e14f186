"""`fengshao exchange`: asks the running service, and says so when none runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.datadir import control_socket
from tests.support.cli import run

COMMANDS = (["status"], ["status"], ["dead-letters", "--target", "board"], ["dead-letters"], ["resend", "7"])
TARGET = {"id": "board", "pending": 2, "dead": 1, "failing_since": None, "last_error": ""}
LETTER = {
    "id": "7", "created_at": "2026-11-21T22:05:00+08:00", "target": "board", "type": "t", "subject": "case:1",
    "error": "HTTP 422",
}  # fmt: skip


@pytest.mark.parametrize("command", [["status"], ["dead-letters"], ["resend", "7"]])
def test_without_a_service_there_is_nothing_to_ask(tmp_path: Path, command: list[str]) -> None:
    result = run("exchange", *command, "--data", str(tmp_path))

    assert (result.exit_code, "no service runs on" in result.output) == (1, True)


def test_targets_and_dead_letters_are_one_line_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []
    answers: list[Any] = [
        {"items": [TARGET, {**TARGET, "id": "system:hotline", "failing_since": "22:05", "last_error": "HTTP 503"}]},
        {"items": []},
        {"items": [LETTER]},
        {"items": []},
        LETTER,
    ]

    def answer(_data: Path, method: str, path: str) -> Any:
        asked.append((method, path))
        return answers[len(asked) - 1]

    monkeypatch.setattr(control_socket, "request", answer)
    data = str(tmp_path)
    outputs = [
        run("exchange", *command, "--data", data).output
        for command in (
            ["status"],
            ["status"],
            ["dead-letters", "--target", "board"],
            ["dead-letters"],
            ["resend", "7"],
        )
    ]

    assert outputs[0].splitlines() == [
        "board  2 waiting  1 dead  ok", "system:hotline  2 waiting  1 dead  failing since 22:05: HTTP 503"
    ]  # fmt: skip
    assert (outputs[1], outputs[3]) == ("no targets\n", "no dead letters\n")
    assert outputs[2].startswith("7  2026-11-21T22:05:00+08:00  board  t  case:1  HTTP 422")
    assert outputs[4] == "7 is sent again to board\n"
    assert asked[2] == ("GET", "/api/v1/exchange/dead-letters?limit=20&target=board")
