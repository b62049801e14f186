"""Cases that no device opened: called, escalated and closed like any alert, opened once for one key."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.alert import Actor, AlertSource, ResponseSource, State
from alerts.cases.request import CaseRequest
from domain import DAY, MINUTE, Severity, Subject
from tests.alerts.conftest import START, AlertHarness

CLERK = Actor("clerk", "值班员", ResponseSource.SCREEN)


def case(**changes: Any) -> CaseRequest:
    values: dict[str, Any] = {
        "source": AlertSource.MANUAL,
        "hazard": "gas",
        "title": "居民称有燃气味",
        "text": "楼道里气味很重",
        "severity": Severity.CRITICAL,
        "place": "402",
    }
    return CaseRequest(**{**values, **changes})


async def test_a_case_calls_the_worker_climbs_and_is_closed_by_people(harness: AlertHarness) -> None:
    alert = await harness.service.open_case(case(), CLERK)
    await harness.send()
    assert harness.texts("wang") == [
        "【枫树社区】紧急：居民称有燃气味，14:05，枫林苑3栋2单元402。勿开关电器，10分钟内到场。回复11接警，12无法到场。"
    ]
    assert (alert.subject, alert.rule, alert.source) == (Subject("case", "1"), "manual-case", "manual")
    assert (alert.description, alert.building, alert.cell) == ("楼道里气味很重", "b3", "grid")
    await harness.advance_time(60)
    assert "升级" in harness.texts("li")[0]
    assert await harness.service.audit(harness.clock.now) == []
    for action, who in (("arrive", "wang"), ("resolve", "wang"), ("verify", "li"), ("close", "li")):
        await harness.service.perform(1, action, Actor(who, who, ResponseSource.SCREEN), disposition="real")
    assert harness.alert().state is State.CLOSED
    assert harness.timeline()[0] == "紧急：居民称有燃气味，枫林苑3栋2单元402"


async def test_one_key_opens_one_case(harness: AlertHarness) -> None:
    first = await harness.service.open_case(case(key="phone-1"), CLERK)
    again = await harness.service.open_case(case(key="phone-1", title="另一条"), CLERK)
    other = await harness.service.open_case(case(key="phone-2"), CLERK)
    assert (again.id, again.title, other.id) == (first.id, "居民称有燃气味", 2)
    assert harness.changed == ["1", "2"]


async def test_a_case_joins_nothing_and_a_device_does_not_join_it(harness: AlertHarness, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.service.open_case(case(), CLERK)
    results = await harness.service.process_findings([finding(id="x", rule="gas-high", severity=Severity.HIGH)])
    assert [harness.alert(number).source for number in (1, 2)] == ["device", "manual"]
    assert results[0].alert == 1


async def test_a_case_without_a_registered_place_names_the_given_address(harness: AlertHarness) -> None:
    where = {"place": None, "address": "菜市场东门"}
    alert = await harness.service.open_case(case(hazard="road", severity=Severity.HIGH, **where), CLERK)
    nowhere = await harness.service.open_case(case(place=None), CLERK)
    assert (alert.address, alert.building, alert.cell) == ("菜市场东门", None, None)
    assert (nowhere.address, harness.timeline(2)[0]) == ("", "紧急：居民称有燃气味，位置未登记")


async def test_a_case_of_half_an_hour_ago_is_late_and_none_is_of_the_future(harness: AlertHarness) -> None:
    late = await harness.service.open_case(case(at=START - 30 * MINUTE, source=AlertSource.EXTERNAL), CLERK)
    future = await harness.service.open_case(case(at=START + DAY), CLERK)
    assert (late.late_ms, late.rule, future.started_at) == (30 * MINUTE, "external-case", START)


def test_devices_open_no_case() -> None:
    with pytest.raises(KeyError):
        _ = case(source=AlertSource.DEVICE).rule
