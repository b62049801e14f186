"""Scenarios of exercises (drills): which danger is played, and whose ladder is called. Pure."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from alerts.alert import AlertSource
from alerts.cases.request import CaseRequest
from domain import HOUR, MINUTE, Severity

EXERCISE_MS: Final = 30 * MINUTE
"""An exercise that nobody ends is ended after this time."""
EXERCISE_MAX_MS: Final = 4 * HOUR


class Scenario(Struct, frozen=True):
    """A danger as a rule would find it; `rule` selects the ladder."""

    name: str
    hazard: str
    title: str
    rule: str
    severity: Severity = Severity.CRITICAL
    advice: str = ""


SCENARIOS: Final = (
    Scenario("gas-leak", "gas", "燃气泄漏", "gas-alarm", advice="勿开关电器，先开窗通风。"),
    Scenario("fire", "fire", "烟雾报警", "smoke-alarm", advice="见明火拨119。"),
    Scenario("fall", "person", "老人跌倒", "band-fall"),
    Scenario("sos", "person", "一键求助", "band-sos"),
    Scenario("manhole", "manhole", "井盖移位", "manhole-open", advice="勿下井，先围挡。"),
    Scenario("water", "water", "水管爆裂", "water-burst", Severity.HIGH),
    Scenario("carbon-monoxide", "gas", "一氧化碳超标", "gas-co", advice="开窗并撤离。"),
    Scenario("wandering", "person", "老人走失", "band-geofence", Severity.HIGH),
    Scenario("falling-object", "street", "高空抛物", "falling-object", Severity.HIGH),
    Scenario("ebike-in-lift", "fire", "电动车进梯", "ebike-lift", Severity.HIGH),
)


def find_scenario(name: str | None, hazard: str | None) -> Scenario | None:
    """The scenario with this name, else the first one of this hazard."""
    if name is not None:
        return next((one for one in SCENARIOS if one.name == name), None)
    return next((one for one in SCENARIOS if one.hazard == hazard), None)


def exercise_request(scenario: Scenario, place: str | None, text: str = "") -> CaseRequest:
    """The case that plays this scenario at this place."""
    return CaseRequest(
        source=AlertSource.EXERCISE,
        hazard=scenario.hazard,
        title=scenario.title,
        severity=scenario.severity,
        place=place,
        advice=scenario.advice,
        text=text,
        ladder_rule=scenario.rule,
        exercise=True,
    )
