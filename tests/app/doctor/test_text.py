"""The report as lines for a terminal."""

from __future__ import annotations

from typing import Any

from app.config.catalog import load_kinds
from app.doctor.text import report_lines

EMPTY: dict[str, Any] = {
    "broker": "mqtt://broker", "seconds": 60, "ended": "time", "asked": ["#"], "refused": {}, "messages": 0,
    "retained": 0, "bytes": 0, "well": False, "speakers": [], "more_messages": 0, "described": 0,
    "silent": {"count": 2, "devices": ["gas-1"]}, "add": [],
}  # fmt: skip
UNKNOWN: dict[str, Any] = {
    "platform": None, "guessed": "shelly", "identity": "x", "device": None, "kind": None, "states": ["unknown"],
    "messages": 1, "retained": 0, "topics": [{"topic": "a/b", "messages": 1}], "filters": [], "said": {"t": "1"},
    "filter_line": None, "notes": {}, "online": None, "readings": 0, "last": None, "not_understood": [], "mapping": {},
    "registration": {"csv": "x,?,,,,", "json": {}, "kinds": ["gas_alarm"]},
}  # fmt: skip


def test_a_quiet_broker_and_silent_devices_are_printed() -> None:
    lines = list(report_lines(EMPTY, load_kinds()))

    assert "mqtt://broker" in lines[0]
    assert any("gas-1 …" in line for line in lines)


def test_a_sender_of_an_unknown_platform_is_printed_with_the_kinds_to_choose_from() -> None:
    text = "\n".join(report_lines({**EMPTY, "messages": 1, "speakers": [UNKNOWN]}, load_kinds()))

    assert "[1] x  shelly?" in text
    assert "a/b ×1" in text
    assert "gas_alarm（" in text
