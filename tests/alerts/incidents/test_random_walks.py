"""Random days at the desk, with restarts in between: whatever happens, nothing open is ever without a next step."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import Any

import pytest
from msgspec import structs

from alerts.alert import Actor, ResponseSource
from alerts.lifecycle.event import InvalidField, InvalidTransition
from alerts.lifecycle.transitions import ACTIONS
from domain import FindingPhase, Ledger, Severity, Subject
from simulators.providers.faults import Fault, FaultKind

PEOPLE = {"wang": "王芳", "deputy": "赵敏", "li": "李强", "chen": "陈静"}
FAULTS = (
    Fault(FaultKind.REJECT, code="isv.MOBILE_NUMBER_ILLEGAL"),
    Fault(FaultKind.REJECT, code="isv.BUSINESS_LIMIT_CONTROL"),
    Fault(FaultKind.REJECT, code="isv.SMS_SIGNATURE_ILLEGAL"),
    Fault(FaultKind.HTTP, status=502, accepted=False),
    Fault(FaultKind.HTTP, status=502, accepted=True),
    Fault(FaultKind.UNDELIVERED, code="MK:0004"),
)


@pytest.mark.parametrize("seed", range(6))
async def test_a_random_day_leaves_nobody_waiting(town: Any, finding: Any, seed: int) -> None:
    chance = random.Random(seed)
    heard: list[Any] = []
    for _ in range(40):
        await one_step(chance, town, finding, heard)
        await town.send()
        assert await town.service.audit(town.clock.now) == []
    await town.pass_time(60)
    for alert in range(1, len(heard) + 1):
        rows = town.deliveries(alert)
        assert len({row.key for row in rows}) == len(rows)
    for person in PEOPLE:
        assert all(len(text) <= 70 for text in town.texts(person))


async def one_step(chance: random.Random, town: Any, finding: Any, heard: list[Any]) -> None:
    """Something happens: a finding, its next phase (perhaps twice), a deed, a reply, time, a misfortune, a restart."""
    step = chance.choice(("find", "find", "phase", "act", "act", "act", "reply", "time", "time", "fault", "restart"))
    if step == "find":
        heard.append(a_finding(chance, town, finding))
        await town.service.process_findings([heard[-1]])
    elif step == "phase" and heard:
        phase = chance.choice(
            (FindingPhase.STALE, FindingPhase.GRADED, FindingPhase.ENDED, FindingPhase.WITHDRAWN, FindingPhase.BEGAN)
        )
        severity = chance.choice(list(Severity))
        told = structs.replace(chance.choice(heard), phase=phase, at=town.clock.now, severity=severity)
        await town.service.process_findings([told])
        await town.service.process_findings([told])
    elif step == "act" and heard:
        await act(chance, town, len(heard))
    elif step == "reply":
        phone = f"1990000000{chance.randint(1, 6)}"
        await town.service.receive_text(phone, chance.choice(("11", "12", "21", "收到", "？")), town.clock.now)
    elif step == "time":
        await town.pass_time(chance.choice((5, 45, 61, 600, 7_300)))
    elif step == "fault":
        town.vendor.faults.schedule(chance.choice(FAULTS))
    elif step == "restart":
        town.end()
        town.begin()


def a_finding(chance: random.Random, town: Any, finding: Any) -> Any:
    number = chance.randint(1, 9)
    return finding(
        id=f"f{town.clock.now}-{chance.random()}",
        rule=f"rule-{number % 4}",
        device=f"d{number}",
        subject=Subject("device", f"d{number}"),
        severity=chance.choice(list(Severity)),
        ledger=chance.choice((Ledger.DANGER, Ledger.DANGER, Ledger.HEALTH)),
        place=chance.choice(("402", "403", "404", None)),
        begin=town.clock.now,
        at=town.clock.now,
        now=town.clock.now,
    )


async def act(chance: random.Random, town: Any, alerts: int) -> None:
    who = chance.choice(list(PEOPLE))
    deed, number = chance.choice([*ACTIONS, "comment"]), chance.randint(1, alerts)
    with suppress(InvalidTransition, InvalidField, LookupError):
        await town.service.perform(
            number,
            str(deed),
            Actor(who, PEOPLE[who], ResponseSource.SCREEN),
            reason=chance.choice(("理由", None)),
            until=town.clock.now + 3_600_000,
            to=chance.choice(list(PEOPLE)),
        )
