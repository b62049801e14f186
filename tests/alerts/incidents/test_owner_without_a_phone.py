"""A danger begins again, or joins, on an alert whose owner cannot be told: somebody else hears of it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from alerts.alert import Actor, ResponseSource, State
from alerts.message import CALL_KINDS, DANGER_KINDS, DeliveryState
from domain import Duty, Person, Role, Severity
from store.database.alerts.tables import deliveries
from tests.alerts.incidents.scene import begins, with_people

CLERK = Actor("desk-2", "值班员", ResponseSource.SCREEN)
"""Works at the desk; the registry has no phone of his."""
WANG = Actor("wang", "王芳", ResponseSource.SCREEN)
MINUTE_S = 60


def loses_his_phone(town: Any) -> None:
    with_people(town, [Person("wang", "王芳")])


def is_removed(town: Any) -> None:
    del town.people.people["wang"]


def goes_off_duty(town: Any) -> None:
    with_people(town, duties=[Duty("9", "grid", Role.WORKER, "wang", absent=True)])


def was_never_known(_town: Any) -> None:
    pass


LOST = {
    "phone": (WANG, loses_his_phone),
    "removed": (WANG, is_removed),
    "absent": (WANG, goes_off_duty),
    "clerk": (CLERK, was_never_known),
}


def heard_by(town: Any, alert: int, since: int) -> set[str]:
    """Those to whom a message about a danger was written since then that may reach them."""
    rows = [row for row in town.deliveries(alert) if row.kind in DANGER_KINDS and row.created_at >= since]
    return {row.person for row in rows if row.state in (DeliveryState.ACCEPTED, DeliveryState.DELIVERED)}


async def taken(town: Any, finding: Any, owner: Actor, on_site: bool) -> None:
    await town.service.process_findings([begins(town, finding)])
    await town.send()
    await town.service.perform(1, "acknowledge", owner)
    if on_site:
        await town.service.perform(1, "arrive", owner)
    await town.send()
    await town.pass_time(MINUTE_S)


@pytest.mark.parametrize("lost", LOST)
async def test_a_leak_that_begins_again_calls_the_ladder_when_its_owner_cannot_be_told(
    town: Any, finding: Any, lost: str
) -> None:
    owner, loses = LOST[lost]
    await taken(town, finding, owner, on_site=False)
    loses(town)
    since = town.clock.now
    (outcome,) = await town.service.process_findings([begins(town, finding)])
    await town.send()
    assert (outcome.alert, town.alert().state, town.alert().round) == (1, State.OPEN, 1)
    first = "wang" if lost == "clerk" else "deputy"
    assert first in heard_by(town, 1, since)
    assert town.texts(first)[-1].startswith("【枫树社区】紧急：燃气泄漏，14:06，枫林苑3栋2单元402。")


@pytest.mark.parametrize("rule", ["gas-alarm", "gas-high"])
@pytest.mark.parametrize("severity", [Severity.CRITICAL, Severity.HIGH])
@pytest.mark.parametrize("on_site", [False, True], ids=["acknowledged", "on site"])
@pytest.mark.parametrize("lost", LOST)
async def test_whatever_begins_on_an_alert_whose_owner_cannot_be_told_reaches_somebody(
    town: Any, finding: Any, lost: str, on_site: bool, severity: Severity, rule: str
) -> None:
    owner, loses = LOST[lost]
    await taken(town, finding, owner, on_site)
    loses(town)
    since = town.clock.now
    (outcome,) = await town.service.process_findings([begins(town, finding, rule=rule, id="second", severity=severity)])
    await town.send()
    assert heard_by(town, outcome.alert, since), town.story(outcome.alert)
    assert await town.service.audit(town.clock.now) == []


async def test_a_leak_that_begins_again_on_site_leaves_an_owner_without_a_phone(town: Any, finding: Any) -> None:
    await taken(town, finding, CLERK, on_site=True)
    await town.service.process_findings([begins(town, finding)])
    await town.send()
    assert town.alert().state is State.OPEN
    assert "新增报警未能通知到值班员，改叫他人" in town.story()
    assert town.texts("deputy"), "the worker was called for the first leak and is not on it"


async def test_a_danger_after_everybody_called_has_declined_opens_its_own_alert(town: Any, finding: Any) -> None:
    await town.service.process_findings([begins(town, finding)])
    await town.send()
    for name in ("wang", "deputy", "li", "chen", "sun", "zhou"):
        await town.service.perform(1, "pass", Actor(name, town.people.people[name].name, ResponseSource.SCREEN))
        await town.send()
    assert town.alert().state is State.OPEN
    since = town.clock.now
    (outcome,) = await town.service.process_findings([begins(town, finding, rule="gas-high", id="second")])
    await town.send()
    assert outcome.alert == 2
    assert "wang" in heard_by(town, 2, since)


async def test_a_danger_that_joins_after_every_call_failed_calls_the_next_rung(town: Any, finding: Any) -> None:
    """Only a message about an earlier danger has reached anybody: those called cannot be told of the next one."""
    await town.service.process_findings([begins(town, finding)])
    await town.send()
    await town.service.process_findings([begins(town, finding, rule="gas-co", title="一氧化碳超标")])
    await town.send()
    calls = deliveries.c.kind.in_(kind.value for kind in CALL_KINDS)
    failed = update(deliveries).where(calls).values(state=DeliveryState.FAILED.value)
    town.ledger.write_blocking(lambda tx: tx.execute(failed))
    await town.service.process_findings([begins(town, finding, rule="gas-expired", title="探头过期")])
    await town.send()
    assert town.alert().joined == 2
    assert "探头过期" in town.texts("li")[-1]
