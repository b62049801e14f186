"""Supervision (督办): what is overdue, who is told of it and how often; orders; re-alarms of an owned alert."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.alert import Actor, ResponseSource, State
from alerts.escalation.case_times import CaseTimes, Supervision
from alerts.handling.finding_status import FindingStatus
from alerts.lifecycle.event import InvalidField, InvalidTransition
from alerts.ports import Transaction
from domain import HOUR, MINUTE, Severity
from store.database.alerts.overdue import list_overdue
from store.database.alerts.repository import SqlAlertStore

WANG = Actor("wang", "王芳", ResponseSource.SCREEN)
DISPATCHER = Actor("li", "李强", ResponseSource.SCREEN, role="dispatcher")


def overdue(harness: Any) -> list[tuple[str, str, int]]:
    page = harness.database.write_blocking(lambda tx: list_overdue(tx, None, 10))
    return [(item["id"], item["overdue"]["what"], item["overdue"]["count"]) for item in page.items]


def supervision_texts(harness: Any, person: str) -> list[str]:
    return [text for text in harness.texts(person) if "督办" in text]


async def test_supervisors_are_notified_of_overdue_steps_at_each_interval(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.perform(1, "arrive", WANG)
    await harness.advance_time(2 * 3_600)
    assert overdue(harness) == [("1", "resolve", 1)]
    await harness.advance_time(5 * 60)
    assert supervision_texts(harness, "zhou") == [
        "【枫树社区】紧急督办：燃气泄漏，枫林苑3栋2单元402，办结超时5分钟。责任人王芳，请督促处置。"
    ]
    await harness.advance_time(30 * 60)
    assert len(supervision_texts(harness, "zhou")) == 2
    await harness.service.perform(1, "resolve", WANG)
    await harness.advance_time(HOUR // 1000)
    assert overdue(harness) == []
    assert len(supervision_texts(harness, "zhou")) == 2, "the step that was owed is done"


async def test_a_verification_that_is_due_is_supervised_once_a_day_not_every_half_hour(
    harness: Any, finding: Any
) -> None:
    """The score of a simulated day: 27 texts in one night about one verification, to the head of a department."""
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.perform(1, "arrive", WANG)
    await harness.service.perform(1, "resolve", WANG)
    while not supervision_texts(harness, "zhou"):
        await harness.advance_time(3_600)
    assert overdue(harness)[0][1] == "verify"
    await harness.advance_time(22 * 3_600)
    assert len(supervision_texts(harness, "zhou")) == 1
    await harness.advance_time(3 * 3_600)
    assert len(supervision_texts(harness, "zhou")) == 2


async def test_every_deadline_that_passes_is_counted_and_the_first_one_stays(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.advance_time(60)
    assert overdue(harness) == [("1", "take", 1)]
    await harness.service.perform(1, "acknowledge", WANG)
    assert overdue(harness) == []
    since = harness.clock.now + 10 * MINUTE
    await harness.advance_time(600)
    assert overdue(harness) == [("1", "arrive", 2)]
    await harness.service.perform(1, "acknowledge", WANG)
    assert overdue(harness) == [("1", "arrive", 2)], "taken again is not arrived"
    assert harness.alert().overdue_since == since
    await harness.service.perform(1, "arrive", WANG)
    assert overdue(harness) == []


async def test_an_order_notifies_owner_and_supervisors_and_its_end_is_overdue(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.perform(1, "arrive", WANG)
    until = harness.clock.now + 30 * MINUTE
    await harness.service.perform(1, "supervise", DISPATCHER, reason="市领导关注", until=until)
    await harness.send()
    assert harness.texts("wang")[-1] == (
        "【枫树社区】紧急督办：燃气泄漏，枫林苑3栋2单元402。李强督办：市领导关注，请30分钟内办结，处置完回复14。"
    )
    assert "李强督办：市领导关注" in supervision_texts(harness, "zhou")[-1]
    await harness.advance_time(30 * 60)
    assert overdue(harness) == [("1", "order", 1)]
    assert "督办超时" in supervision_texts(harness, "zhou")[-1]
    await harness.service.perform(1, "resolve", WANG)
    assert (overdue(harness), harness.alert().order_until) == ([], None)


async def test_an_order_needs_a_reason_a_deadline_and_an_alert_that_is_not_closed(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    until = harness.clock.now + HOUR
    for missing, fields in (("reason", {"until": until}), ("until", {"reason": "催办", "until": harness.clock.now})):
        with pytest.raises(InvalidField) as wrong:
            await harness.service.perform(1, "supervise", DISPATCHER, **fields)
        assert wrong.value.field == missing
    await harness.service.perform(1, "return", WANG, reason="不归我管")
    await harness.service.perform(1, "close", DISPATCHER, disposition="false_alarm")
    with pytest.raises(InvalidTransition):
        await harness.service.perform(1, "supervise", DISPATCHER, reason="催办", until=until)


async def test_an_owned_alert_whose_device_still_alarms_is_notified_again(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.perform(1, "arrive", WANG)
    await harness.send()
    harness.service.due_alerts.status_of = lambda *_: FindingStatus.NOT_RECEIVED
    await harness.advance_time(15 * 60)
    assert not any("仍在报警" in text for text in harness.texts("wang")), "silence of the device is no alarm"
    harness.service.due_alerts.status_of = lambda *_: FindingStatus.ACTIVE
    await harness.advance_time(15 * 60)
    assert harness.texts("wang")[-1] == (
        "【枫树社区】紧急：燃气泄漏仍在报警，枫林苑3栋2单元402。您接警已30分钟，请尽快处置，处置完回复14。"
    )
    assert "王芳接警已30分钟" in harness.texts("zhou")[-1]
    assert (harness.alert().state, harness.alert().owner) == (State.ON_SITE, "wang")


async def test_a_critical_danger_is_shelved_twice_only_by_a_supervisor(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    shelving = {"reason": "误触", "until": harness.clock.now + HOUR}
    await harness.service.perform(1, "shelve", WANG, **shelving)
    await harness.service.perform(1, "reopen", WANG)
    with pytest.raises(InvalidTransition, match="只能搁置一次"):
        await harness.service.perform(1, "shelve", WANG, **shelving)
    await harness.service.perform(1, "shelve", DISPATCHER, **shelving)
    assert harness.alert().state is State.SHELVED


async def test_a_conclusion_is_added_after_the_alert_was_dealt_with(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    with pytest.raises(InvalidTransition):
        await harness.service.perform(1, "conclude", DISPATCHER, disposition="real")
    for wrong in (None, "no-such-disposition"):
        with pytest.raises(InvalidField):
            await harness.service.perform(1, "conclude", DISPATCHER, disposition=wrong)
    await harness.service.perform(1, "arrive", WANG)
    await harness.service.perform(1, "resolve", WANG, disposition="false_alarm")
    assert "王芳处置完毕（网页），结论：误报" in harness.timeline()
    await harness.service.perform(1, "conclude", DISPATCHER, disposition="device_fault")
    assert harness.alert().disposition == "device_fault"


def test_a_ladder_states_its_own_times_and_the_rest_follows_from_severity() -> None:
    own = CaseTimes(supervise=Supervision(role="street", after="0s", every="10m"), realarm_after="1m")
    times = own.case_times(Severity.CRITICAL)
    assert (times.supervise_after_ms, times.supervise_ms, times.realarm_ms) == (0, 600_000, 60_000)
    assert times.return_ms == CaseTimes().case_times(Severity.CRITICAL).return_ms == 15 * MINUTE
    assert CaseTimes().case_times(Severity.LOW).realarm_ms is None


async def test_a_ladder_that_no_longer_repeats_its_alarm_stays_silent(harness: Any, finding: Any) -> None:
    """The site took the re-alarm out of its ladder while an alert waited for it."""
    choice = harness.service.escalator.choice
    written = choice.policy
    repeating = tuple(ladder.model_copy(update={"realarm_after": 15 * MINUTE}) for ladder in written.ladders)
    choice.policy = written.model_copy(update={"ladders": repeating})
    await harness.service.process_findings([finding(severity=Severity.LOW)])
    await harness.service.perform(1, "arrive", WANG)
    assert harness.alert().realarm_at == harness.clock.now + 15 * MINUTE
    harness.service.due_alerts.status_of = lambda *_: FindingStatus.ACTIVE
    choice.policy = written
    await harness.advance_time(16 * 60)
    assert harness.alert().realarm_at is None
    assert not any("仍在报警" in line for line in harness.timeline())


async def test_a_worker_answers_with_what_it_turned_out_to_be(harness: Any, finding: Any) -> None:
    """The button of a conclusion, pressed while the alert is still his: it is dealt with, and by this."""
    await harness.service.process_findings([finding()])
    await harness.service.perform(1, "arrive", WANG)
    assert not (await harness.service.receive_press("liqiang", "false_alarm:1", harness.clock.now)).done
    assert (await harness.service.receive_press("wangfang", "false_alarm:1", harness.clock.now)).done
    assert (harness.alert().state, harness.alert().disposition) == (State.RESOLVED, "false_alarm")


async def test_urging_from_outside_reaches_the_owner_and_once_it_is_overdue_the_rungs_above(
    harness: Any, finding: Any
) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.receive_text("19900000001", "11", harness.clock.now)
    await harness.service.receive_text("19900000001", "13", harness.clock.now)
    supervision = harness.service.processor.case_effects.supervision

    async def urge() -> list[str]:
        def work(tx: Any) -> None:
            store = SqlAlertStore(tx)
            store.save_alert(
                supervision.urge(Transaction(store, harness.clock.now), store.alert(1), "12345热线", "着急")
            )
            store.flush()

        before = {name: len(harness.texts(name)) for name in ("wang", "li", "chen", "sun", "zhou")}
        harness.database.write_blocking(work)
        await harness.send()
        return [name for name, count in before.items() if len(harness.texts(name)) > count]

    assert await urge() == ["wang"]
    assert harness.texts("wang")[-1] == (
        "【枫树社区】紧急催办：燃气泄漏，枫林苑3栋2单元402，12345热线催办：着急。请尽快处置，处置完回复14。"
    )
    assert await urge() == [], "once in ten minutes"
    while harness.alert().overdue_since is None:
        await harness.advance_time(600)
    await harness.advance_time(700)
    notified = await urge()
    assert notified[0] == "wang"
    assert len(notified) > 1, "the next rung hears of it too"
    for _ in range(5):
        await harness.advance_time(700)
        await urge()
    texts = [text for name in ("sun", "zhou") for text in harness.texts(name)]
    assert any("紧急督办：燃气泄漏" in text and "12345热线催办：着急" in text for text in texts), "then the supervisors"


async def test_a_platform_that_urges_every_second_calls_one_further_rung_in_ten_minutes(
    harness: Any, finding: Any
) -> None:
    """Each push climbed one rung: a partner reached the department within seconds."""
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.perform(1, "acknowledge", WANG)
    await harness.advance_time(10 * 60)
    assert overdue(harness)[0][1] == "arrive"

    async def urge() -> int:
        def work(store: SqlAlertStore) -> int:
            tx = Transaction(store, harness.clock.now)
            alert = harness.service.processor.case_effects.supervision.urge(tx, store.alert(1), "12345热线", "")
            store.save_alert(alert)
            return alert.rung

        return await harness.service.transact(work)

    first = await urge()
    for _ in range(5):
        harness.clock.now += 1_000
        assert await urge() == first
    harness.clock.now += 10 * MINUTE
    assert await urge() == first + 1
