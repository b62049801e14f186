"""`fengshao drill`: what it prints, and without a service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.datadir import control_socket
from tests.support.cli import run

DRILL = {
    "id": "7",
    "title": "演练：燃气泄漏",
    "address": "枫林苑3栋402",
    "ended_at": None,
    "responses": [
        {"name": "张三", "role": "worker", "channels": ["wecom", "sms"], "answer": "acknowledge", "answer_ms": 41_200},
        {"name": "李四", "role": "lead", "channels": ["sms"], "answer": None, "answer_ms": None},
    ],
}


def test_each_command_asks_the_service_and_prints_who_answered_when(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(control_socket, "request", lambda *words: asked.append(words[1:]) or DRILL)
    started = run("drill", "start", "gas-leak", "--place", "b3-402")
    run("drill", "result", "7")
    run("drill", "end", "7")
    assert started.output.splitlines() == [
        "drill 7: 演练：燃气泄漏, 枫林苑3栋402, running",
        "  张三 (worker, wecom, sms): acknowledge after 41 s",
        "  李四 (lead, sms): no answer",
    ]
    assert asked == [
        ("POST", "/api/v1/drills", {"scenario": "gas-leak", "place": "b3-402"}),
        ("GET", "/api/v1/drills/7", None),
        ("POST", "/api/v1/drills/7/end", None),
    ]


def test_without_a_service_there_is_no_drill(tmp_path: Path) -> None:
    done = run("drill", "start", "gas-leak", "--data", str(tmp_path))
    assert done.exit_code == 1
    assert "no service runs on" in done.output
