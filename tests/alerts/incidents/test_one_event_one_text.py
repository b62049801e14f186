"""One leak on one device: its own alarm and the bands of its measurement are one text, and what is worse is told."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from alerts.alert import Actor, ResponseSource
from alerts.escalation.policy import EscalationPolicy, check_names
from app.config.catalog import load_ladders
from domain import FindingPhase, Severity, Subject
from tests.alerts.conftest import ROOM
from tests.alerts.incidents.scene import begins

WANG = Actor("wang", "王芳", ResponseSource.SCREEN)
SECOND_MS = 1_000


async def hear(town: Any, *findings: Any) -> None:
    await town.service.process_findings(list(findings))
    await town.send()


def alarm(town: Any, finding: Any) -> Any:
    return begins(town, finding, rule="gas-alarm", title="燃气泄漏", severity=Severity.CRITICAL)


def high(town: Any, finding: Any, **changes: Any) -> Any:
    return begins(town, finding, rule="gas-high", title="燃气浓度危险", severity=Severity.CRITICAL, **changes)


def low(town: Any, finding: Any) -> Any:
    return begins(town, finding, rule="gas-low", title="燃气浓度偏高", severity=Severity.HIGH)


@pytest.mark.parametrize("taken", [False, True])
async def test_a_leak_with_alarm_and_both_bands_is_one_text(town: Any, finding: Any, taken: bool) -> None:
    await hear(town, alarm(town, finding))
    assert len(town.texts("wang")) == 1, "the first danger waits for nothing"
    if taken:
        await town.service.perform(1, "acknowledge", WANG)
    town.clock.now += 10 * SECOND_MS
    await hear(town, high(town, finding))
    town.clock.now += 15 * SECOND_MS
    await hear(town, low(town, finding))
    assert len(town.texts("wang")) == 1
    assert town.alert().title == "燃气泄漏、燃气浓度危险、燃气浓度偏高"
    assert "燃气浓度偏高（gas-1）并入本告警：同一设备，枫林苑3栋2单元402" in town.story()
    if not taken:
        await town.pass_time(40)
        assert town.texts("li")[0].startswith("【枫树社区】紧急升级：燃气泄漏")
        assert await town.service.audit(town.clock.now) == []


async def test_gas_that_becomes_worse_after_the_alarm_is_told(town: Any, finding: Any) -> None:
    await hear(town, alarm(town, finding))
    await town.service.perform(1, "acknowledge", WANG)
    await town.pass_time(61)
    await hear(town, high(town, finding))
    assert town.texts("wang")[-1].startswith("【枫树社区】紧急：又报燃气浓度危险，14:06")


async def test_an_alarm_after_a_raised_concentration_is_told_at_once(town: Any, finding: Any) -> None:
    await hear(town, low(town, finding))
    town.clock.now += 5 * SECOND_MS
    await hear(town, alarm(town, finding))
    assert [text[6:13] for text in town.texts("wang")] == ["高危：燃气浓度", "紧急：燃气泄漏"]


async def test_another_device_or_another_danger_in_the_same_minute_is_told(town: Any, finding: Any) -> None:
    await hear(town, alarm(town, finding))
    await hear(town, high(town, finding, device="gas-2", subject=Subject("device", "gas-2")))
    await hear(town, begins(town, finding, rule="gas-valve", title="报警而气阀未关", severity=Severity.CRITICAL))
    texts = town.texts("wang")
    assert len(texts) == 3
    assert "又报报警而气阀未关" in texts[-1] or "紧急：报警而气阀未关" in texts[-1]


async def test_the_same_band_again_is_told_to_its_owner(town: Any, finding: Any) -> None:
    await hear(town, alarm(town, finding))
    await town.service.perform(1, "acknowledge", WANG)
    await hear(town, finding(id=alarm(town, finding).id, phase=FindingPhase.ENDED, at=town.clock.now))
    town.clock.now += 5 * SECOND_MS
    await hear(town, alarm(town, finding))
    assert "又报燃气泄漏" in town.texts("wang")[-1]


async def test_who_declined_the_alarm_was_not_told_of_its_band(town: Any, finding: Any) -> None:
    await hear(town, alarm(town, finding))
    for name in ("wang", "deputy", "li", "chen", "sun", "zhou"):
        await town.service.perform(1, "pass", Actor(name, town.people.people[name].name, ResponseSource.SCREEN))
    await hear(town, high(town, finding))
    assert any("燃气浓度危险" in text for name in ("wang", "deputy") for text in town.texts(name))


def test_a_site_that_says_nothing_of_events_has_the_built_in_ones(tmp_path: Any, ladders: EscalationPolicy) -> None:
    own = yaml.safe_load((ROOM / "ladders" / "default.yaml").read_text("utf-8"))
    del own["one_event"]
    (tmp_path / "ladders.yaml").write_text(yaml.safe_dump(own))
    assert load_ladders(tmp_path).one_event == ladders.one_event != ()
    (tmp_path / "ladders.yaml").write_text(yaml.safe_dump({**own, "one_event": []}))
    assert load_ladders(tmp_path).one_event == ()


def test_a_misspelt_rule_of_an_event_is_named_where_it_stands(ladders: EscalationPolicy) -> None:
    book = EscalationPolicy(ladders=ladders.ladders[:1], one_event=(("gas-alarm", "gas-hihg"),))
    channels = {"sms", "wecom"}
    (fault,) = check_names(book, channels, {"gas-alarm", "gas-high"}, lambda name, _: f"{name} is no rule")
    assert (fault.where, fault.message) == (("one_event", 0, 1), "gas-hihg is no rule")
