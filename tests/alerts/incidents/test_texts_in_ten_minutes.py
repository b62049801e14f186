"""Whatever happens, no phone gets more than ten texts in ten minutes, and no danger is told to nobody."""

from __future__ import annotations

import random
from collections import defaultdict
from typing import Any

import pytest
from sqlalchemy import select

from domain import MINUTE, Severity, Subject
from store.database.alerts.tables import deliveries
from tests.alerts.conftest import PEOPLE, AlertHarness

SEVERITIES = (Severity.CRITICAL, Severity.CRITICAL, Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM)


def danger(harness: AlertHarness, finding: Any, chance: random.Random, number: int) -> Any:
    now, device = harness.clock.now, f"d{number}"
    rule = chance.choice((f"rule-{number}", "smoke-alarm", "gas-alarm"))
    return finding(
        id=f"{rule}@1/{device}/{now}", rule=rule, hazard="fire", title=f"险情{number}", device=device,
        subject=Subject("device", device), severity=chance.choice(SEVERITIES), begin=now, at=now, now=now,
        place=chance.choice(("402", "403", "404", "405")),
    )  # fmt: skip


def most_in_ten_minutes(harness: AlertHarness) -> dict[str, int]:
    query = select(deliveries.c.address, deliveries.c.sent_at).where(
        deliveries.c.channel == "sms", deliveries.c.sent_at.is_not(None)
    )
    times = defaultdict[str, list[int]](list)
    for phone, at in harness.database.write_blocking(lambda tx: tx.execute(query).all()):
        times[phone].append(at)
    return {
        phone: max(sum(begin <= at < begin + 10 * MINUTE for at in own) for begin in own)
        for phone, own in times.items()
    }


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.thorough) for seed in (1, 2))])
async def test_a_storm_of_dangers_and_answers(harness: AlertHarness, finding: Any, seed: int) -> None:
    chance = random.Random(seed)
    for number in range(25):
        await harness.service.process_findings([danger(harness, finding, chance, number)])
        await harness.send()
        if chance.random() < 0.5:
            phone = PEOPLE[chance.choice(("wang", "deputy", "li"))].phone or ""
            code = f"{chance.choice((1, 2, 3, 4, 5, 6, 7))}{chance.choice((1, 1, 2, 3, 5))}"
            await harness.service.receive_text(phone, code, harness.clock.now)
            await harness.send()
        await harness.advance_time(chance.choice((1, 5, 20, 61)))
    await harness.advance_time(15 * 60)
    most = most_in_ten_minutes(harness)
    assert max(most.values()) <= 10, most
    assert await harness.service.unnotified(harness.clock.now) == []
