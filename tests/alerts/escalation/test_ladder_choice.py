"""Which ladder applies: the most specific one whose conditions hold when the alert was opened."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from alerts.alert import Alert
from alerts.escalation.conditions import Conditions
from alerts.escalation.ladder_choice import LadderChoice, level_names, nobody_affected
from alerts.escalation.policy import EscalationPolicy, Notice, Occasion
from domain import HOUR, Ledger, Person, Severity, Subject
from tests.alerts.conftest import START, gas_finding, small_community

ALERT = Alert(
    id=1,
    rule="gas-alarm",
    title="燃气泄漏",
    hazard="gas",
    severity=Severity.CRITICAL,
    ledger=Ledger.DANGER,
    subject=Subject("device", "gas-1"),
    started_at=START,
    opened_at=START,
    updated_at=START,
    state_since=START,
    danger_at=START,
    ladder_rule="gas-alarm",
    place="402",
)
ELDER = Person("e", "赵", attributes={"age": 83})


def choice(policy: EscalationPolicy, affected: Any = nobody_affected, **when: Any) -> LadderChoice:
    """The built-in ladders and one more for critical dangers with conditions."""
    critical = policy.ladder(Ledger.DANGER, Severity.CRITICAL)
    notices = (Notice(role="clinic", channels=("sms",), when=Conditions(rules=("gas-high",))),)
    own = critical.model_copy(update={"when": Conditions.model_validate(when), "people_needed": 2, "notify": notices})
    ladders = policy.model_copy(update={"ladders": (*policy.ladders, own)})
    return LadderChoice(ladders, small_community, affected, ZoneInfo("Asia/Shanghai"))


def needed(found: LadderChoice, alert: Alert = ALERT) -> int:
    return found.of_alert(alert).people_needed


def test_the_most_specific_ladder_applies(policy: EscalationPolicy) -> None:
    assert needed(choice(policy, hazards=["gas"])) == 2
    assert needed(choice(policy, hazards=["fire"])) == 1
    assert needed(choice(policy, places=["building"])) == 2, "402 lies in a building"
    assert needed(choice(policy, places=["facility"])) == 1
    assert needed(choice(policy, person={"age": ">=80"})) == 1
    assert needed(choice(policy, affected=lambda _alert: (ELDER,), person={"age": ">=80"})) == 2


def test_hours_count_at_the_opening(policy: EscalationPolicy) -> None:
    night = choice(policy, hours=["22:00-06:00"])
    assert needed(night) == 1
    assert needed(night, replace(ALERT, opened_at=START + 9 * HOUR)) == 2


def test_a_finding_has_the_ladder_of_its_own_place(policy: EscalationPolicy) -> None:
    found = choice(policy, hazards=["fire"])
    assert found.of_finding(gas_finding(hazard="fire"), ALERT, START).people_needed == 2
    assert found.of_finding(gas_finding(), ALERT, START).people_needed == 1


def test_extra_recipients_are_chosen_by_occasion_and_rule(policy: EscalationPolicy) -> None:
    found = choice(policy, hazards=["gas"])
    ladder = found.of_alert(ALERT)
    assert [one.role for one in found.notices(ALERT, ladder, "gas-high", Occasion.OPENED, START)] == ["clinic"]
    assert found.notices(ALERT, ladder, "gas-alarm", Occasion.OPENED, START) == []
    assert found.notices(ALERT, ladder, "gas-high", Occasion.CLOSED, START) == []
    general = policy.ladder(Ledger.DANGER, Severity.HIGH)
    assert found.notices(ALERT, general.model_copy(update={"notify": ()}), "x", Occasion.OPENED, START) == []
    assert nobody_affected(ALERT) == ()


def test_levels_are_known_by_name_and_by_role() -> None:
    assert level_names(small_community(), "402") == {"household", "unit", "building", "compound"}
    assert level_names(small_community(), None) == frozenset()
