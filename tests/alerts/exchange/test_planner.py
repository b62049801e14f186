"""Which events a change makes, and for whom."""

from __future__ import annotations

import itertools
from typing import Any

from alerts.alert import Alert, State
from alerts.exchange.messages import AlertChange, CaseLink, Changes, Direction
from alerts.exchange.planner import ExchangePlanner, Partners, handed_to
from alerts.exchange.subscribers import Subscriber, Topic
from domain import Finding, FindingPhase, Ledger, Person, Place, Severity, Subject
from domain.people import community
from tests.alerts.exchange.builders import T0, Links, a_link, an_alert, mapping

COMMUNITY = community(
    [Place("door", "402", "户")], people=[Person("r", "王", home="door", attributes={"care_consent": True})]
)
BOARD, FINDINGS = Subscriber("board"), Subscriber("lab", frozenset({Topic.FINDINGS}))
CARE = Subscriber("care", frozenset({Topic.CARE}))


def planner(*subscribers: Subscriber, systems: bool = True) -> ExchangePlanner:
    known = {"hotline": mapping()} if systems else {}
    return ExchangePlanner(Partners(subscribers, known, frozenset(known)), lambda: COMMUNITY, dict)


def plan(
    before: Alert | None, after: Alert, links: Links, *subscribers: Subscriber
) -> list[tuple[str, tuple[str, ...], Any]]:
    events = planner(*subscribers)(Changes((AlertChange(before, after),)), links)
    return [(event.type, event.targets, event.data["state"]) for event in events if "state" in event.data]


def test_a_change_goes_to_the_subscribers_that_want_it() -> None:
    assert plan(None, an_alert(), Links(), BOARD, FINDINGS) == [("cn.fengshao.case.opened.v1", ("board",), "open")]
    assert plan(an_alert(), an_alert(rung=2), Links(), BOARD) == []
    assert plan(None, an_alert(), Links()) == []


def test_nothing_of_an_exercise_leaves() -> None:
    drill = an_alert(exercise=True, state=State.RETURNED, returned_to="hotline")

    assert plan(an_alert(exercise=True), drill, Links(a_link()), BOARD, CARE) == []


def test_findings_go_to_those_who_asked_for_them() -> None:
    finding = Finding(
        id="f", rule="r", version="1", phase=FindingPhase.BEGAN, hazard="gas", title="t", severity=Severity.LOW,
        ledger=Ledger.DANGER, subject=Subject("device", "d"), begin=T0, at=T0, now=T0,
    )  # fmt: skip
    events = planner(BOARD, FINDINGS)(Changes((), (finding,)), Links())

    assert [(event.type, event.subject, event.targets) for event in events] == [
        ("cn.fengshao.finding.began.v1", "finding:f", ("lab",))
    ]
    assert planner(BOARD)(Changes((), (finding,)), Links()) == []


def test_a_person_who_consented_is_an_event_of_the_care_platform() -> None:
    sos = an_alert(hazard="person", rule="band-sos", subject=Subject("person", "r"), place="door")
    events = planner(CARE)(Changes((AlertChange(None, sos), AlertChange(sos, sos))), Links())

    assert [(event.type, event.targets, event.data["person_id"]) for event in events] == [
        ("cn.fengshao.care.event.v1", ("care",), "r")
    ]
    assert planner(CARE)(Changes((AlertChange(None, an_alert()),)), Links()) == []


def walk(links: Links, *states: Alert) -> list[Any]:
    """The words reported to the hotline while an alert goes through these states."""
    words = []
    for before, after in itertools.pairwise(states):
        words += [word for _, targets, word in plan(before, after, links) if targets == ("system:hotline",)]
    return words


def test_our_states_are_reported_in_their_words_each_once_in_order() -> None:
    links = Links(a_link())
    order = [State.OPEN, State.ACKNOWLEDGED, State.ON_SITE, State.RESOLVED, State.VERIFIED, State.CLOSED]
    opened = [word for *_, word in plan(None, an_alert(), links)]

    assert opened + walk(links, *(an_alert(state=state) for state in order)) == [
        "受理", "派遣", "处置", "反馈", "核查", "结案"
    ]  # fmt: skip
    assert walk(links, an_alert(state=State.VERIFIED), an_alert(state=State.CLOSED)) == []


