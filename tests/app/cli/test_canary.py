"""`fengshao canary`: what it prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.datadir import control_socket
from tests.support.cli import run

STEPS = {"received": 12, "opened": 15, "sent": 210, "delivered": None}


@pytest.mark.parametrize(("problem", "code", "last"), [("", 0, "well, by sms"), ("not sent", 1, "not sent")])
def test_each_step_is_printed_and_a_failed_self_test_ends_with_one(
    monkeypatch: pytest.MonkeyPatch, problem: str, code: int, last: str
) -> None:
    answer = {"steps_ms": STEPS, "problem": problem, "channel": "sms"}
    monkeypatch.setattr(control_socket, "request", lambda *_words, **_options: answer)
    done = run("canary")
    assert done.exit_code == code
    assert done.output.splitlines() == [
        "received   12 ms",
        "opened     15 ms",
        "sent       210 ms",
        "delivered  not reached",
        last,
    ]


def test_without_a_service_there_is_no_self_test(tmp_path: Path) -> None:
    done = run("canary", "--data", str(tmp_path))
    assert (done.exit_code, "no service runs on" in done.output) == (1, True)
