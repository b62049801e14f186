"""Exercises: staff are called as in earnest, everybody else never; every text begins with 演练."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec import structs

from alerts.alert import Actor, Alert, ResponseSource, State
from alerts.cases.exercise_scenarios import EXERCISE_MS, SCENARIOS, find_scenario
from alerts.channel_specs import SPECS, ChannelSpec, Content
from alerts.drills import Drills
from alerts.escalation.policy import Notice, Recipient, Responsibility, Rung
from alerts.message import DeliveryState, MessageKind
from alerts.messages.exercise import FORBIDDEN_RECIPIENT, UNLABELLED, is_labelled, may_receive
from alerts.messages.renderer import MessageContext
from app.config.catalog import load_active_rulebooks, load_kinds, load_roles
from domain import MINUTE, Duty, Person
from domain.roles import RoleKind
from store.database.alerts.exercises import open_exercises
from tests.alerts.conftest import AlertHarness, gas_finding, small_community
from tests.support.alerts import alert_of as opened_by

OFFICE = Actor("centre", "中心", ResponseSource.SCREEN, "operator")
GAS = SCENARIOS[0]
ROLES = load_roles()


@pytest.fixture
def drilled(harness: AlertHarness) -> AlertHarness:
    """The harness with the built-in roles, as `up` passes them."""
    harness.service.escalator.outbox.roles = ROLES
    return harness


async def start(harness: AlertHarness) -> Alert:
    alert = await Drills(harness.service).start(GAS, "402", OFFICE)
    await harness.send()
    return alert


async def test_a_drill_calls_the_ladder_of_its_danger_and_every_text_begins_with_the_label(
    drilled: AlertHarness,
) -> None:
    alert = await start(drilled)
    assert (alert.exercise, alert.title, alert.ladder_rule) == (True, "演练：燃气泄漏", "gas-alarm")
    await drilled.service.receive_text("19900000001", "11", drilled.clock.now)
    await drilled.service.receive_text("19900000001", "?", drilled.clock.now)
    await drilled.advance_time(700)
    assert drilled.texts("wang")[0].startswith("【枫树社区】演练：紧急：燃气泄漏，14:05，枫林苑3栋2单元402。")
    rows = drilled.deliveries(alert.id)
    assert {row.kind for row in rows} >= {MessageKind.ALERT, MessageKind.OWNED, MessageKind.ESCALATE}
    for text in (str(row.payload["text"]) for row in rows):
        assert text.startswith("【枫树社区】演练：")
        assert len(text) <= 70


def open_ones(harness: AlertHarness, minutes: int) -> list[int]:
    before = harness.clock.now + minutes * MINUTE - EXERCISE_MS
    return harness.database.write_blocking(lambda tx: open_exercises(tx, before))


async def test_a_drill_ends_by_itself_and_can_be_ended_before(drilled: AlertHarness) -> None:
    drills = Drills(drilled.service)
    first = await start(drilled)
    assert open_ones(drilled, 29) == []
    assert open_ones(drilled, 31) == [first.id]
    await drills.end(first.id, drilled.clock.now)
    ended = drilled.alert(first.id)
    assert (ended.state, ended.disposition, ended.wake_at) == (State.CLOSED, "test", None)
    assert drilled.timeline(first.id)[-1] == "演练结束"
    assert open_ones(drilled, 40) == []

    second = await drills.start(GAS, "402", OFFICE)
    closed = await drills.end(second.id, drilled.clock.now)
    assert closed is not None
    assert closed.state is State.CLOSED
    assert await drills.end(second.id, drilled.clock.now) == closed
    assert [row.state for row in drilled.deliveries(second.id)] == [DeliveryState.SKIPPED]
    assert await drills.end(99, drilled.clock.now) is None


async def test_a_message_of_a_drill_that_lost_its_label_or_its_recipient_is_stopped_at_the_sender(
    drilled: AlertHarness,
) -> None:
    alert = await Drills(drilled.service).start(GAS, "402", OFFICE)
    row = drilled.deliveries(alert.id)[0]
    outcomes = drilled.service.outcomes
    assert outcomes.exercise_fault(row, alert) is None
    assert outcomes.exercise_fault(structs.replace(row, person="nobody"), alert) == FORBIDDEN_RECIPIENT
    assert outcomes.exercise_fault(structs.replace(row, role="family"), alert) == FORBIDDEN_RECIPIENT
    assert outcomes.exercise_fault(structs.replace(row, payload={"text": "紧急：燃气泄漏"}), alert) == UNLABELLED
    assert outcomes.exercise_fault(structs.replace(row, role="family"), structs.replace(alert, exercise=False)) is None

    drilled.people = small_community(wang=Person("wang", "王芳", phone="19900000001", home="402"))
    await drilled.send()
    assert drilled.texts("wang") == []
    assert drilled.deliveries(alert.id)[0].code == FORBIDDEN_RECIPIENT


people = st.builds(
    lambda number, home, family: Person(
        f"p{number}",
        f"某{number}",
        phone=f"1990000100{number}",
        home="402" if home else None,
        attributes={"family_of": "p0"} if family else {},
    ),
    st.integers(0, 9),
    st.booleans(),
    st.booleans(),
)


@settings(
    max_examples=6,
    phases=(Phase.explicit, Phase.generate),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
async def test_with_any_ladder_and_any_people_on_duty_a_drill_reaches_staff_without_a_home_only(
    drilled: AlertHarness, data: Any
) -> None:
    found = data.draw(st.lists(people, min_size=1, max_size=6, unique_by=lambda person: person.id))
    duties = [
        Duty(f"d{number}", "grid", data.draw(st.sampled_from(list(ROLES))), person.id)
        for number, person in enumerate(found)
    ]
    community = small_community(**{person.id: person for person in found})
    drilled.people = structs.replace(community, duties=(*community.duties, *duties))
    choice = drilled.service.escalator.choice
    policy, role = choice.policy, st.sampled_from(list(ROLES))
    rungs = tuple(
        Rung(
            recipients=(
                Recipient(role=data.draw(role), channels=("sms",)),
                Recipient(role=data.draw(role), channels=("sms",), responsibility=Responsibility.ASSIST),
            ),
            wait="1m",
        )
        for _ in range(3)
    )
    notices = tuple(Notice(role=name, channels=("sms",)) for name in data.draw(st.lists(role, max_size=3)))
    ladder = policy.ladders[0].model_copy(update={"rungs": rungs, "notify": notices})
    choice.policy = policy.model_copy(update={"ladders": (ladder, *policy.ladders[1:])})
    alert = await Drills(drilled.service).start(GAS, "402", OFFICE)
    assert drilled.service.escalator.ladder(alert) == ladder
    await drilled.advance_time(20 * 60)
    for row in drilled.deliveries(alert.id):
        person = drilled.people.people[row.person]
        assert ROLES[row.role].kind is RoleKind.STAFF
        assert person.home is None
        assert "family_of" not in person.attributes
        assert is_labelled(row.payload)
    await Drills(drilled.service).end(alert.id, drilled.clock.now)


def test_who_may_receive_and_what_is_labelled() -> None:
    worker = Person("w", "王芳")
    assert may_receive(worker, "worker", ROLES)
    assert not may_receive(worker, "unheard-of", ROLES)
    assert not may_receive(None, "worker", ROLES)
    assert is_labelled({"card": {"main_title": {"title": "演练：紧急 燃气泄漏"}}, "danger": {}})
    assert is_labelled({"button": "王芳已接警"})
    assert not is_labelled({"card": {"main_title": {"title": "紧急 燃气泄漏"}}})
    assert is_labelled({"type": "alert", "subject": "7", "data": {"text": "演练：紧急"}})
    assert is_labelled({"markdown": '<font color="warning">演练：紧急</font>'})
    assert not is_labelled({"type": "alert", "subject": "演练", "data": {"text": "紧急"}})
    assert not is_labelled({"data": {}})
    assert is_labelled({"template": "T", "data": {"thing1": "演练：燃气泄漏", "time2": "14:05"}, "text": "演练：紧急"})
    assert not is_labelled({"template": "T", "data": {"thing1": "燃气泄漏"}, "text": "演练：紧急"})
    assert not is_labelled({"text": "演练：燃气泄漏", "subject": "燃气泄漏"})


def test_a_scenario_is_found_by_its_name_or_by_its_hazard() -> None:
    assert find_scenario("fire", None) == SCENARIOS[1]
    assert find_scenario(None, "gas") == GAS
    assert find_scenario("earthquake", "gas") is None
    assert find_scenario(None, None) is None


def test_the_ladder_of_a_scenario_is_that_of_a_rule_in_force() -> None:
    rules = {rule.name for book in load_active_rulebooks(load_kinds()) for rule in book.rules}
    assert [one.name for one in SCENARIOS if one.rule not in rules] == []


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: str(spec.name))
def test_what_is_rendered_for_each_channel_is_labelled(harness: AlertHarness, spec: ChannelSpec) -> None:
    alert = structs.replace(opened_by(gas_finding()), exercise=True, title="演练：燃气泄漏")
    outbox = harness.service.escalator.outbox
    for kind in (MessageKind.ALERT, MessageKind.ESCALATE, MessageKind.ACKNOWLEDGED):
        context = MessageContext(kind, harness.clock.now, 10 * MINUTE, name="王芳", coded=spec.coded)
        if spec.content is Content.CARD:
            assert is_labelled({"card": outbox.cards.call_card(alert, context, "t")})
        else:
            assert is_labelled(outbox.contents.payload(spec, alert, context))
