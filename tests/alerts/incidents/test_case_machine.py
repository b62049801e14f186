"""Every action of people and every deadline, in any order: an active alert has a next step and somebody was called."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.alert import ACTIVE_STATES, Actor, ResponseSource, State
from alerts.handling.finding_status import FindingStatus
from alerts.handling.person_actions import CASE_ACTIONS, NoSuchAlert
from alerts.lifecycle.event import InvalidField, InvalidTransition
from alerts.lifecycle.transitions import ACTIONS
from alerts.service import AlertService
from alerts.settings import AlertSettings
from domain import FindingPhase, Severity, Subject
from store.database.alerts.queries import findings_of_alert
from store.database.alerts.repository import SqlAlertStore
from store.database.alerts.transactions import Transactions
from store.database.database import Database, sqlite_url
from tests.alerts.conftest import (
    SHANGHAI,
    SIGN,
    Clock,
    gas_finding,
    load_catalog,
    load_policy,
    load_reply_grammar,
    small_community,
)

NAMES = {"wang": "王芳", "deputy": "赵敏", "li": "李强", "chen": "陈静"}
STEPS = st.one_of(
    st.tuples(st.just("find"), st.integers(1, 4), st.sampled_from([Severity.CRITICAL, Severity.HIGH, Severity.LOW])),
    st.tuples(st.just("end"), st.integers(1, 4)),
    st.tuples(st.just("wait"), st.sampled_from([5, 61, 700, 1_900, 8_000])),
    st.tuples(
        st.just("act"),
        st.sampled_from([*(str(action) for action in ACTIONS), *CASE_ACTIONS]),
        st.sampled_from(list(NAMES)),
        st.integers(1, 4),
        st.integers(1, 4),
        st.sampled_from(["community", "chen", None]),
    ),
)


class CaseMachine:
    """The service on a database, without a sender: who is called is what lies in the outbox."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.database = Clock(), Database(sqlite_url(folder / "ledger.db"))
        people = small_community()
        channels = AlertSettings(sign=SIGN, tz=SHANGHAI, replies=load_reply_grammar(), channels=("sms",))
        self.service = AlertService(
            Transactions(self.database),
            load_policy(),
            load_catalog(),
            channels,
            lambda: people,
            self.clock,
            status_of=lambda *_: FindingStatus.OVER,
        )
        self.findings: dict[int, Any] = {}

    async def take(self, step: tuple[Any, ...]) -> None:
        """One step; a refusal changes nothing."""
        if step[0] == "find":
            await self.begin(step[1], step[2])
        elif step[0] == "end" and step[1] in self.findings:
            ended = self.findings.pop(step[1])
            await self.service.process_findings([_changed(ended, phase=FindingPhase.ENDED)])
        elif step[0] == "wait":
            await self.wait(step[1])
        elif step[0] == "act":
            with suppress(InvalidTransition, InvalidField, NoSuchAlert):
                await self.act(*step[1:])

    async def begin(self, number: int, severity: Severity) -> None:
        now, device = self.clock.now, f"gas-{number}"
        values = {"device": device, "subject": Subject("device", device), "severity": severity, "place": "402"}
        finding = gas_finding(id=f"gas@1/{device}/{now}", begin=now, at=now, now=now, **values)
        self.findings[number] = finding
        await self.service.process_findings([finding])

    async def wait(self, seconds: int) -> None:
        end = self.clock.now + seconds * 1000
        while (wake := await self.service.next_wake()) is not None and wake <= end:
            self.clock.now = max(self.clock.now, wake)
            await self.service.tick(self.clock.now)
        self.clock.now = end

    async def act(self, action: str, person: str, alert: int, into: int, to: str | None) -> None:
        actor = Actor(person, NAMES[person], ResponseSource.SCREEN)
        until = self.clock.now + 1_800_000
        rows = self.read(lambda tx: findings_of_alert(tx, str(alert)))
        target = person if action == "assign" else to
        await self.service.perform(
            alert,
            action,
            actor,
            reason="理由",
            until=until,
            to=target,
            into=into,
            disposition="real",
            findings=[row["finding"] for row in rows][:1],
        )

    def read(self, work: Callable[[Any], Any]) -> Any:
        return self.database.write_blocking(work)

    async def check(self) -> None:
        """No active alert without a next step; none that is open without a person called for it."""
        assert await self.service.audit(self.clock.now) == []
        for number in range(1, 30):
            alert = self.read(lambda tx, number=number: SqlAlertStore(tx).alert(number))
            if alert is None:
                return
            assert (alert.state in ACTIVE_STATES) <= (alert.next_deadline is not None)
            rows = self.read(lambda tx, number=number: findings_of_alert(tx, str(number)))
            if alert.merged_into is not None:
                assert (alert.state, rows) == (State.CLOSED, [])
            if alert.state in (State.OPEN, State.RETURNED):
                sent = self.read(lambda tx, number=number: SqlAlertStore(tx).deliveries(number))
                assert [row for row in sent if row.round == alert.round], "an open alert called nobody"


def _changed(finding: Any, **changes: Any) -> Any:
    return gas_finding(**{name: getattr(finding, name) for name in finding.__struct_fields__} | changes)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEPS, min_size=4, max_size=18))
def test_any_sequence_of_actions_leaves_a_next_step_and_a_called_person(
    empty_database: Path, steps: list[tuple[Any, ...]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(empty_database, Path(folder) / "ledger.db")
        machine = CaseMachine(Path(folder))

        async def run() -> None:
            await machine.begin(1, Severity.CRITICAL)
            for step in steps:
                await machine.take(step)
                await machine.check()

        asyncio.run(run())
        machine.database.close()


async def test_of_two_people_who_acknowledge_in_one_second_one_is_refused(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    people = [Actor(person, NAMES[person], ResponseSource.SCREEN) for person in ("wang", "li")]
    answers = await asyncio.gather(
        *(harness.service.perform(1, "acknowledge", person) for person in people), return_exceptions=True
    )
    assert sorted(isinstance(answer, InvalidTransition) for answer in answers) == [False, True]
    assert harness.alert().owner in ("wang", "li")


async def test_three_hundred_detectors_in_a_minute_are_few_messages(harness: Any, finding: Any) -> None:
    started = harness.clock.now
    for number in range(300):
        harness.clock.now = started + number * 200
        severity = Severity.CRITICAL if number in (0, 150) else Severity.HIGH
        rule = "smoke-alarm" if severity is Severity.CRITICAL else "smoke-power-lost"
        at = harness.clock.now
        event = finding(
            id=f"{rule}@1/s{number}/{at}", rule=rule, device=f"s{number}", subject=Subject("device", f"s{number}"),
            severity=severity, place=("402", "403", "404", "405")[number % 4], hazard="fire", title="烟感报警",
            begin=at, at=at, now=at,
        )  # fmt: skip
        await harness.service.process_findings([event])
        if number == 0:
            await harness.send()
            assert len(harness.texts("wang")) == 1, "the first goes out at once"
    await harness.send()
    await harness.advance_time(60)
    texts = harness.texts("wang")
    assert sum("紧急：烟感报警" in text for text in texts) >= 2, "critical dangers go out singly"
    assert len(texts) <= 20, f"few messages for one person, not {len(texts)}"
