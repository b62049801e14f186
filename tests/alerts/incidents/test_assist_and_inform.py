"""A rung tells several roles at once: who is responsible, who assists, who is informed; and helpers who accept."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from alerts.alert import Actor, ResponseSource, State
from alerts.escalation.policy import Notice, Rung
from alerts.message import DeliveryState, MessageKind
from alerts.ports import Transaction
from domain import Duty, Ledger, Person, Severity
from store.database.alerts.repository import SqlAlertStore
from tests.alerts.escalation.test_ladder_choice import ALERT
from tests.alerts.incidents.scene_builders import add_people

SMS = ["sms"]
SIGN = "【枫树社区】"
GAS = "燃气泄漏，14:05，枫林苑3栋2单元402"
HERE = "燃气泄漏，枫林苑3栋2单元402"
HELPING = f"{SIGN}感谢您前往：{HERE}。请注意安全，到场回复13，不能去回复12。"
WANG = Actor("wang", "王芳", ResponseSource.SCREEN)
AT_THE_DOOR = {"consent": True, "lat": 30.65, "lon": 104.08}
VOLUNTEERS = [
    Person("near", "何近", phone="19900000011", attributes={"consent": True, "lat": 30.6503, "lon": 104.0803}),
    Person("nearer", "贾近", phone="19900000012", attributes={"consent": True, "lat": 30.6501, "lon": 104.0801}),
    Person("far", "袁远", phone="19900000013", attributes={"consent": True, "lat": 30.70, "lon": 104.08}),
    Person("silent", "莫言", phone="19900000014", attributes={"lat": 30.6501, "lon": 104.0801}),
    Person(
        "busy",
        "忙某",
        phone="19900000015",
        attributes={"consent": True, "available": False, "lat": 30.65, "lon": 104.08},
    ),
    Person(
        "stale",
        "陈旧",
        phone="19900000016",
        attributes={"consent": True, "lat": 30.65, "lon": 104.08, "located_at": 1_000},
    ),
]
PHONES = {person.id: person.phone for person in VOLUNTEERS}


def set_ladder(harness: Any, **changes: Any) -> None:
    """Replaces parts of the ladder of critical dangers: `rungs` and `notify` as in the file. Deputies are called after
    half of the wait."""
    choice = harness.service.escalator.choice
    critical = choice.policy.ladder(Ledger.DANGER, Severity.CRITICAL)
    models: dict[str, Any] = {"rungs": Rung, "notify": Notice}
    parts = {
        name: tuple(models[name].model_validate(one) for one in part) if name in models else part
        for name, part in changes.items()
    }
    own = critical.model_copy(update=parts)
    ladders = tuple(own if ladder is critical else ladder for ladder in choice.policy.ladders)
    choice.policy = choice.policy.model_copy(update={"ladders": ladders, "deputy_after": 0})


def rung(*recipients: dict[str, Any], wait: str = "1m") -> dict[str, Any]:
    return {"wait": wait, "recipients": [{"channels": SMS, **recipient} for recipient in recipients]}


WORKER = {"role": "worker"}
COMMUNITY = {"role": "community", "responsibility": "assist"}
LEAD_RUNG = rung({"role": "lead"})


def with_volunteers(harness: Any) -> None:
    add_people(harness, VOLUNTEERS, [Duty(f"v-{person.id}", "street", "volunteer", person.id) for person in VOLUNTEERS])
    places = {**harness.people.places}
    places["b3"] = structs.replace(places["b3"], lon=104.08, lat=30.65)
    harness.people = structs.replace(harness.people, places=places)


def texts(harness: Any, person: str) -> list[str]:
    return [text.text for text in harness.sms_server.phones.texts_of(PHONES[person])]


async def test_three_roles_get_a_text_at_once_each_in_its_own_words(harness: Any, finding: Any) -> None:
    set_ladder(
        harness,
        rungs=[
            rung(
                WORKER,
                COMMUNITY,
                {"role": "street", "responsibility": "inform"},
            ),
            LEAD_RUNG,
        ],
    )
    await harness.service.process_findings([finding()])
    await harness.send()
    assert harness.texts("wang") == [f"{SIGN}紧急：{GAS}。勿开关电器，10分钟内到场。回复11接警，12无法到场。"]
    assert harness.texts("chen") == [f"{SIGN}紧急：{GAS}。请配合处置。能去回复11，不去回复12。"]
    assert harness.texts("sun") == [f"{SIGN}紧急告知：{GAS}。已通知网格员王芳，请知悉。"]
    assert "请社区 陈静 配合" in harness.timeline()
    assert "告知街道 孙磊" in harness.timeline()


async def test_only_a_responsible_person_stops_the_escalation(harness: Any, finding: Any) -> None:
    """Row 5: the community accepts to assist; the worker did not answer, so the lead is called all the same."""
    set_ladder(harness, rungs=[rung(WORKER, COMMUNITY), LEAD_RUNG])
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.receive_text("19900000004", "11", harness.clock.now)
    await harness.send()
    alert = harness.alert()
    assert alert.state is State.OPEN
    assert [(helper.person, helper.role) for helper in alert.helping] == [("chen", "community")]
    assert harness.texts("chen")[-1] == HELPING
    assert "陈静（社区）前往协助（短信）" in harness.timeline()
    await harness.advance_time(90)
    assert len(harness.texts("li")) == 1
    await harness.service.receive_text("19900000004", "13", harness.clock.now)
    assert harness.alert().helpers[0].arrived_at == harness.clock.now
    assert "陈静（社区）已到场协助（短信）" in harness.timeline()


async def test_the_owner_learns_who_assists_and_the_helper_that_it_is_over(harness: Any, finding: Any) -> None:
    set_ladder(harness, rungs=[rung(WORKER, COMMUNITY), LEAD_RUNG])
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.receive_text("19900000001", "11", harness.clock.now)
    await harness.service.receive_text("19900000004", "去", harness.clock.now)
    await harness.send()
    assert harness.texts("wang")[-1] == f"{SIGN}陈静前往协助：{HERE}，编号1。"
    await harness.service.perform(1, "arrive", WANG)
    await harness.service.perform(1, "resolve", WANG)
    await harness.send()
    assert harness.texts("chen")[-1].startswith(f"{SIGN}已处置：燃气泄漏")


async def test_volunteers_near_the_place_are_asked_at_once_and_the_first_one_goes(harness: Any, finding: Any) -> None:
    """Rows 5 and 17: consent, availability, fresh position, distance; the door only after accepting."""
    with_volunteers(harness)
    asked = {"role": "volunteer", "responsibility": "assist", "within_m": 500, "at_most": 2}
    set_ladder(harness, rungs=[rung(WORKER, asked), LEAD_RUNG])
    await harness.service.process_findings([finding()])
    await harness.send()
    request = f"{SIGN}附近需要帮助：燃气泄漏，14:05，枫林苑3栋。方便前往回复11，不便回复12。"
    assert texts(harness, "near") == texts(harness, "nearer") == [request]
    assert not any(texts(harness, name) for name in ("far", "silent", "busy", "stale"))

    await harness.service.receive_text("19900000012", "在哪里？", harness.clock.now)
    await harness.send()
    assert texts(harness, "nearer")[-1] == request, "a question does not reveal the door"
    await harness.service.receive_text("19900000011", "我去", harness.clock.now)
    await harness.send()
    assert texts(harness, "near")[-1] == HELPING
    assert texts(harness, "nearer")[-1] == f"{SIGN}已有人前往，谢谢：燃气泄漏，枫林苑3栋。"

    late = await harness.service.receive_text("19900000012", "11", harness.clock.now)
    assert late.reason == "enough_helpers"
    await harness.send()
    assert texts(harness, "nearer")[-1] == f"{SIGN}编号1：燃气泄漏，枫林苑3栋。已有人前往，谢谢。"
    assert [helper.person for helper in harness.alert().helping] == ["near"]


async def test_when_a_volunteer_withdraws_the_next_nearest_are_asked(harness: Any, finding: Any) -> None:
    with_volunteers(harness)
    asked = {"role": "volunteer", "responsibility": "assist", "within_m": 500, "at_most": 1}
    set_ladder(harness, rungs=[rung(WORKER, asked), LEAD_RUNG])
    await harness.service.process_findings([finding()])
    await harness.send()
    assert len(texts(harness, "nearer")) == 1
    assert texts(harness, "near") == []
    await harness.service.receive_text("19900000012", "11", harness.clock.now)
    await harness.service.receive_text("19900000012", "12", harness.clock.now)
    await harness.send()
    assert len(texts(harness, "near")) == 1
    assert harness.alert().helping == ()
    assert "贾近（志愿者）不能前往协助（短信）" in harness.timeline()
    await harness.service.receive_text("19900000012", "12", harness.clock.now)
    assert len(texts(harness, "near")) == 1


async def test_a_drill_reaches_no_volunteer_and_no_outside_body(harness: Any) -> None:
    with_volunteers(harness)
    add_people(harness, [Person("gas", "燃气公司", phone="19900000019")], [Duty("g", "street", "gas_company", "gas")])
    set_ladder(harness, notify=[{"role": "gas_company", "channels": SMS}, {"role": "volunteer", "channels": SMS}])
    opened = structs.replace(ALERT, exercise=True, cell="grid")
    groups = harness.service.escalator.groups
    notices = harness.service.escalator.ladder(opened).notify
    assert [groups(opened, notice, harness.clock.now) for notice in notices] == [[], []]


async def test_without_a_person_to_assist_there_is_no_fault(harness: Any, finding: Any) -> None:
    set_ladder(harness, rungs=[rung(WORKER, {"role": "courier", "responsibility": "assist"}), LEAD_RUNG])
    await harness.service.process_findings([finding()])
    await harness.send()
    assert len(harness.texts("wang")) == 1
    assert not any("骑手" in line for line in harness.timeline())
    assert await harness.service.unnotified(harness.clock.now + 120_000) == []


async def test_an_informed_body_does_not_hide_that_no_person_in_charge_was_reached(harness: Any, finding: Any) -> None:
    add_people(harness, [Person("gas", "燃气公司", phone="19900000019")], [Duty("g", "street", "gas_company", "gas")])
    harness.people = structs.replace(
        harness.people, duties=tuple(duty for duty in harness.people.duties if duty.role == "gas_company")
    )
    set_ladder(harness, notify=[{"role": "gas_company", "channels": SMS}])
    await harness.service.process_findings([finding()])
    await harness.send()
    assert len(harness.sms_server.phones.texts_of("19900000019")) == 1
    assert [alert.id for alert in await harness.service.unnotified(harness.clock.now + 120_000)] == [1]


async def test_extra_recipients_get_a_text_at_opening_later_and_at_the_end(harness: Any, finding: Any) -> None:
    add_people(
        harness,
        [
            Person("gas", "市燃气公司", phone="19900000019"),
            Person("elder", "赵某", home="402", attributes={"age": 83}),
            Person("son", "赵小明", phone="19900000020", attributes={"family_of": "elder", "consent": True}),
            Person("niece", "赵小红", phone="19900000021", attributes={"family_of": "elder"}),
        ],
        [Duty("g", "street", "gas_company", "gas")],
    )
    set_ladder(
        harness,
        notify=[
            {"role": "gas_company", "channels": SMS, "when": {"hazards": ["gas"]}},
            {"role": "sanitation", "channels": SMS, "when": {"hazards": ["fire"]}},
            {"role": "family", "channels": SMS, "after": "2m", "when": {"person": {"age": ">=80"}}},
            {"role": "family", "channels": SMS, "at": "resolved"},
        ],
    )
    await harness.service.process_findings([finding()])
    await harness.send()

    def sent(phone: str) -> list[str]:
        return [text.text for text in harness.sms_server.phones.texts_of(phone)]

    assert sent("19900000019") == [f"{SIGN}紧急告知：{GAS}。社区已通知网格员王芳，请贵单位知悉。"]
    assert sent("19900000020") == []
    await harness.service.receive_text("19900000001", "11", harness.clock.now)
    await harness.advance_time(125)
    assert sent("19900000020") == [f"{SIGN}告知家属：{GAS}。已通知网格员王芳，请保持电话畅通。"]
    await harness.service.perform(1, "arrive", WANG)
    await harness.service.perform(1, "resolve", WANG)
    await harness.send()
    assert sent("19900000020")[-1] == f"{SIGN}告知：{HERE}。已由王芳处置完毕，请知悉。"
    assert sent("19900000021") == [], "without consent"


async def test_a_danger_that_joins_brings_its_own_recipients(harness: Any, finding: Any) -> None:
    """Row 6: the alert was opened by another rule; what joins tells the clinic all the same."""
    add_people(harness, [Person("nurse", "护士", phone="19900000022")], [Duty("n", "community", "clinic", "nurse")])
    set_ladder(
        harness,
        notify=[{"role": "clinic", "channels": SMS, "responsibility": "assist", "when": {"rules": ["band-sos"]}}],
    )
    person = {"hazard": "person", "severity": Severity.CRITICAL}
    await harness.service.process_findings([finding(**person, rule="band-heart-rate", title="心率异常")])
    await harness.send()
    assert harness.sms_server.phones.texts_of("19900000022") == []
    await harness.service.process_findings([finding(**person, id="2", rule="band-sos", title="一键呼救")])
    await harness.send()
    assert harness.deliveries(1)[-1].alert == 1
    (text,) = harness.sms_server.phones.texts_of("19900000022")
    assert text.text == (
        f"{SIGN}紧急：心率异常、一键呼救，14:05，枫林苑3栋2单元402。请配合处置。能去回复11，不去回复12。"
    )


async def test_the_persons_own_doctor_comes_before_the_roster(harness: Any, finding: Any) -> None:
    add_people(
        harness,
        [
            Person("own", "家庭医生", phone="19900000023"),
            Person("nurse", "护士", phone="19900000022"),
            Person("elder", "赵某", home="402", attributes={"clinic": "own"}),
        ],
        [Duty("n", "community", "clinic", "nurse")],
    )
    set_ladder(harness, rungs=[rung({"role": "clinic"}, WORKER), LEAD_RUNG])
    await harness.service.process_findings([finding()])
    await harness.send()
    assert len(harness.sms_server.phones.texts_of("19900000023")) == 1
    assert harness.sms_server.phones.texts_of("19900000022") == []
    assert len(harness.texts("wang")) == 1
    await harness.advance_time(31)
    assert len(harness.sms_server.phones.texts_of("19900000022")) == 1, "the deputy, after half of the wait"


@pytest.mark.parametrize("way", ["help", "nohelp"])
async def test_the_buttons_of_an_assistant(harness: Any, finding: Any, way: str) -> None:
    set_ladder(harness, rungs=[rung(WORKER, {"role": "lead", "responsibility": "assist"}), LEAD_RUNG])
    await harness.service.process_findings([finding()])
    await harness.send()
    pressed = await harness.service.receive_press("liqiang", f"{way}:1", harness.clock.now)
    assert pressed.done
    assert [helper.person for helper in harness.alert().helping] == (["li"] if way == "help" else [])
    if way == "help":
        await harness.service.receive_press("liqiang", "helparrive:1", harness.clock.now)
        assert harness.alert().helpers[0].arrived_at == harness.clock.now
    assert harness.alert().state is State.OPEN


async def test_a_button_of_helpers_does_nothing_for_the_person_in_charge(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    assert not (await harness.service.receive_press("wangfang", "help:1", harness.clock.now)).done


async def test_an_informed_person_is_reached_by_the_next_channel(harness: Any, finding: Any) -> None:
    add_people(harness, [Person("gas", "燃气公司", phone="19900000019")], [Duty("g", "street", "gas_company", "gas")])
    notice = {"role": "gas_company", "channels": SMS, "fallback": ["logbook"]}
    set_ladder(harness, notify=[notice], rungs=[rung({"role": "lead"})])
    await harness.service.process_findings([finding()])
    inform = next(row for row in harness.deliveries() if row.kind is MessageKind.INFORM)
    harness.database.write_blocking(lambda tx: fail(harness, tx, inform))
    assert [row.channel for row in harness.deliveries() if row.person == "gas"] == ["sms", "logbook"]
    harness.people = structs.replace(harness.people, people={})
    harness.database.write_blocking(lambda tx: fail(harness, tx, inform))
    assert [row.channel for row in harness.deliveries() if row.person == "gas"] == ["sms", "logbook"]


async def test_a_request_for_help_that_failed_after_the_danger_was_over_is_not_repeated(
    harness: Any, finding: Any
) -> None:
    set_ladder(harness, rungs=[rung(WORKER, {**COMMUNITY, "fallback": ["logbook"]}), LEAD_RUNG])
    await harness.service.process_findings([finding()])
    asked = next(row for row in harness.deliveries() if row.kind is MessageKind.ASSIST)
    for action in ("arrive", "resolve"):
        await harness.service.perform(1, action, WANG)
    harness.database.write_blocking(lambda tx: fail(harness, tx, asked))
    assert [row.channel for row in harness.deliveries() if row.kind is MessageKind.ASSIST] == ["sms"]


def fail(harness: Any, tx: Any, row: Any) -> None:
    """The provider refuses this message for good."""
    at, store = harness.clock.now, SqlAlertStore(tx)
    harness.service.outcomes.expire(Transaction(store, at), row)
    store.flush()


async def test_a_helper_cannot_report_the_end_and_a_settled_alert_needs_no_help(harness: Any, finding: Any) -> None:
    set_ladder(harness, rungs=[rung(WORKER, COMMUNITY), LEAD_RUNG])
    await harness.service.process_findings([finding()])
    await harness.send()
    for code in ("13", "13", "11"):
        await harness.service.receive_text("19900000004", code, harness.clock.now)
    assert len([line for line in harness.timeline() if "前往协助" in line]) == 1, "arrival means acceptance, once"
    assert (await harness.service.receive_text("19900000004", "14", harness.clock.now)).reason == "not_taken"
    await harness.service.receive_text("19900000001", "11", harness.clock.now)
    assert (await harness.service.receive_text("19900000004", "14", harness.clock.now)).reason == "not_yours"
    await harness.service.perform(1, "arrive", WANG)
    await harness.service.perform(1, "resolve", WANG)
    assert (await harness.service.receive_text("19900000004", "11", harness.clock.now)).reason == "already_resolved"


async def test_volunteers_learn_of_a_public_place_but_not_what_was_written_behind_it(
    harness: Any, finding: Any
) -> None:
    with_volunteers(harness)
    alert = structs.replace(ALERT, place="b3", address="枫林苑3栋402王家")
    companions = harness.service.escalator.companions
    assert companions.without_door(alert, "volunteer").address == "枫林苑3栋"
    assert companions.without_door(alert, "worker") is alert
    assert companions.without_door(structs.replace(alert, place=None), "volunteer").address == ""


async def test_two_volunteers_are_wanted_and_the_third_learns_that_it_is_enough(harness: Any, finding: Any) -> None:
    with_volunteers(harness)
    asked = {"role": "volunteer", "responsibility": "assist", "within_m": 9_000, "at_most": 3, "people_needed": 2}
    set_ladder(harness, rungs=[rung(WORKER, asked), LEAD_RUNG])
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.receive_text("19900000011", "11", harness.clock.now)
    await harness.send()
    assert len(texts(harness, "far")) == 1, "one of two is on the way: the others are still wanted"
    await harness.service.receive_text("19900000012", "11", harness.clock.now)
    await harness.send()
    assert texts(harness, "far")[-1] == f"{SIGN}已有人前往，谢谢：燃气泄漏，枫林苑3栋。"
    assert [helper.person for helper in harness.alert().helping] == ["near", "nearer"]


async def test_a_volunteer_who_declines_leaves_it_to_the_other_one_who_was_asked(harness: Any, finding: Any) -> None:
    with_volunteers(harness)
    asked = {"role": "volunteer", "responsibility": "assist", "within_m": 9_000, "at_most": 2}
    set_ladder(harness, rungs=[rung(WORKER, asked), LEAD_RUNG])
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.receive_text("19900000012", "12", harness.clock.now)
    await harness.send()
    assert texts(harness, "far") == [], "the second one has not answered yet"
    await harness.service.receive_text("19900000011", "12", harness.clock.now)
    await harness.send()
    assert len(texts(harness, "far")) == 1


async def test_a_request_that_waits_for_its_turn_is_cancelled_when_a_volunteer_goes(harness: Any, finding: Any) -> None:
    with_volunteers(harness)
    asked = {"role": "volunteer", "responsibility": "assist", "within_m": 500, "at_most": 2}
    set_ladder(harness, rungs=[rung(WORKER, asked), LEAD_RUNG])
    await harness.service.process_findings([finding()])
    await harness.send()
    near = next(row for row in harness.deliveries() if row.person == "near")
    harness.database.write_blocking(lambda tx: wait_for_the_provider(harness, tx, near))
    await harness.service.receive_text("19900000012", "11", harness.clock.now)
    await harness.send()
    (row,) = (row for row in harness.deliveries() if row.person == "near" and row.kind is MessageKind.ASSIST)
    assert (row.state, row.code) == (DeliveryState.SKIPPED, "taken")
    assert len(texts(harness, "near")) == 1, "what was not sent is not sent any more"


def wait_for_the_provider(harness: Any, tx: Any, row: Any) -> None:
    """The provider is busy: the message goes out a minute later."""
    at, store = harness.clock.now, SqlAlertStore(tx)
    harness.service.outcomes.postpone(Transaction(store, at), row, at + 60_000, "busy")
    store.flush()


async def test_who_assists_by_card_gets_the_door_on_a_card(harness: Any, finding: Any) -> None:
    harness.service.escalator.outbox.enabled |= {"wecom"}
    lead = {"role": "lead", "responsibility": "assist", "channels": ["wecom"]}
    set_ladder(harness, rungs=[rung(WORKER, lead), LEAD_RUNG])
    await harness.service.process_findings([finding()])
    harness.database.write_blocking(lambda tx: accepted(harness, tx, "li"))
    assert (await harness.service.receive_press("liqiang", "help:1", harness.clock.now)).done
    (card,) = (row for row in harness.deliveries() if row.kind is MessageKind.HELPING)
    shown = card.payload["card"]
    assert (card.channel, shown["main_title"]["title"]) == ("wecom", "感谢前往 · 燃气泄漏")
    assert [button["key"] for button in shown["button_list"]] == ["helparrive:1", "nohelp:1"]


def accepted(harness: Any, tx: Any, person: str) -> None:
    """The provider took the messages to this person."""
    at, store = harness.clock.now, SqlAlertStore(tx)
    for row in store.deliveries(1):
        if row.person == person:
            sent = structs.replace(row, state=DeliveryState.ACCEPTED, sent_at=at)
            store.update_delivery(row, sent, at, "sent")
    store.flush()
