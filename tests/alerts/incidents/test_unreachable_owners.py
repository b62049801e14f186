"""A danger that begins again, or joins, on an alert whose owner cannot be reached is sent to another person."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from alerts.alert import Actor, ResponseSource, State
from alerts.message import CALL_KINDS, DANGER_KINDS, DeliveryState
from domain import Duty, Person, Severity
from store.database.alerts.tables import deliveries
from tests.alerts.incidents.scene_builders import add_people, new_finding

CLERK = Actor("desk-2", "值班员", ResponseSource.SCREEN)
"""Works at the desk; without a phone in the registry."""
WANG = Actor("wang", "王芳", ResponseSource.SCREEN)
MINUTE_S = 60


def remove_phone(harness: Any) -> None:
    add_people(harness, [Person("wang", "王芳")])


def remove_person(harness: Any) -> None:
    del harness.people.people["wang"]


def mark_absent(harness: Any) -> None:
    add_people(harness, duties=[Duty("9", "grid", "worker", "wang", absent=True)])


def do_nothing(_harness: Any) -> None:
    pass


UNREACHABLE = {
    "phone": (WANG, remove_phone),
    "removed": (WANG, remove_person),
    "absent": (WANG, mark_absent),
    "clerk": (CLERK, do_nothing),
}


def people_notified(harness: Any, alert: int, since: int) -> set[str]:
    """The people with an accepted or delivered message about a danger since then."""
    rows = [row for row in harness.deliveries(alert) if row.kind in DANGER_KINDS and row.created_at >= since]
    return {row.person for row in rows if row.state in (DeliveryState.ACCEPTED, DeliveryState.DELIVERED)}


async def acknowledge_alert(harness: Any, finding: Any, owner: Actor, on_site: bool) -> None:
    await harness.service.process_findings([new_finding(harness, finding)])
    await harness.send()
    await harness.service.perform(1, "acknowledge", owner)
    if on_site:
        await harness.service.perform(1, "arrive", owner)
    await harness.send()
    await harness.advance_time(MINUTE_S)


@pytest.mark.parametrize("cause", UNREACHABLE)
async def test_a_leak_that_begins_again_calls_the_ladder_when_its_owner_is_unreachable(
    harness: Any, finding: Any, cause: str
) -> None:
    owner, make_unreachable = UNREACHABLE[cause]
    await acknowledge_alert(harness, finding, owner, on_site=False)
    make_unreachable(harness)
    since = harness.clock.now
    (outcome,) = await harness.service.process_findings([new_finding(harness, finding)])
    await harness.send()
    assert (outcome.alert, harness.alert().state, harness.alert().round) == (1, State.OPEN, 1)
    first = "wang" if cause == "clerk" else "deputy"
    assert first in people_notified(harness, 1, since)
    assert harness.texts(first)[-1].startswith("【枫树社区】紧急：燃气泄漏，14:06，枫林苑3栋2单元402。")


@pytest.mark.parametrize("rule", ["gas-alarm", "gas-high"])
@pytest.mark.parametrize("severity", [Severity.CRITICAL, Severity.HIGH])
@pytest.mark.parametrize("on_site", [False, True], ids=["acknowledged", "on site"])
@pytest.mark.parametrize("cause", UNREACHABLE)
async def test_every_danger_on_an_alert_with_an_unreachable_owner_is_notified(
    harness: Any, finding: Any, cause: str, on_site: bool, severity: Severity, rule: str
) -> None:
    owner, make_unreachable = UNREACHABLE[cause]
    await acknowledge_alert(harness, finding, owner, on_site)
    make_unreachable(harness)
    since = harness.clock.now
    (outcome,) = await harness.service.process_findings(
        [new_finding(harness, finding, rule=rule, id="second", severity=severity)]
    )
    await harness.send()
    assert people_notified(harness, outcome.alert, since), harness.timeline(outcome.alert)
    assert await harness.service.audit(harness.clock.now) == []


async def test_a_leak_that_begins_again_on_site_leaves_an_owner_without_a_phone(harness: Any, finding: Any) -> None:
    await acknowledge_alert(harness, finding, CLERK, on_site=True)
    await harness.service.process_findings([new_finding(harness, finding)])
    await harness.send()
    assert harness.alert().state is State.OPEN
    assert "新增报警未能通知到值班员，改叫他人" in harness.timeline()
    assert harness.texts("deputy"), "the worker was called for the first leak and is not on it"


async def test_a_danger_after_all_declined_opens_its_own_alert(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([new_finding(harness, finding)])
    await harness.send()
    for name in ("wang", "deputy", "li", "chen", "sun", "zhou"):
        await harness.service.perform(1, "pass", Actor(name, harness.people.people[name].name, ResponseSource.SCREEN))
        await harness.send()
    assert harness.alert().state is State.OPEN
    since = harness.clock.now
    (outcome,) = await harness.service.process_findings([new_finding(harness, finding, rule="gas-high", id="second")])
    await harness.send()
    assert outcome.alert == 2
    assert "wang" in people_notified(harness, 2, since)


async def test_a_danger_that_joins_after_every_call_failed_calls_the_next_rung(harness: Any, finding: Any) -> None:
    """Only a message about an earlier danger was delivered: the people called cannot be reached for the next one."""
    await harness.service.process_findings([new_finding(harness, finding)])
    await harness.send()
    await harness.service.process_findings([new_finding(harness, finding, rule="gas-co", title="一氧化碳超标")])
    await harness.send()
    calls = deliveries.c.kind.in_(kind.value for kind in CALL_KINDS)
    failed = update(deliveries).where(calls).values(state=DeliveryState.FAILED.value)
    harness.database.write_blocking(lambda tx: tx.execute(failed))
    await harness.service.process_findings([new_finding(harness, finding, rule="gas-expired", title="探头过期")])
    await harness.send()
    assert harness.alert().joined == 2
    assert "探头过期" in harness.texts("li")[-1]