def test_a_state_without_a_word_and_their_own_state_are_not_reported() -> None:
    assert walk(Links(a_link()), an_alert(), an_alert(state=State.SHELVED)) == []
    closed_by_them = Links(a_link(state="结案"))
    assert walk(closed_by_them, an_alert(state=State.VERIFIED), an_alert(state=State.CLOSED)) == []
    satisfied = Links(a_link(state="回访满意"))
    assert walk(satisfied, an_alert(state=State.RESOLVED), an_alert(state=State.VERIFIED)) == []
    assert walk(satisfied, an_alert(state=State.VERIFIED), an_alert(state=State.CLOSED)) == ["结案"]


def test_nothing_is_reported_to_an_unknown_system() -> None:
    assert walk(Links(a_link(system="closed-down")), an_alert(), an_alert(state=State.CLOSED)) == []
    assert planner(systems=False)(Changes((AlertChange(None, an_alert()),)), Links(a_link())) == []


def test_a_hand_over_sends_the_case_once_and_its_end_takes_it_back() -> None:
    links = Links()
    given = an_alert(state=State.RETURNED, returned_to="system:hotline", description="很浓的味")
    events = planner()(Changes((AlertChange(an_alert(), given),)), links)
    link = links.saved["hotline", "FS-31"]

    assert [(event.type, event.targets, event.data["report"], event.data["text"]) for event in events] == [
        ("cn.fengshao.exchange.handover.v1", ("system:hotline",), "handed_over", "很浓的味")
    ]
    assert events[0].data["photos"] == list(range(312, 322))
    assert (link.direction, link.state) == (Direction.OUT, "handed_over")
    assert planner()(Changes((AlertChange(given, an_alert(**vars_of(given), updated_at=T0 + 1)),)), links) == []
    taken_back = planner()(Changes((AlertChange(given, an_alert()),)), links)
    assert [event.data["state"] for event in taken_back] == ["收回"]


def vars_of(alert: Alert) -> dict[str, Any]:
    return {"state": alert.state, "returned_to": alert.returned_to, "description": alert.description}


def test_their_own_answer_to_a_hand_over_is_not_reported_back() -> None:
    given = an_alert(state=State.RETURNED, returned_to="hotline")
    for word, after in (("办结", State.RESOLVED), ("退单", State.OPEN)):
        link: CaseLink = a_link(external_id="FS-31", direction=Direction.OUT, state=word)
        assert walk(Links(link), given, an_alert(state=after)) == []
    done = a_link(external_id="FS-31", direction=Direction.OUT, state="办结")
    assert walk(Links(done), an_alert(state=State.RESOLVED), an_alert(state=State.VERIFIED)) == ["核查"]


def test_only_a_configured_system_is_one() -> None:
    assert handed_to(an_alert(state=State.RETURNED, returned_to="street"), {"hotline": mapping()}) is None
    assert handed_to(an_alert(state=State.RETURNED), {"hotline": mapping()}) is None
    assert handed_to(an_alert(returned_to="hotline"), {"hotline": mapping()}) is None


def test_what_a_system_without_an_address_has_to_fetch_is_stored_and_its_case_is_linked() -> None:
    links = Links(a_link())
    quiet = ExchangePlanner(Partners((), {"hotline": mapping()}), lambda: COMMUNITY, dict)
    given = an_alert(state=State.RETURNED, returned_to="hotline")

    assert [event.targets for event in quiet(Changes((AlertChange(an_alert(), given),)), links)] == [
        ("system:hotline",)
    ]
    assert links.saved["hotline", "FS-31"].state == "handed_over"


def test_a_case_can_be_handed_over_to_systems_with_an_address_only() -> None:
    systems = {"hotline": mapping(), "city": mapping("cjt545")}

    assert Partners((), systems, frozenset({"hotline"})).bodies() == {"system:hotline": "12345热线"}
