"""The table of rules in the manual agrees with the rulebooks, and every form of condition has its text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.rule_tools.templates import manual
from rules.rulebook.model import Rule, Rulebook
from rules.tools.reference import exclusions, question_text, rules_table, severities

RULE: dict[str, Any] = {"name": "r", "title": {"zh": "一", "en": "x"}, "severity": "high", "source": "a|b"}


def rule(**written: Any) -> Rule:
    kind = {} if "gather" in written else {"kind": "water_meter"}
    return Rule.model_validate({**RULE, **kind, **written})


def test_the_document_contains_the_current_rules() -> None:
    written = (Path(__file__).parents[3] / "docs" / "rules.md").read_text("utf-8")
    assert manual() in written, "write the output of `fengshao rules manual` at the end of docs/rules.md"


@pytest.mark.parametrize(
    ("written", "question", "refused"),
    [
        ({"when": "leak", "hold": "90s", "if_silent": "wait"}, "`leak`，持续 1m30s", "不足 1m30s 的；只有一次读数的"),
        ({"when": "leak", "shadow": True, "only_if": "device.x"}, "`leak`", "只记不报；除非 `device.x`"),
        ({"when": "idle(volume_m3, 1d) < 1h"}, "`idle(volume_m3, 1d) < 1h`", "过去 1d 没有看全的"),
        ({"when": "flow_m3h > usual(flow_m3h)"}, "`flow_m3h > usual(flow_m3h)`", "还没有学够两周的"),
        (
            {"kind": "wristband", "when": "distance_m(lat, lon, place.lat, place.lon) > 9"},
            "`distance_m(lat, lon, place.lat, place.lon) > 9`",
            "没有定位的，位置没有登记的",
        ),
        ({"event": "burst", "release": "1h"}, "发生 `burst`", "1h 内的重复"),
        ({"event": "burst", "latch": True}, "发生 `burst`", "—"),
        ({"absent": {"after": "36h"}}, "任何消息 缺了 1d12h", "我们自己听不见的时间"),
        ({"absent": {"quantity": "leak", "grace": "0s"}}, "leak 缺了 3 个上报周期又 0s", "我们自己听不见的时间"),
        ({"chatter": {}, "release": "1d"}, "1m 内来回 3 次", "1d 内的重复"),
        (
            {
                "of": "line",
                "gather": {"within": "6h", "parts": [{"rules": ["a", "b"], "at_least": 3, "in_order": True}]},
            },
            "同一管线：6h 内 沿线依次 3 台 a 或 b",
            "前后相隔超过 6h 的",
        ),
        (
            {"of": "household", "gather": {"parts": [{"rules": ["a"]}, {"rules": ["b"]}]}},
            "同一户：同时成立 1 台 a 且 1 台 b",
            "—",
        ),
    ],
)
def test_each_form_of_condition_has_its_text(written: dict[str, Any], question: str, refused: str) -> None:
    rule_ = rule(**written)
    assert (question_text(rule_), exclusions(rule_)) == (question, refused)


def test_a_rule_without_trials_is_marked_and_a_bar_does_not_break_the_table() -> None:
    graded = rule(when="leak", ledger="health", grades=[{"severity": "critical", "when": "burst"}])
    assert severities(graded) == "高/紧急，归维保"
    row = rules_table([Rulebook(hazard="water", rules=[graded])], {}).splitlines()[-1]
    assert row == "| `r` 一 | `leak` | 高/紧急，归维保 | a\\|b | （无） | — |"
