"""Random stories about one device, one person and one building: every danger that begins is told to somebody."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import Any

import pytest
from msgspec import structs
from sqlalchemy import select

from alerts.alert import Actor, ResponseSource
from alerts.lifecycle.event import InvalidField, InvalidTransition
from alerts.message import DANGER_KINDS, DeliveryState
from domain import Duty, FindingPhase, Instant, Person, Role, Severity, Subject
from domain.people import community
from store.database.alerts.repository import SqlAlertStore
from store.database.alerts.tables import deliveries

PEOPLE = {"wang": "王芳", "deputy": "赵敏", "li": "李强", "chen": "陈静", "desk-2": "值班员"}
DANGERS = (
    ("band-sos", "person", "求救", Severity.CRITICAL, "band-1", Subject("person", "e1"), "402"),
    ("band-fall", "person", "跌倒", Severity.CRITICAL, "band-1", Subject("person", "e1"), "402"),
    ("band-heart-rate", "person", "心率异常", Severity.HIGH, "band-1", Subject("person", "e1"), "402"),
    ("button-medical", "person", "呼叫护士", Severity.HIGH, "key-1", Subject("device", "key-1"), "402"),
    ("button-service", "service", "服务呼叫", Severity.LOW, "key-1", Subject("device", "key-1"), "402"),
    ("smoke-alarm", "fire", "烟雾报警", Severity.CRITICAL, "smoke-1", Subject("device", "smoke-1"), "402"),
    ("unreadable-danger", "unknown", "消息不完整", Severity.CRITICAL, "band-1", Subject("device", "band-1"), None),
    *(
        ("leak-found", "water", "漏水", Severity.HIGH, f"leak-{door}", Subject("device", f"leak-{door}"), str(door))
        for door in (402, 403, 404, 405)
    ),
)
ACTIONS = ("acknowledge", "arrive", "resolve", "verify", "close", "shelve", "shelve", "return", "pass", "reopen")
WITHIN_MS = 5 * 60_000
"""The longest a summary or a bundle waits, and far less than any ladder's own deadline for these severities."""


def everybody(town: Any) -> None:
    before = town.people
    extra = [Person("house", "钱师傅", "19900000008"), Person("nurse", "孙护士", "19900000009")]
    duties = [Duty("8", "grid", Role.PROPERTY, "house"), Duty("9", "community", Role.CLINIC, "nurse")]
    town.people = community(
        before.places.values(), before.cells.values(), [*before.people.values(), *extra], [*before.duties, *duties]
    )


@pytest.mark.parametrize("seed", range(6))
async def test_every_danger_that_begins_is_told_within_its_deadline(town: Any, finding: Any, seed: int) -> None:
    chance = random.Random(seed)
    everybody(town)
    stories: list[Any] = []
    for _ in range(25):
        await people_and_time(chance, town, stories)
        begun = a_danger(chance, town, finding)
        already = told_rows(town)
        repeated = known_to_somebody(town, begun)
        (outcome,) = await town.service.process_findings([begun])
        stories.append(begun)
        since = town.clock.now
        await town.send()
        assert await town.service.audit(town.clock.now) == []
        if not repeated:
            assert told_of(town, begun, outcome.alert, already, since), (seed, begun.rule, town.story(outcome.alert))


def a_danger(chance: random.Random, town: Any, finding: Any) -> Any:
    rule, hazard, title, severity, device, subject, place = chance.choice(DANGERS)
    now = town.clock.now
    return finding(
        id=f"{rule}@1/{subject}/{now}-{chance.random()}",
        rule=rule,
        hazard=hazard,
        title=title,
        severity=severity,
        device=device,
        subject=subject,
        place=place,
        begin=now,
        at=now,
        now=now,
        advice="",
    )


async def people_and_time(chance: random.Random, town: Any, stories: list[Any]) -> None:
    """Some of what people, devices and time do between two dangers."""
    for _ in range(chance.randint(0, 4)):
        step = chance.choice(("act", "act", "act", "time", "end", "restart"))
        if step == "act" and stories:
            await an_action(chance, town, len(stories))
        elif step == "time":
            await town.pass_time(chance.choice((1, 20, 61, 400, 3_700)))
        elif step == "end" and stories:
            ended = structs.replace(chance.choice(stories), phase=FindingPhase.ENDED, at=town.clock.now)
            await town.service.process_findings([ended])
        elif step == "restart":
            town.end()
            town.begin()
        await town.send()


async def an_action(chance: random.Random, town: Any, alerts: int) -> None:
    who = chance.choice(list(PEOPLE))
    action = chance.choice(ACTIONS)
    with suppress(InvalidTransition, InvalidField, LookupError):
        await town.service.perform(
            chance.randint(1, alerts),
            action,
            Actor(who, PEOPLE[who], ResponseSource.SCREEN),
            reason="理由",
            until=town.clock.now + chance.choice((60_000, 20 * 3_600_000)),
        )


def told_rows(town: Any) -> set[str]:
    found = select(deliveries.c.id).where(deliveries.c.kind.in_([kind.value for kind in DANGER_KINDS]))
    return set(town.ledger.write_blocking(lambda tx: tx.execute(found).scalars().all()))


def known_to_somebody(town: Any, begun: Any) -> bool:
    """The very same danger stands open or taken: those on it, or being called, know of exactly this."""
    for alert in town.ledger.write_blocking(lambda tx: SqlAlertStore(tx).alerts_to_join(begun, None)):
        same = alert.rule == begun.rule and alert.subject == begun.subject
        if same and alert.state in ("open", "returned", "acknowledged", "on_site"):
            return True
    return False


def told_of(town: Any, begun: Any, alert: int, already: set[str], since: Instant) -> bool:
    """Whether a message that names the danger was written since then, to be sent within its time."""
    for row in town.deliveries(alert):
        lives = row.state not in (DeliveryState.SKIPPED, DeliveryState.FAILED, DeliveryState.EXPIRED)
        fresh = row.id not in already or row.state is DeliveryState.PENDING
        quiet = begun.severity is Severity.LOW
        if row.kind in DANGER_KINDS and lives and fresh and (quiet or row.not_before <= since + WITHIN_MS):
            return begun.title in str(row.payload) or "待接警" in str(row.payload)
        if row.code == "budget" and row.id not in already:
            return True
    return False
