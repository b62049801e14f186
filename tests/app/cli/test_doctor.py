"""`fengshao devices doctor`: exit codes, and the limit of the running service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.cli import doctor
from app.cli.doctor import EXIT_ALL_DECODED, EXIT_LINES_TO_ADD, EXIT_NO_MESSAGES, SERVICE_SECONDS_MAX, run
from app.errors import UserError


@pytest.mark.parametrize(
    ("report", "code"),
    [
        ({"speakers": [], "well": False}, EXIT_NO_MESSAGES),
        ({"speakers": [{}], "well": False}, EXIT_LINES_TO_ADD),
        ({"speakers": [{}], "well": True}, EXIT_ALL_DECODED),
    ],
)
def test_the_exit_code_depends_on_what_was_decoded(
    monkeypatch: pytest.MonkeyPatch, report: dict[str, Any], code: int
) -> None:
    monkeypatch.setattr(doctor, "_from_service", lambda *_: report)
    lines: list[str] = []

    assert run(Path("data"), None, None, 60, True, lines.append, {}) == code
    assert len(lines) == 1


def test_a_longer_capture_than_the_service_allows_names_what_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "request", lambda *_: {"items": []})

    with pytest.raises(UserError, match="write --seconds 60, or name the broker with --mqtt"):
        run(Path("data"), None, None, SERVICE_SECONDS_MAX + 1, True, print, {})
