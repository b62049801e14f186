"""One text for several notices, and what becomes of those it names when it is not sent."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from alerts.alert import Actor, ResponseSource, State
from alerts.delivery.combined_notices import _ALONE, _NAMED, CombinedNotices
from alerts.escalation.supervision import _span_ms
from alerts.message import REACHED, DeliveryState, MessageKind
from alerts.messages.together import LESSER_SPAN_MS, SUPERVISE_SPAN_MS
from domain import MINUTE, Finding, Ledger, Place, Severity, Subject
from simulators.providers.faults import Fault, FaultKind
from tests.alerts.conftest import PEOPLE, AlertHarness
from tests.alerts.exchange.builders import an_alert
from tests.alerts.incidents.test_assist_and_inform import set_ladder
from tests.alerts.incidents.test_together import WANG, dealt_with, high_dangers, texts_with, unreported
from tests.support.alerts import delivery_of

NOW = 1_767_333_900_000
LI = Actor("li", "李强", ResponseSource.SCREEN)
BUSY = Fault(FaultKind.REJECT, code="Throttling.User")


async def test_of_a_text_that_failed_once_the_other_door_is_asked_for_though_the_first_was_verified(
    harness: AlertHarness, finding: Any
) -> None:
    await high_dangers(harness, finding, "402", "403", "404")
    await dealt_with(harness, 1, 2, 3)
    harness.sms_server.faults.schedule(BUSY)
    carrier = next(row for row in harness.deliveries(2) if row.kind is MessageKind.VERIFY)
    harness.clock.now = carrier.not_before
    await harness.send()
    assert len(texts_with(harness, "li", "请核查")) == 1
    await harness.service.perform(2, "verify", LI, disposition="real")
    await harness.advance_time(600)
    (late,) = texts_with(harness, "li", "请核查")[1:]
    assert "请核查：" in late
    assert "404" in late


async def test_a_text_of_supervision_that_failed_once_still_names_all(harness: AlertHarness, finding: Any) -> None:
    await unreported(harness, finding)
    waiting = [row for number in (1, 2, 3) for row in harness.deliveries(number) if row.state is DeliveryState.PENDING]
    harness.clock.now = min(row.not_before for row in waiting if row.kind is MessageKind.SUPERVISE)
    harness.sms_server.faults.schedule(BUSY)
    await harness.send()
    assert len(texts_with(harness, "sun", "督办")) == 1
    harness.clock.now += 60_000
    await harness.send()
    assert "您有2项超时未办结" in texts_with(harness, "sun", "督办")[1]


async def test_of_a_refused_text_the_other_doors_are_asked_for_by_texts_of_their_own(
    harness: AlertHarness, finding: Any
) -> None:
    await high_dangers(harness, finding, "402", "403", "404")
    await dealt_with(harness, 1, 2, 3)
    harness.sms_server.faults.schedule(Fault(FaultKind.REJECT, code="isv.BUSINESS_LIMIT_CONTROL"))
    await harness.advance_time(3600)
    await harness.advance_time(120)
    rows = [row for row in harness.deliveries(3) if row.kind is MessageKind.VERIFY and row.person == "li"]
    assert [row.state in REACHED for row in rows] == [True]
    asked = {row.person for row in harness.deliveries(2) if row.kind is MessageKind.VERIFY}
    assert asked > {"li"}, "the door whose text was refused is asked of the next person"


async def test_an_order_whose_text_failed_once_still_reaches_the_supervisors(
    harness: AlertHarness, finding: Any
) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.perform(1, "arrive", WANG)
    await harness.send()
    until = harness.clock.now + 30 * MINUTE
    harness.sms_server.faults.schedule(BUSY, times=2)
    await harness.service.perform(1, "supervise", LI, reason="市领导关注", until=until)
    for _ in range(6):
        await harness.advance_time(20)
    assert "李强督办：市领导关注" in texts_with(harness, "zhou", "督办")[-1]


async def test_a_high_danger_is_verified_within_the_hour_though_lesser_requests_wait_for_four(
    harness: AlertHarness, finding: Any
) -> None:
    def lesser(door: str) -> Finding:
        return structs.replace(finding(), id=f"leak@1/m{door}/1", rule="leak", hazard="water", title="漏水",
            severity=Severity.MEDIUM, subject=Subject("device", f"m{door}"), device=f"m{door}", place=door)  # fmt: skip

    for number, door in enumerate(("402", "403"), 1):
        await harness.service.process_findings([lesser(door)])
        await harness.send()
        assert harness.alert(number).state is State.OPEN
    await dealt_with(harness, 1, 2)
    await high_dangers(harness, finding, "404")
    await dealt_with(harness, 3)
    since = harness.clock.now
    await harness.advance_time(3600)
    named = [text for text in texts_with(harness, "li", "请核查") if "404" in text]
    assert named, [row.not_before - since for row in harness.deliveries(3) if row.kind is MessageKind.VERIFY]


async def test_a_lesser_danger_that_goes_on_is_supervised_at_once(harness: AlertHarness, finding: Any) -> None:
    """Two dangers of medium severity that nobody takes: supervision waits for neither."""
    for door in ("402", "403"):
        danger = finding(id=f"gas-alarm@1/g{door}/1", severity=Severity.MEDIUM, device=f"g{door}", place=door,
            subject=Subject("device", f"g{door}"))  # fmt: skip
        await harness.service.process_findings([danger])
        await harness.send()
    await harness.advance_time(3 * 3600)
    rows = [row for number in (1, 2) for row in harness.deliveries(number) if row.kind is MessageKind.SUPERVISE]
    assert {row.alert for row in rows} == {1, 2}
    assert all(row.not_before == row.created_at for row in rows)


async def test_a_supervisor_who_is_on_site_himself_is_supervised_by_another(
    harness: AlertHarness, finding: Any
) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.perform(1, "arrive", Actor("zhou", "周凯", ResponseSource.SCREEN))
    await harness.advance_time(2 * 3600 + 300)
    others = {row.person for row in harness.deliveries() if row.kind is MessageKind.SUPERVISE}
    assert others - {"zhou"}


async def test_who_is_on_the_way_is_notified_that_it_is_dealt_with(harness: AlertHarness, finding: Any) -> None:
    """Two people are needed: the second has read the name of the first, and has not stood down."""
    set_ladder(harness, people_needed=2)
    await harness.service.process_findings([finding()])
    await harness.advance_time(31)
    await harness.service.receive_text(PEOPLE["wang"].phone or "", "11", harness.clock.now)
    await harness.send()
    assert "还需1人" in harness.texts("deputy")[-1]
    await harness.service.receive_text(PEOPLE["deputy"].phone or "", "11", harness.clock.now)
    await harness.send()
    assert [one.person for one in harness.alert().responders] == ["wang", "deputy"]
    await harness.service.perform(1, "arrive", WANG)
    await harness.service.perform(1, "resolve", WANG, disposition="real")
    await harness.send()
    assert "已处置" in harness.texts("deputy")[-1]


async def test_homes_without_a_building_are_not_out_of_doors(harness: AlertHarness, finding: Any) -> None:
    """A village has no buildings: four of its homes without water are four cases."""
    village = [Place(f"home-{number}", f"{number}号", "household", "yuan") for number in range(1, 5)]
    places = {place.id: place for place in village}
    harness.people = structs.replace(harness.people, places={**harness.people.places, **places})
    for place in village:
        assert harness.people.building_of(place.id) is None
        dry = finding(id=f"dry@1/{place.id}/1", rule="dry", severity=Severity.MEDIUM, device=f"m-{place.id}",
            subject=Subject("device", f"m-{place.id}"), place=place.id)  # fmt: skip
        await harness.service.process_findings([dry])
    assert [harness.alert(number).place for number in range(1, 5)] == list(places)


async def test_a_door_for_which_a_text_has_no_room_is_asked_for_by_the_next_one(
    harness: AlertHarness, finding: Any
) -> None:
    far = [
        Place("lane", "滨河东路一百二十八弄老干部宿舍", "compound", cell="grid"),
        Place("far-1", "11号楼1单元1101", "household", "lane"),
        Place("far-2", "12号楼2单元1202", "household", "lane"),
        Place("same", "12号楼2单元1202", "household", "lane"),
    ]
    harness.people = structs.replace(harness.people, places={**harness.people.places, **{one.id: one for one in far}})
    doors = ("402", "403", "far-1", "far-2", "same")
    await high_dangers(harness, finding, *doors)
    await dealt_with(harness, 1, 2, 3, 4, 5)
    await harness.advance_time(3600)
    await harness.advance_time(300)
    asked = texts_with(harness, "li", "请核查")
    assert not [text for text in asked if "等" in text]
    for number in range(1, 6):
        code = f"{number}0"
        (text,) = [text for text in asked if code in text.rpartition("。无险情")[2]]
        last = far[-1].name if number > 3 else {1: "402", 2: "403", 3: "1101"}[number]
        assert last in text
    assert not [text for text in asked if "40、50" in text], "two dangers at one door have one name and two codes"


async def test_a_text_of_supervision_leaves_out_what_was_done_while_it_waited(
    harness: AlertHarness, finding: Any
) -> None:
    await unreported(harness, finding)
    waiting = [row for row in harness.deliveries(2) if row.state is DeliveryState.PENDING]
    (carrier,) = [row for row in waiting if row.kind is MessageKind.SUPERVISE and row.person == "sun"]
    await harness.advance_time((carrier.not_before - harness.clock.now) // 1000 - 60)
    await harness.service.perform(3, "resolve", WANG, disposition="real")
    await harness.advance_time(120)
    (late,) = texts_with(harness, "sun", "督办")[1:]
    assert "403" in late
    assert "404" not in late


async def test_an_owner_who_cannot_be_reminded_is_supervised(harness: AlertHarness, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.perform(1, "arrive", WANG)
    silent = structs.replace(PEOPLE["wang"], phone=None)
    harness.people = structs.replace(harness.people, people={**harness.people.people, "wang": silent})
    await harness.advance_time(2 * 3600 + 600)
    assert "已提醒" not in harness.timeline()
    assert {row.person for row in harness.deliveries() if row.kind is MessageKind.SUPERVISE}


def test_a_notice_that_is_sent_already_is_not_given_back() -> None:
    class Store:
        def delivery(self, _id: str) -> None:
            return None

    class Transaction:
        store, now = Store(), NOW

    carrier = delivery_of(31, 1, NOW, payload={_NAMED: ["d-2"], _ALONE: {"text": "请核查"}})
    unused: Any = None
    transaction: Any = Transaction()
    assert CombinedNotices(unused, unused, unused).release(transaction, carrier, NOW).payload == {"text": "请核查"}


@pytest.mark.parametrize(
    ("ledger", "state", "severity", "span_ms"),
    [
        (Ledger.HEALTH, State.OPEN, Severity.HIGH, 0),
        (Ledger.HEALTH, State.OPEN, Severity.MEDIUM, SUPERVISE_SPAN_MS),
        (Ledger.DANGER, State.RESOLVED, Severity.CRITICAL, SUPERVISE_SPAN_MS),
        (Ledger.DANGER, State.ACKNOWLEDGED, Severity.MEDIUM, LESSER_SPAN_MS),
        (Ledger.DANGER, State.OPEN, Severity.MEDIUM, 0),
        (Ledger.DANGER, State.OPEN, Severity.LOW, LESSER_SPAN_MS),
        (Ledger.DANGER, State.ACKNOWLEDGED, Severity.HIGH, 0),
    ],
)
def test_how_long_supervision_waits_for_others(ledger: Ledger, state: State, severity: Severity, span_ms: int) -> None:
    assert _span_ms(an_alert(ledger=ledger, state=state, severity=severity)) == span_ms
