"""Random sequences about one device, one person and one building: every danger that begins is notified."""

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
from domain import Duty, FindingPhase, Instant, Person, Severity, Subject
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
    ("smoke-alarm", "fire", "烟雾报警", Severity.CRITICAL, "smoke-2", Subject("device", "smoke-2"), "403"),
    ("fire-building", "fire", "整楼烟雾报警", Severity.CRITICAL, None, Subject("building", "b3"), "b3"),
    ("unreadable-danger", "unknown", "消息不完整", Severity.CRITICAL, "band-1", Subject("device", "band-1"), None),
    *(
        ("leak-found", "water", "漏水", Severity.HIGH, f"leak-{door}", Subject("device", f"leak-{door}"), str(door))
        for door in (402, 403, 404, 405)
    ),
)
ACTIONS = ("acknowledge", "arrive", "resolve", "verify", "close", "shelve", "shelve", "return", "pass", "reopen")
WITHIN_MS = 5 * 60_000
"""The longest wait of a summary or a bundle, far less than any ladder's deadline for these severities."""


def add_everyone(harness: Any) -> None:
    registry = harness.people
    people = [Person("house", "钱师傅", "19900000008"), Person("nurse", "孙护士", "19900000009")]
    duties = [Duty("8", "grid", "property", "house"), Duty("9", "community", "clinic", "nurse")]
    harness.people = community(
        registry.places.values(),
        registry.cells.values(),
        [*registry.people.values(), *people],
        [*registry.duties, *duties],
    )


FURTHER_SEEDS = [pytest.param(seed, marks=pytest.mark.thorough) for seed in (1, 2)]


@pytest.mark.parametrize("seed", [0, *FURTHER_SEEDS])
async def test_every_danger_that_begins_is_notified_within_its_deadline(harness: Any, finding: Any, seed: int) -> None:
    chance = random.Random(seed)
    add_everyone(harness)
    dangers: list[Any] = []
    for _ in range(25):
        await act_and_wait(chance, harness, dangers)
        danger = random_danger(chance, harness, finding)
        earlier_rows = danger_row_ids(harness)
        is_repeated = is_already_notified(harness, danger)
        (outcome,) = await harness.service.process_findings([danger])
        dangers.append(danger)
        since = harness.clock.now
        await harness.send()
        assert await harness.service.audit(harness.clock.now) == []
        if not is_repeated:
            assert is_notified(harness, danger, outcome.alert, earlier_rows, since), (
                seed,
                danger.rule,
                harness.timeline(outcome.alert),
            )


def random_danger(chance: random.Random, harness: Any, finding: Any) -> Any:
    rule, hazard, title, severity, device, subject, place = chance.choice(DANGERS)
    now = harness.clock.now
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


async def act_and_wait(chance: random.Random, harness: Any, dangers: list[Any]) -> None:
    """Random actions, waits, ends and restarts between two dangers."""
    for _ in range(chance.randint(0, 4)):
        step = chance.choice(("act", "act", "act", "time", "end", "restart"))
        if step == "act" and dangers:
            await take_random_action(chance, harness, len(dangers))
        elif step == "time":
            await harness.advance_time(chance.choice((1, 20, 61, 400, 3_700)))
        elif step == "end" and dangers:
            ended = structs.replace(chance.choice(dangers), phase=FindingPhase.ENDED, at=harness.clock.now)
            await harness.service.process_findings([ended])
        elif step == "restart":
            harness.stop()
            harness.start()
        await harness.send()


async def take_random_action(chance: random.Random, harness: Any, alerts: int) -> None:
    person = chance.choice(list(PEOPLE))
    action = chance.choice(ACTIONS)
    with suppress(InvalidTransition, InvalidField, LookupError):
        await harness.service.perform(
            chance.randint(1, alerts),
            action,
            Actor(person, PEOPLE[person], ResponseSource.SCREEN),
            reason="理由",
            until=harness.clock.now + chance.choice((60_000, 20 * 3_600_000)),
        )


def danger_row_ids(harness: Any) -> set[str]:
    query = select(deliveries.c.id).where(deliveries.c.kind.in_([kind.value for kind in DANGER_KINDS]))
    return set(harness.database.write_blocking(lambda tx: tx.execute(query).scalars().all()))


def is_already_notified(harness: Any, danger: Any) -> bool:
    """Whether an open or taken alert has the same rule and subject: its people already know this danger."""
    for alert in harness.database.write_blocking(lambda tx: SqlAlertStore(tx).alerts_to_join(danger, None, None)):
        same = alert.rule == danger.rule and alert.subject == danger.subject
        if same and alert.state in ("open", "returned", "acknowledged", "on_site"):
            return True
    return False


def is_notified(harness: Any, danger: Any, alert: int, earlier_rows: set[str], since: Instant) -> bool:
    """Whether a message that names the danger was created since then, to be sent within its time."""
    for row in harness.deliveries(alert):
        is_valid = row.state not in (DeliveryState.SKIPPED, DeliveryState.FAILED, DeliveryState.EXPIRED)
        is_new = row.id not in earlier_rows or row.state is DeliveryState.PENDING
        may_wait = danger.severity is Severity.LOW
        if row.kind in DANGER_KINDS and is_valid and is_new and (may_wait or row.not_before <= since + WITHIN_MS):
            return danger.title in str(row.payload) or "待接警" in str(row.payload)
        if row.code == "budget" and row.id not in earlier_rows:
            return True
    return False
