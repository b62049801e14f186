"""Rules as the API lists them."""

from __future__ import annotations

import pytest

from app.server.rule_summaries import rule_summaries
from rules.rulebook.model import Rulebook

RULE = {"name": "r", "title": {"zh": "规则", "en": "rule"}, "severity": "high", "source": "test", "kind": "gas_alarm"}


def book(**rule: object) -> Rulebook:
    return Rulebook.model_validate({"hazard": "gas", "version": 3, "rules": [{**RULE, **rule}]})


@pytest.mark.parametrize(
    ("condition", "when"),
    [
        ({"when": "alarm"}, "alarm"),
        ({"event": "sos", "kind": "wristband", "release": "10m"}, "sos"),
        ({"absent": {"missed": 3}, "ledger": "health"}, "absent"),
        ({"chatter": {"times": 3, "within": "5m"}, "release": "1h", "ledger": "health"}, "chatter"),
        ({"expires": {"on": "expires_on", "before": "10d"}, "ledger": "health"}, "expires"),
    ],
)
def test_a_condition_is_its_expression_or_the_name_of_its_key(condition: dict[str, object], when: str) -> None:
    (summary,) = rule_summaries([book(**condition)])
    assert (summary.when, summary.version, summary.hazard, summary.state) == (when, "3", "gas", "active")


def test_a_rule_in_shadow_is_listed_as_such() -> None:
    (summary,) = rule_summaries([book(when="alarm", shadow=True)])
    assert (summary.state, summary.title, summary.title_en, summary.advice) == ("shadow", "规则", "rule", "")
