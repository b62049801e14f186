"""Lines of `rules backtest` and `rules explain` for a terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from app.cli.rules import backtest_lines, disposition_lines, explanation_lines
from console.schemas.rules import Explanation
from console.timestamps import to_schema
from rules.tools.backtest import RuleStatistics

NOON = round(datetime(2026, 7, 1, 12, tzinfo=UTC).timestamp() * 1000)
BERLIN = ZoneInfo("Europe/Berlin")


def test_a_backtest_is_printed_in_the_zone_of_the_site() -> None:
    result = {
        "book": "gas.yaml", "version": 3, "from": NOON, "to": NOON + 3_600_000, "days": 0.5, "devices": 7,
        "rules": [], "difference": None,
    }  # fmt: skip

    head = next(backtest_lines(result, BERLIN))

    assert head == "gas.yaml 第 3 版；2026-07-01 14:00:00 至 2026-07-01 15:00:00，0.5 天；登记设备 7 台"


def test_a_backtest_states_what_past_alerts_of_each_rule_turned_out_to_be() -> None:
    rule = RuleStatistics("gas-alarm", "燃气泄漏", "critical", "danger", False, 3)
    rule.dispositions = {"real": 4, "false_alarm": 11, "": 2}
    silent = RuleStatistics("gas-fault", "燃气报警器故障", "high", "health", False, 3)

    assert list(disposition_lines([rule, silent])) == ["gas-alarm 以往警情的结论：真实4，误报11，未写结论2"]


def test_a_device_that_the_engine_does_not_know_is_one_line() -> None:
    explanation = to_schema(Explanation, {"device": "gas-9", "rule": "gas-leak", "known": False, "at": NOON})

    assert list(explanation_lines(explanation, True, BERLIN)) == ["gas-9: nobody ever heard of it"]
