"""Notices that waited until their recipient went home, and notices that became due together."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from alerts.alert import SecondCheck, State
from alerts.handling.finding_status import FindingStatus
from alerts.message import DeliveryState, MessageKind
from alerts.ports import Transaction
from domain import HOUR, Duty, Finding, FindingPhase, Severity
from domain.people import community
from store.database.alerts.repository import SqlAlertStore
from tests.alerts.conftest import AlertHarness
from tests.alerts.incidents.test_together import WANG, danger_at, dealt_with, high_dangers, texts_with, unreported


def relieve(harness: AlertHarness, role: str, cell: str, person: str) -> None:
    """From now on this person has the role in the cell."""
    now = harness.people
    others = [duty for duty in now.duties if (duty.role, duty.cell) != (role, cell)]
    harness.people = community(
        places=now.places.values(),
        cells=now.cells.values(),
        people=now.people.values(),
        duties=[*others, Duty("new", cell, role, person)],
    )


async def test_a_request_to_verify_that_waited_asks_the_lead_of_the_next_shift(
    harness: AlertHarness, finding: Any
) -> None:
    await high_dangers(harness, finding, "402", "403")
    await dealt_with(harness, 1, 2)
    assert harness.alert(2).verifier == "li"
    relieve(harness, "lead", "grid", "zhou")
    await harness.advance_time(3600)
    assert len(texts_with(harness, "li", "请核查")) == 1
    (asked,) = texts_with(harness, "zhou", "请核查")
    assert "403" in asked
    assert harness.alert(2).verifier == "zhou"
    assert any("已交班" in line for line in harness.timeline(2))


async def test_without_another_person_on_duty_the_text_goes_to_whom_it_was_for(
    harness: AlertHarness, finding: Any
) -> None:
    await high_dangers(harness, finding, "402", "403")
    await dealt_with(harness, 1, 2)
    harness.people = community(
        places=harness.people.places.values(),
        cells=harness.people.cells.values(),
        people=harness.people.people.values(),
        duties=[],
    )
    await harness.advance_time(3600)
    assert len(texts_with(harness, "li", "请核查")) == 2


async def test_supervisors_of_the_next_shift_are_notified_of_what_is_overdue(
    harness: AlertHarness, finding: Any
) -> None:
    await unreported(harness, finding)
    before = len(texts_with(harness, "zhou", "督办"))
    relieve(harness, "street", "street", "zhou")
    await harness.advance_time(4 * 3600)
    assert len(texts_with(harness, "sun", "督办")) == 1
    assert len(texts_with(harness, "zhou", "督办")) > before


async def test_reminders_that_wait_for_the_end_of_quiet_hours_are_one_message_to_the_supervisor_on_duty(
    harness: AlertHarness, finding: Any
) -> None:
    """The supervisors change in the night: who is on duty in the morning has one text, not one for each reminder."""
    harness.clock.now += 8 * HOUR  # 22:05
    danger = finding(severity=Severity.MEDIUM, title="电动车上楼", rule="citizen-report", now=harness.clock.now)
    await harness.service.process_findings([danger])
    await harness.advance_time(4 * 3600)
    waiting = [row for row in harness.deliveries() if row.kind is MessageKind.SUPERVISE]
    assert [row.code for row in waiting] == ["superseded"] * (len(waiting) - 1) + [None]
    assert len(waiting) > 2
    supervisor = waiting[0].person
    relieve(harness, waiting[0].role, "grid", "sun")
    await harness.advance_time(6 * 3600)
    assert texts_with(harness, supervisor, "督办") == []
    assert len(texts_with(harness, "sun", "督办")) == 1
    assert len([line for line in harness.timeline() if line.startswith("督办提醒")]) > 3


async def test_notices_that_were_due_together_are_one_text(harness: AlertHarness, finding: Any) -> None:
    """The provider was away, or the service: when it is back all of them are leased in one batch."""
    await high_dangers(harness, finding, "402", "403", "404")
    await dealt_with(harness, 1, 2, 3)
    harness.clock.now += 2 * 3600 * 1000
    await harness.send()
    assert texts_with(harness, "li", "请核查")[1:] == [
        "【枫树社区】请核查2处：枫林苑3栋2单元403、404。无险情逐处回复20、30，有险情末位0改1。"
    ]
    rows = [row for row in harness.deliveries(3) if row.kind is MessageKind.VERIFY and row.channel == "sms"]
    assert [(row.state, row.code) for row in rows] == [(DeliveryState.SKIPPED, "combined")]


async def test_while_the_device_still_reports_the_danger_no_verification_is_asked(
    harness: AlertHarness, finding: Any
) -> None:
    """Whoever was asked went there, answered, and was refused: the device still alarms."""
    await high_dangers(harness, finding, "402")
    harness.service.due_alerts.status_of = lambda *_: FindingStatus.ACTIVE
    await harness.service.perform(1, "arrive", WANG)
    await harness.service.perform(1, "resolve", WANG, disposition="real")
    await harness.advance_time(20 * 60)
    assert texts_with(harness, "li", "请核查") == []
    ended: Finding = danger_at(finding, "402")
    harness.service.due_alerts.status_of = lambda *_: FindingStatus.OVER
    await harness.service.process_findings([structs.replace(ended, phase=FindingPhase.ENDED)])
    await harness.advance_time(1)
    assert len(texts_with(harness, "li", "请核查")) == 1
    assert harness.alert(1).state is State.RESOLVED


async def test_the_street_verification_is_handed_on_while_it_is_awaited_of_this_person(
    harness: AlertHarness, finding: Any
) -> None:
    await high_dangers(harness, finding, "402")
    effects = harness.service.processor.case_effects
    alert = harness.alert()

    def hand_on(check: SecondCheck | None) -> bool:
        def work(tx: Any) -> bool:
            transaction = Transaction(SqlAlertStore(tx), harness.clock.now)
            return effects.second_check.hand_on(transaction, structs.replace(alert, second_check=check), "zhou")

        return harness.database.write_blocking(work)

    awaited = SecondCheck(since=harness.clock.now, verifier="zhou")
    assert not hand_on(None)
    assert not hand_on(structs.replace(awaited, verifier="sun"))
    assert not hand_on(structs.replace(awaited, excluded=tuple(harness.people.people)))
    assert hand_on(awaited)
    assert harness.alert().second_check is not None


async def test_what_is_settled_or_has_another_verifier_is_not_handed_on(harness: AlertHarness, finding: Any) -> None:
    await high_dangers(harness, finding, "402")
    row = structs.replace(harness.deliveries()[0], person="zhou", role="lead", not_before=harness.clock.now + 1)
    kinds = (MessageKind.VERIFY, MessageKind.VERIFY_STREET, MessageKind.SUPERVISE, MessageKind.ALERT)
    rows = [structs.replace(row, kind=kind) for kind in kinds]

    def hand_on(row: Any) -> bool:
        return harness.database.write_blocking(
            lambda tx: harness.service.outcomes.off_shift.hand_on(
                Transaction(SqlAlertStore(tx), harness.clock.now), row
            )
        )

    assert [hand_on(row) for row in rows] == [False] * 4


async def test_a_notice_that_waits_for_a_person_who_went_home_is_named_in_no_text_of_another(
    harness: AlertHarness, finding: Any
) -> None:
    await high_dangers(harness, finding, "402", "403", "404")
    await dealt_with(harness, 1, 2, 3)
    harness.service.outcomes.combined._is_off = lambda _tx, _row, alert: alert.id == 3
    await harness.advance_time(3600)
    first, *others = texts_with(harness, "li", "请核查")[1:]
    assert "403" in first
    assert "404" not in first
    assert len(others) == 1


async def test_an_overdue_notice_that_waited_is_handed_on_where_no_later_one_reached_the_shift(
    harness: AlertHarness, finding: Any
) -> None:
    await unreported(harness, finding)
    newest = next(row for row in reversed(harness.deliveries()) if row.kind is MessageKind.SUPERVISE)
    row = structs.replace(newest, person="wang", not_before=newest.created_at + 1)
    notified: list[int] = []
    harness.service.processor.case_effects.supervision.notify_overdue = lambda _tx, alert: notified.append(alert.id)

    def hand_on(tx: Any) -> bool:
        return bool(harness.service.outcomes.off_shift.hand_on(Transaction(SqlAlertStore(tx), harness.clock.now), row))

    assert harness.database.write_blocking(hand_on)
    assert notified == [row.alert]
