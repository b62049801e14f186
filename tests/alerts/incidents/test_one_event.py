"""One leak on one device: its alarm and the limits of its concentration are one text; a worsening is sent."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from alerts.alert import Actor, ResponseSource
from alerts.escalation.policy import EscalationPolicy
from alerts.escalation.policy_check import check_names
from app.config.catalog import load_ladders
from domain import FindingPhase, Severity, Subject
from tests.alerts.conftest import ALERTS_FOLDER
from tests.alerts.incidents.scene_builders import new_finding

WANG = Actor("wang", "王芳", ResponseSource.SCREEN)
SECOND_MS = 1_000


async def process(harness: Any, *findings: Any) -> None:
    await harness.service.process_findings(list(findings))
    await harness.send()


def alarm(harness: Any, finding: Any) -> Any:
    return new_finding(harness, finding, rule="gas-alarm", title="燃气泄漏", severity=Severity.CRITICAL)


def high(harness: Any, finding: Any, **changes: Any) -> Any:
    return new_finding(harness, finding, rule="gas-high", title="燃气浓度危险", severity=Severity.CRITICAL, **changes)


def low(harness: Any, finding: Any) -> Any:
    return new_finding(harness, finding, rule="gas-low", title="燃气浓度偏高", severity=Severity.HIGH)


@pytest.mark.parametrize("is_taken", [False, True])
async def test_a_leak_with_alarm_and_both_limits_is_one_text(harness: Any, finding: Any, is_taken: bool) -> None:
    await process(harness, alarm(harness, finding))
    assert len(harness.texts("wang")) == 1, "the first danger waits for nothing"
    if is_taken:
        await harness.service.perform(1, "acknowledge", WANG)
    harness.clock.now += 10 * SECOND_MS
    await process(harness, high(harness, finding))
    harness.clock.now += 15 * SECOND_MS
    await process(harness, low(harness, finding))
    assert len(harness.texts("wang")) == 1
    assert harness.alert().title == "燃气泄漏、燃气浓度危险、燃气浓度偏高"
    assert "燃气浓度偏高（gas-1）并入本告警：同一设备，枫林苑3栋2单元402" in harness.timeline()
    if not is_taken:
        await harness.advance_time(40)
        assert harness.texts("li")[0].startswith("【枫树社区】紧急升级：燃气泄漏")
        assert await harness.service.audit(harness.clock.now) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [("manhole-open", "manhole-tilt"), ("manhole-flooded", "manhole-water-high"), ("gas-alarm", "gas-high-catering")],
)
async def test_a_cover_that_opens_and_tilts_is_one_text(harness: Any, finding: Any, first: str, second: str) -> None:
    await process(harness, new_finding(harness, finding, rule=first, title="井盖打开", severity=Severity.CRITICAL))
    harness.clock.now += 30 * SECOND_MS
    await process(harness, new_finding(harness, finding, rule=second, title="井盖倾斜", severity=Severity.HIGH))
    assert len(harness.texts("wang")) == 1
    assert harness.alert().title == "井盖打开、井盖倾斜"


async def test_a_concentration_that_rises_after_the_alarm_is_sent(harness: Any, finding: Any) -> None:
    await process(harness, alarm(harness, finding))
    await harness.service.perform(1, "acknowledge", WANG)
    await harness.advance_time(61)
    await process(harness, high(harness, finding))
    assert harness.texts("wang")[-1].startswith("【枫树社区】紧急：又报燃气浓度危险，14:06")


async def test_a_lesser_sign_of_a_danger_that_goes_on_is_not_sent_and_after_its_end_it_is(
    harness: Any, finding: Any
) -> None:
    """High water of a manhole that overflows, reported with its next measurement."""
    flooded = new_finding(harness, finding, rule="manhole-flooded", title="井水满溢", severity=Severity.CRITICAL)
    high_water = {"rule": "manhole-water-high", "title": "井内水位高", "severity": Severity.MEDIUM}
    await process(harness, flooded)
    await harness.service.perform(1, "acknowledge", WANG)
    await harness.advance_time(150)
    texts = len(harness.texts("wang"))
    await process(harness, new_finding(harness, finding, **high_water))
    assert len(harness.texts("wang")) == texts
    assert harness.alert().title == "井水满溢、井内水位高"

    for ended in (flooded, new_finding(harness, finding, **high_water)):
        await process(harness, finding(id=ended.id, phase=FindingPhase.ENDED, at=harness.clock.now))
    harness.clock.now += 5 * SECOND_MS
    await process(harness, new_finding(harness, finding, **{**high_water, "begin": harness.clock.now}))
    assert "又报井内水位高" in harness.texts("wang")[-1]


async def test_an_alarm_after_a_raised_concentration_is_sent_at_once(harness: Any, finding: Any) -> None:
    await process(harness, low(harness, finding))
    harness.clock.now += 5 * SECOND_MS
    await process(harness, alarm(harness, finding))
    assert [text[6:13] for text in harness.texts("wang")] == ["高危：燃气浓度", "紧急：燃气泄漏"]


async def test_another_device_or_danger_in_the_same_minute_is_sent(harness: Any, finding: Any) -> None:
    await process(harness, alarm(harness, finding))
    await process(harness, high(harness, finding, device="gas-2", subject=Subject("device", "gas-2")))
    await process(
        harness, new_finding(harness, finding, rule="gas-valve", title="报警而气阀未关", severity=Severity.CRITICAL)
    )
    texts = harness.texts("wang")
    assert len(texts) == 3
    assert "又报报警而气阀未关" in texts[-1] or "紧急：报警而气阀未关" in texts[-1]


async def test_a_repeated_alarm_is_sent_to_the_owner(harness: Any, finding: Any) -> None:
    await process(harness, alarm(harness, finding))
    await harness.service.perform(1, "acknowledge", WANG)
    await process(harness, finding(id=alarm(harness, finding).id, phase=FindingPhase.ENDED, at=harness.clock.now))
    harness.clock.now += 5 * SECOND_MS
    await process(harness, alarm(harness, finding))
    assert "又报燃气泄漏" in harness.texts("wang")[-1]


async def test_after_all_declined_the_high_concentration_is_sent(harness: Any, finding: Any) -> None:
    await process(harness, alarm(harness, finding))
    for name in ("wang", "deputy", "li", "chen", "sun", "zhou"):
        await harness.service.perform(1, "pass", Actor(name, harness.people.people[name].name, ResponseSource.SCREEN))
    await process(harness, high(harness, finding))
    assert any("燃气浓度危险" in text for name in ("wang", "deputy") for text in harness.texts(name))


def test_a_site_without_one_event_has_the_built_in_ones(tmp_path: Any, policy: EscalationPolicy) -> None:
    policy_fields = yaml.safe_load((ALERTS_FOLDER / "ladders" / "default.yaml").read_text("utf-8"))
    del policy_fields["one_event"]
    (tmp_path / "ladders.yaml").write_text(yaml.safe_dump(policy_fields))
    assert load_ladders(tmp_path).one_event == policy.one_event != ()
    (tmp_path / "ladders.yaml").write_text(yaml.safe_dump({**policy_fields, "one_event": []}))
    assert load_ladders(tmp_path).one_event == ()


def test_a_misspelt_rule_of_one_event_has_its_position(policy: EscalationPolicy) -> None:
    policy_ = EscalationPolicy(ladders=policy.ladders[2:3], one_event=(("gas-alarm", "gas-hihg"),))
    channels = {"sms", "wecom"}
    (fault,) = check_names(policy_, channels, {"gas-alarm", "gas-high"}, lambda name, _: f"{name} is no rule")
    assert (fault.where, fault.message) == (("one_event", 0, 1), "gas-hihg is no rule")


async def test_lesser_dangers_that_join_are_sent_together_within_half_an_hour(harness: Any, finding: Any) -> None:
    await process(harness, alarm(harness, finding))
    await harness.service.perform(1, "acknowledge", WANG)
    await harness.advance_time(120)
    for minutes, rule, title in (
        (2, "gas-valve", "气阀未关"),
        (2, "gas-low-battery", "电量不足"),
        (0, "gas-dirty", "探头脏污"),
    ):
        await process(harness, new_finding(harness, finding, rule=rule, title=title, severity=Severity.MEDIUM))
        await harness.advance_time(60 * minutes)
    assert "又报气阀未关" in harness.texts("wang")[-1], "the first waits for nothing"
    await harness.advance_time(30 * 60)
    (summary,) = [text for text in harness.texts("wang") if "探头脏污" in text]
    assert "又报2起" in summary
