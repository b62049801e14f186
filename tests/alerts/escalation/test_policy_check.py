"""Faults of ladders: two that apply to the same alert, and names that no file defines."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest
from pydantic import ValidationError

from alerts.escalation.case_times import Supervision
from alerts.escalation.conditions import Conditions
from alerts.escalation.policy import EscalationPolicy, GatheredRules, Ladder, Notice, Rung
from alerts.escalation.policy_check import check, check_conditions, check_names, check_roles
from app.config.catalog import built_in_roles


def ladder(policy: EscalationPolicy, **changes: Any) -> Ladder:
    """The general ladder of high dangers with changes."""
    high = next(one for one in policy.ladders if one.is_general and one.severities[0].value == "high")
    models: dict[str, Any] = {"rungs": Rung, "notify": Notice}
    values = {
        name: tuple(models[name].model_validate(one) for one in value) if name in models else value
        for name, value in changes.items()
    }
    if "when" in values:
        values["when"] = Conditions.model_validate(values["when"])
    return high.model_copy(update=values)


def with_ladders(policy: EscalationPolicy, *more: Ladder) -> EscalationPolicy:
    return policy.model_copy(update={"ladders": (*policy.ladders, *more)})


def test_ladders_with_conditions_that_exclude_each_other_are_not_ambiguous(policy: EscalationPolicy) -> None:
    day, night = ladder(policy, when={"hours": ["08:00-20:00"]}), ladder(policy, when={"hours": ["20:00-08:00"]})
    assert check(with_ladders(policy, day, night)) == []
    gas = ladder(policy, when={"hazards": ["gas"]})
    (fault,) = check(with_ladders(policy, day, gas))
    assert fault.where == ("ladders", len(policy.ladders) + 1)
    assert fault.message == (
        f"ladders {len(policy.ladders) + 1} and {len(policy.ladders) + 2} may both apply to danger high, "
        "and neither is more specific: keep one, or change its `when`"
    )
    both = ladder(policy, when={"hazards": ["gas"], "hours": ["08:00-20:00"]})
    assert len(check(with_ladders(policy, day, both))) == 0, "two conditions are more specific than one"


def test_names_are_reported_where_they_stand(policy: EscalationPolicy) -> None:
    def unknown(name: str, _known: Collection[str]) -> str:
        return name

    wrong = ladder(
        policy,
        when={"hazards": ["gass"], "rules": ["no-rule"], "places": ["flat"]},
        rungs=[
            {"role": "worker", "channels": ["smss"], "wait": "1m", "phone": "leed"},
            {"recipients": [{"role": "wroker", "channels": ["sms"], "fallback": ["fax"]}], "wait": "1m"},
        ],
        notify=[{"role": "nurse", "channels": ["sms"], "when": {"hazards": ["fir"]}}],
    )
    own = EscalationPolicy(ladders=(wrong,))
    names = [(fault.where, fault.message) for fault in check_names(own, ["sms"], [], unknown)]
    assert names == [
        (("ladders", 0, "when", "rules", 0), "no-rule"),
        (("ladders", 0, "rungs", 0, "channels", 0), "smss"),
        (("ladders", 0, "rungs", 1, "recipients", 0, "fallback", 0), "fax"),
    ]
    roles = [(fault.where, fault.message) for fault in check_roles(own, built_in_roles(), unknown)]
    assert roles == [
        (("ladders", 0, "rungs", 1, "recipients", 0, "role"), "wroker"),
        (("ladders", 0, "notify", 0, "role"), "nurse"),
        (("ladders", 0, "rungs", 0, "phone"), "leed"),
    ]
    found = [(fault.where, fault.message) for fault in check_conditions(own, ["gas"], ["household"], unknown)]
    assert found == [
        (("ladders", 0, "when", "hazards", 0), "gass"),
        (("ladders", 0, "when", "places", 0), "flat"),
        (("ladders", 0, "notify", 0, "when", "hazards", 0), "fir"),
    ]


def test_names_that_exist_are_no_fault(policy: EscalationPolicy) -> None:
    def unknown(name: str, _known: Collection[str]) -> str:
        return name

    gathered = GatheredRules(by="fire-building", rules=("smoke-alarm",))
    rung = {"role": "worker", "channels": ["sms"], "wait": "1m", "phone": "lead"}
    supervised = ladder(policy, rungs=[rung], notify=[])
    supervised = supervised.model_copy(update={"verify_by": "lead", "supervise": Supervision(role="lead")})
    own = EscalationPolicy(ladders=(supervised,), gathered=(gathered,))
    assert list(check_names(own, ["sms"], ["fire-building", "smoke-alarm"], unknown)) == []
    assert list(check_roles(own, built_in_roles(), unknown)) == []
    lone = check_names(own, ["sms"], ["smoke-alarm"], unknown)
    assert [(fault.where, fault.message) for fault in lone] == [(("gathered", 0, "by"), "fire-building")]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"wait": "1m"}, "names nobody: write `role"),
        ({"wait": "1m", "role": "worker"}, "has no channels"),
        (
            {"wait": "1m", "role": "worker", "recipients": [{"role": "lead", "channels": ["sms"]}]},
            "has both forms",
        ),
        (
            {"wait": "1m", "recipients": [{"role": "lead", "channels": ["sms"], "responsibility": "assist"}]},
            "has nobody responsible: move it to `notify`",
        ),
    ],
)
def test_a_rung_without_a_responsible_role_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Rung.model_validate(fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"responsibility": "responsible"}, "whoever is responsible stands on a rung"),
        ({"responsibility": "assist", "at": "closed"}, "nobody can assist at closed"),
        ({"after": "2m", "at": "resolved"}, "after counts from the opening"),
    ],
)
def test_a_notice_that_comes_too_late_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Notice.model_validate({"role": "clinic", "channels": ["sms"], **fields})


def test_a_misspelt_role_that_verifies_or_supervises_has_its_position(policy: EscalationPolicy) -> None:
    """Until now `verify_by: comunity` passed, and the verification was asked of the rungs in its place."""
    own = ladder(policy, verify_by="comunity", supervise=Supervision(role="streat"))
    checked = policy.model_copy(update={"ladders": (own,)})
    faults = list(check_roles(checked, built_in_roles(), lambda name, _: name))
    assert [(fault.where, fault.message) for fault in faults] == [
        (("ladders", 0, "verify_by"), "comunity"),
        (("ladders", 0, "supervise", "role"), "streat"),
    ]
