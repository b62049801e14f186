"""Random sequences of findings, actions, faults and restarts: every open alert has a next step."""

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


@pytest.mark.parametrize("seed", range(3))
async def test_a_random_sequence_leaves_no_alert_without_a_next_step(harness: Any, finding: Any, seed: int) -> None:
    chance = random.Random(seed)
    findings: list[Any] = []
    for _ in range(40):
        await take_random_step(chance, harness, finding, findings)
        await harness.send()
        assert await harness.service.audit(harness.clock.now) == []
    await harness.advance_time(60)
    for alert in range(1, len(findings) + 1):
        rows = harness.deliveries(alert)
        assert len({row.key for row in rows}) == len(rows)
    for person in PEOPLE:
        assert all(len(text) <= 70 for text in harness.texts(person))


async def take_random_step(chance: random.Random, harness: Any, finding: Any, findings: list[Any]) -> None:
    """One random step: a finding, its next phase (twice), an action, a reply, time, a provider fault, or a restart."""
    step = chance.choice(("find", "find", "phase", "act", "act", "act", "reply", "time", "time", "fault", "restart"))
    if step == "find":
        findings.append(random_finding(chance, harness, finding))
        await harness.service.process_findings([findings[-1]])
    elif step == "phase" and findings:
        phase = chance.choice(
            (FindingPhase.STALE, FindingPhase.GRADED, FindingPhase.ENDED, FindingPhase.WITHDRAWN, FindingPhase.BEGAN)
        )
        severity = chance.choice(list(Severity))
        change = structs.replace(chance.choice(findings), phase=phase, at=harness.clock.now, severity=severity)
        await harness.service.process_findings([change])
        await harness.service.process_findings([change])
    elif step == "act" and findings:
        await take_random_action(chance, harness, len(findings))
    elif step == "reply":
        phone = f"1990000000{chance.randint(1, 6)}"
        await harness.service.receive_text(phone, chance.choice(("11", "12", "21", "收到", "？")), harness.clock.now)
    elif step == "time":
        await harness.advance_time(chance.choice((5, 45, 61, 600, 7_300)))
    elif step == "fault":
        harness.sms_server.faults.schedule(chance.choice(FAULTS))
    elif step == "restart":
        harness.stop()
        harness.start()


def random_finding(chance: random.Random, harness: Any, finding: Any) -> Any:
    number = chance.randint(1, 9)
    return finding(
        id=f"f{harness.clock.now}-{chance.random()}",
        rule=f"rule-{number % 4}",
        device=f"d{number}",
        subject=Subject("device", f"d{number}"),
        severity=chance.choice(list(Severity)),
        ledger=chance.choice((Ledger.DANGER, Ledger.DANGER, Ledger.HEALTH)),
        place=chance.choice(("402", "403", "404", None)),
        begin=harness.clock.now,
        at=harness.clock.now,
        now=harness.clock.now,
    )


async def take_random_action(chance: random.Random, harness: Any, alerts: int) -> None:
    person = chance.choice(list(PEOPLE))
    action, number = chance.choice([*ACTIONS, "comment"]), chance.randint(1, alerts)
    with suppress(InvalidTransition, InvalidField, LookupError):
        await harness.service.perform(
            number,
            str(action),
            Actor(person, PEOPLE[person], ResponseSource.SCREEN),
            reason=chance.choice(("理由", None)),
            until=harness.clock.now + 3_600_000,
            to=chance.choice(list(PEOPLE)),
        )
