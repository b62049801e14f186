"""A citizen's report after the community has verified it: the street is asked, has a deadline, and answers by text."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from alerts.alert import Actor, Alert, ResponseSource, State
from alerts.lifecycle.event import InvalidTransition
from alerts.lifecycle.preconditions import allowed_actions
from alerts.lifecycle.transitions import ActionRefusal
from alerts.message import DeliveryState
from alerts.ports import Transaction
from domain import HOUR, Duty, Person
from simulators.providers.faults import Fault, FaultKind
from store.database.alerts.overdue import list_overdue
from store.database.alerts.repository import SqlAlertStore
from store.database.reports.queries import get_report
from tests.alerts.cases.test_report_desk import desk_of, person, request, settle
from tests.alerts.conftest import PEOPLE, AlertHarness


def overdue(harness: AlertHarness) -> list[Any]:
    page = harness.database.write_blocking(lambda tx: list_overdue(tx, None, 10))
    return [item["overdue"]["what"] for item in page.items]


async def verified_by_community(harness: AlertHarness) -> None:
    """A report of a blocked exit, dealt with by the worker, verified by 陈静 of the community."""
    await desk_of(harness).submit(request(place="b3"))
    await harness.send()
    await settle(harness)
    await harness.service.perform(1, "verify", person("chen"))
    await harness.send()


def add_colleague(harness: AlertHarness) -> None:
    """周涛 of the street is asked after 孙磊."""
    duties = (*harness.people.duties, Duty("8", "street", "street", "zhou", rank=1))
    harness.people = structs.replace(harness.people, duties=duties)


async def reply(harness: AlertHarness, name: str, text: str) -> str:
    result = await harness.service.receive_text(str(PEOPLE[name].phone), text, harness.clock.now)
    await harness.send()
    return result.status.value


def codes_of(text: str) -> dict[str, str]:
    """The codes of the question by what they mean."""
    digits = "".join(sign if sign.isdecimal() else " " for sign in text.rpartition("属实")[2]).split()
    return dict(zip(("true", "wrong", "cannot"), digits, strict=True))


async def test_the_street_is_asked_by_text_and_verifies_with_its_code(harness: AlertHarness) -> None:
    await verified_by_community(harness)
    [asked] = harness.texts("sun")
    assert asked.startswith("【枫树社区】请街道核查：居民报")
    assert len(asked) <= 70
    assert asked not in harness.texts("wang"), "never the one who dealt with it"
    assert await reply(harness, "sun", codes_of(asked)["true"]) == "done"
    report = harness.database.write_blocking(lambda tx: get_report(tx, 1))
    assert report is not None
    assert (report.report.street_by, report.report.street_at) == ("sun", harness.clock.now)
    assert "孙磊（街道）核查通过" in harness.timeline()
    await harness.advance_time(4 * 86400)
    assert overdue(harness) == []
    assert len(harness.texts("sun")) == 1


async def test_the_street_that_finds_it_still_there_opens_the_work_again(harness: AlertHarness) -> None:
    await verified_by_community(harness)
    assert await reply(harness, "sun", codes_of(harness.texts("sun")[0])["wrong"]) == "done"
    assert harness.alert().state is State.OPEN
    harness.clock.now += HOUR
    await settle(harness)
    await harness.service.perform(1, "verify", person("chen"))
    await harness.advance_time(4 * 3600)
    assert len([text for text in harness.texts("sun") if "请街道核查" in text]) == 2, "asked again after the new work"


async def test_without_an_answer_the_next_is_asked_and_it_goes_on_the_list_of_supervision(
    harness: AlertHarness,
) -> None:
    add_colleague(harness)
    await verified_by_community(harness)
    await harness.advance_time(6 * 3600)
    assert "请街道核查" in harness.texts("zhou")[0]
    assert await reply(harness, "zhou", codes_of(harness.texts("zhou")[0])["cannot"]) == "done"
    await harness.service.perform(1, "close", person("chen"), disposition="real")
    await harness.advance_time(2 * 86400)
    assert harness.alert().state is State.CLOSED, "the work is closed, the report is not verified"
    assert overdue(harness) == ["street"]
    assert any("督办提醒：街道核查超时" in line for line in harness.timeline())
    await desk_of(harness).verify(1, person("sun"))
    assert overdue(harness) == []


async def test_a_verification_by_one_who_was_not_asked_is_refused(harness: AlertHarness) -> None:
    await verified_by_community(harness)
    number = codes_of(harness.texts("sun")[0])["true"]
    assert await reply(harness, "wang", number) != "done"
    report = harness.database.write_blocking(lambda tx: get_report(tx, 1))
    assert report is not None
    assert report.report.street_at is None


def logged_in(name: str, principal: str, *, on_behalf: bool = False) -> Actor:
    """A person at the console."""
    one = PEOPLE[name]
    return Actor(one.id, one.name, ResponseSource.SCREEN, "dispatcher", on_behalf=on_behalf, principal=principal)


def street_verified(harness: AlertHarness) -> str | None:
    report = harness.database.write_blocking(lambda tx: get_report(tx, 1))
    assert report is not None
    return report.report.street_by


async def test_the_person_asked_verifies_at_the_console_with_a_remark_and_no_other_does(harness: AlertHarness) -> None:
    await verified_by_community(harness)
    refused = [
        (logged_in("zhou", "zhou"), ActionRefusal.NOT_ASKED_STREET),
        (logged_in("sun", "chen", on_behalf=True), ActionRefusal.ON_BEHALF),
        (logged_in("sun", "chen"), ActionRefusal.SAME_PRINCIPAL),
    ]
    for actor, why in refused:
        with pytest.raises(InvalidTransition) as one:
            await harness.service.perform(1, "verify", actor)
        assert one.value.refusal is why
    assert street_verified(harness) is None
    assert "verify" in allowed_actions(harness.alert())
    await harness.service.perform(1, "verify", logged_in("sun", "desk as sun"), comment="现场已清空")
    assert street_verified(harness) == "sun"
    lines = harness.timeline()
    assert [sum(word in line for line in lines) for word in ("孙磊（街道）核查通过", "现场已清空")] == [1, 1]
    assert (harness.alert().state, allowed_actions(harness.alert())[0]) == (State.VERIFIED, "close")
    with pytest.raises(InvalidTransition) as again:
        await harness.service.perform(1, "verify", logged_in("sun", "sun"))
    assert again.value.refusal is ActionRefusal.ALREADY_VERIFIED


async def test_the_person_asked_verifies_at_the_console_without_a_remark(harness: AlertHarness) -> None:
    await verified_by_community(harness)
    await harness.service.perform(1, "verify", logged_in("sun", "desk as sun"))
    assert street_verified(harness) == "sun"


async def test_a_report_merged_into_an_alarm_is_verified_by_the_street_too(harness: AlertHarness, finding: Any) -> None:
    await harness.service.process_findings([finding(rule="gas-co")])
    await desk_of(harness).submit(request("gas", place="402"))
    await harness.service.perform(2, "merge", person("chen"), reason="同一起", into=1)
    await settle(harness)
    await harness.service.perform(1, "verify", person("chen"))
    await harness.send()
    asked = next(text for text in harness.texts("sun") if "请街道核查" in text)
    assert await reply(harness, "sun", codes_of(asked)["true"]) == "done"
    report = harness.database.write_blocking(lambda tx: get_report(tx, 1))
    assert report is not None
    assert report.report.street_by == "sun"


async def test_a_phone_that_is_out_of_order_is_followed_by_the_next_and_the_deadline_stays(
    harness: AlertHarness,
) -> None:
    add_colleague(harness)
    await desk_of(harness).submit(request(place="b3"))
    await harness.send()
    await settle(harness)
    await harness.service.perform(1, "verify", person("chen"))
    for row in harness.deliveries():
        if row.kind.value == "verify_street":
            harness.sms_server.faults.schedule(Fault(FaultKind.REJECT, "isv.MOBILE_NUMBER_ILLEGAL"))
    await harness.send()
    asked = [row.person for row in harness.deliveries() if row.kind.value == "verify_street"]
    assert asked == ["sun", "zhou"]
    deadline = harness.alert().second_check
    assert deadline is not None
    assert deadline.due_at is not None
    await harness.advance_time((deadline.due_at - harness.clock.now) / 1000 - 1)
    assert overdue(harness) == [], "zhou has until the deadline"
    await harness.advance_time(2)
    assert overdue(harness) == ["street"]
    assert await reply(harness, "zhou", codes_of(harness.texts("zhou")[0])["true"]) == "done"
    assert overdue(harness) == []


async def test_where_no_person_of_the_street_can_be_asked_it_is_overdue_at_once(harness: AlertHarness) -> None:
    staff = tuple(duty for duty in harness.people.duties if duty.role not in ("street", "department"))
    harness.people = structs.replace(harness.people, duties=staff)
    await verified_by_community(harness)
    assert overdue(harness) == ["street"]
    assert "没有可以核查的人，请督办" in harness.timeline()


async def test_the_first_one_asked_may_still_report_that_he_cannot(harness: AlertHarness) -> None:
    add_colleague(harness)
    await verified_by_community(harness)
    codes = codes_of(harness.texts("sun")[0])
    await harness.advance_time(5 * 3600)
    assert [name for name in ("sun", "zhou") if harness.texts(name)] == ["sun", "zhou"]
    assert await reply(harness, "sun", codes["cannot"]) == "done"
    check = harness.alert().second_check
    assert check is not None
    assert (check.verifier, check.is_awaited) == ("zhou", True)


async def test_a_report_of_an_earlier_version_is_verified_at_the_desk(harness: AlertHarness) -> None:
    await desk_of(harness).submit(request(place="b3"))
    harness.database.write_blocking(
        lambda tx: SqlAlertStore(tx).save_alert(structs.replace(harness_alert(tx), second_check=None))
    )
    await settle(harness)
    await harness.service.perform(1, "verify", person("chen"))
    await harness.send()
    assert not any("请街道核查" in text for text in harness.texts("sun"))
    assert (await desk_of(harness).verify(1, person("sun"))).street_by == "sun"


async def test_a_colleague_without_a_phone_is_passed_over_and_another_channel_that_works_is_enough(
    harness: AlertHarness,
) -> None:
    add_colleague(harness)
    people = {**harness.people.people, "sun": Person("sun", "孙磊")}
    harness.people = structs.replace(harness.people, people=people)
    await verified_by_community(harness)
    [asked] = [row for row in harness.deliveries() if row.kind.value == "verify_street"]
    assert asked.person == "zhou"

    def fail(tx: Any) -> None:
        store = SqlAlertStore(tx)
        store.enqueue([structs.replace(asked, id="card", key="card", channel="wecom")])
        failed = structs.replace(asked, state=DeliveryState.FAILED)
        store.update_delivery(asked, failed, harness.clock.now, "test")
        harness.service.processor.case_effects.second_check.on_failure(Transaction(store, harness.clock.now), failed)
        store.flush()

    harness.database.write_blocking(fail)
    check = harness.alert().second_check
    assert check is not None
    assert (check.verifier, overdue(harness)) == ("zhou", [])


def harness_alert(tx: Any) -> Alert:
    alert = SqlAlertStore(tx).alert(1)
    assert alert is not None
    return alert
