"""One fire in one building is one call: detectors, the rule about it, and residents who see smoke."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec import structs

from alerts.alert import Actor, ResponseSource, State
from alerts.escalation.policy import EscalationPolicy, GatheredRules
from alerts.escalation.policy_check import check_names
from alerts.message import MessageKind
from app.config.catalog import load_ladders
from domain import HOUR, MINUTE, Duty, Person, Place, Severity, Subject
from domain.people import community
from store.database.alerts.queries import findings_of_alert
from tests.alerts.cases.test_report_desk import desk_of, request
from tests.alerts.conftest import ALERTS_FOLDER, AlertHarness
from tests.alerts.incidents.scene_builders import add_people

WANG = Actor("wang", "王芳", ResponseSource.SCREEN)
LI = Actor("li", "李强", ResponseSource.SCREEN)


def smoke(harness: AlertHarness, finding: Any, door: str, **changes: Any) -> Any:
    return finding_now(harness, finding, f"smoke-{door}", rule="smoke-alarm", title="烟雾报警", place=door, **changes)


def whole_building(harness: AlertHarness, finding: Any, **changes: Any) -> Any:
    subject = {"subject": Subject("building", "b3"), "place": "b3", **changes}
    return finding_now(harness, finding, None, rule="fire-building", title="整楼烟雾报警", **subject)


def finding_now(harness: AlertHarness, finding: Any, device: str | None, **changes: Any) -> Any:
    now = harness.clock.now
    defaults = {"hazard": "fire", "begin": now, "at": now, "now": now, "advice": "", "device": device}
    subject = {} if device is None else {"subject": Subject("device", device)}
    name = f"{changes['rule']}@1/{device or 'b3'}/{now}"
    return finding(**{"id": name, **defaults, **subject, **changes})


async def report_smoke(harness: AlertHarness, place: str = "b3", client: str = "c1") -> None:
    await desk_of(harness).submit(request("fire", text="楼道有烟", place=place, client=client))
    await harness.send()


async def two_detectors(harness: AlertHarness, finding: Any) -> None:
    """Smoke in 402; two minutes later in 403, and with it the rule about the building."""
    await harness.service.process_findings([smoke(harness, finding, "402")])
    await harness.advance_time(20)
    both = [smoke(harness, finding, "403"), whole_building(harness, finding)]
    await harness.service.process_findings(both)
    await harness.send()


def findings(harness: AlertHarness, alert: int) -> set[str]:
    rows = harness.database.write_blocking(lambda tx: findings_of_alert(tx, str(alert)))
    return {row["finding"].partition("@")[0] for row in rows}


async def test_the_second_detector_makes_it_a_call_about_the_building_that_names_both_doors(
    harness: AlertHarness, finding: Any
) -> None:
    await two_detectors(harness, finding)
    assert harness.texts("wang") == [
        "【枫树社区】紧急：烟雾报警，14:05，枫林苑3栋2单元402。见明火拨119，10分钟内到场。回复11接警，12无法到场。",
        "【枫树社区】紧急：整楼烟雾报警，14:05，枫林苑3栋2单元402、403。见明火拨119，10分钟内到场。回复11接警，12无法到场。",
    ]
    alert = harness.alert(1)
    assert (alert.ladder_rule, alert.round, alert.owner) == ("fire-building", 1, None)
    assert (harness.alert(2).state, harness.alert(2).merged_into) == (State.CLOSED, 1)
    assert findings(harness, 1) == {"smoke-alarm", "fire-building"}
    assert any("并入：烟雾报警，枫林苑3栋2单元403" in line for line in harness.timeline(1))
    assert await harness.service.audit(harness.clock.now) == []


async def test_the_owner_is_notified_of_each_further_door_of_the_building(harness: AlertHarness, finding: Any) -> None:
    await two_detectors(harness, finding)
    await harness.service.perform(1, "acknowledge", WANG)
    await harness.send()
    await harness.service.process_findings([smoke(harness, finding, "404")])
    await harness.send()
    assert harness.texts("wang")[-1] == (
        "【枫树社区】紧急：又报烟雾报警，14:05，枫林苑3栋2单元404。您已接警，编号1，请一并处置。"
    )
    await report_smoke(harness)
    await harness.advance_time(60)
    assert "又报居民报冒烟起火" in harness.texts("wang")[-1]
    report = harness.alert(3)
    assert (report.state, report.merged_into, report.reference) == (State.CLOSED, 1, "2601020003")
    assert harness.alert(1).second_check is not None, "the street verifies the report after the work"
    whole = harness.alert(1)
    assert (whole.rule, whole.place, whole.address, whole.device) == ("fire-building", "b3", "枫林苑3栋", None)
    assert whole.doors == tuple(f"枫林苑3栋2单元{door}" for door in (402, 403, 404))
    assert all(row.kind is not MessageKind.ALERT for row in harness.deliveries(3))


async def test_all_who_were_called_are_notified_of_what_joins_until_it_is_acknowledged(
    harness: AlertHarness, finding: Any
) -> None:
    await two_detectors(harness, finding)
    await harness.advance_time(61)
    assert "整楼烟雾报警" in harness.texts("deputy")[-1]
    await report_smoke(harness, "404")
    for name in ("wang", "deputy"):
        assert "居民报冒烟起火" in harness.texts(name)[-1], name
        assert "404" in harness.texts(name)[-1]


async def test_a_report_before_the_detectors_goes_on_in_their_alert(harness: AlertHarness, finding: Any) -> None:
    await report_smoke(harness, "404")
    await two_detectors(harness, finding)
    assert harness.alert(1).merged_into == 2
    assert "枫林苑3栋2单元402、404、403" in harness.texts("wang")[-1]
    # The code of the first text still counts: the phone shows three calls about one fire.
    assert (await harness.service.receive_text("19900000001", "11", harness.clock.now)).status == "done"
    assert (harness.alert(2).owner, harness.alert(2).state) == ("wang", State.ACKNOWLEDGED)
    await harness.send()
    assert await harness.service.audit(harness.clock.now) == []
    assert await harness.service.unnotified(harness.clock.now) == []


async def test_the_button_of_an_earlier_card_counts_for_the_building(harness: AlertHarness, finding: Any) -> None:
    await two_detectors(harness, finding)
    assert (await harness.service.receive_press("wangfang", "ack:2", harness.clock.now)).done
    assert harness.alert(1).owner == "wang"
    assert not (await harness.service.receive_press("wangfang", "verify:2", harness.clock.now)).done


async def test_an_alert_that_another_person_has_stays_with_him(harness: AlertHarness, finding: Any) -> None:
    await harness.service.process_findings([smoke(harness, finding, "402"), smoke(harness, finding, "403")])
    await harness.send()
    await harness.service.perform(1, "acknowledge", WANG)
    await harness.service.perform(2, "acknowledge", LI)
    await harness.service.process_findings([whole_building(harness, finding)])
    await harness.send()
    assert (harness.alert(2).state, harness.alert(2).owner) == (State.ACKNOWLEDGED, "li")
    assert harness.alert(1).state is State.OPEN, "one door was his, the building is everybody's again"
    assert "整楼烟雾报警" in harness.texts("wang")[-1]


async def test_a_worker_on_site_keeps_the_alert_and_is_notified_of_the_building(
    harness: AlertHarness, finding: Any
) -> None:
    await harness.service.process_findings([smoke(harness, finding, "402"), smoke(harness, finding, "403")])
    await harness.send()
    await harness.service.perform(1, "acknowledge", WANG)
    await harness.service.perform(2, "arrive", WANG)
    await harness.service.process_findings([whole_building(harness, finding)])
    await harness.send()
    assert (harness.alert(2).state, harness.alert(2).owner, harness.alert(1).merged_into) == (State.ON_SITE, "wang", 2)
    assert harness.texts("wang")[-1] == (
        "【枫树社区】紧急：又报整楼烟雾报警，14:05，枫林苑3栋2单元403、402。您已接警，编号2，请一并处置。"
    )


async def test_a_person_called_for_a_merged_alert_only_is_notified_of_its_owner(
    harness: AlertHarness, finding: Any
) -> None:
    await harness.service.process_findings([smoke(harness, finding, "402"), smoke(harness, finding, "403")])
    await harness.service.perform(1, "arrive", WANG)
    await harness.advance_time(61)
    assert "紧急升级" in harness.texts("li")[-1], "the lead is called for 403"
    await harness.service.process_findings([whole_building(harness, finding)])
    await harness.send()
    assert harness.alert(2).merged_into == 1
    assert harness.texts("li")[-2:] == [
        "【枫树社区】已并案：烟雾报警，枫林苑3栋2单元403。由王芳继续处置，您无需再答复。",
        "【枫树社区】紧急督办：整楼烟雾报警，枫林苑3栋2单元402、403，险情扩大，请增援。责任人王芳，请督促处置。",
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"place": "501", "subject": Subject("device", "smoke-501")}, "another building"),
        ({"rule": "ebike-lift", "title": "电动车进梯", "severity": Severity.HIGH}, "no part of the event"),
        ({"rule": "gas-alarm", "title": "燃气泄漏", "hazard": "gas"}, "another hazard"),
    ],
)
async def test_nothing_else_joins(harness: AlertHarness, finding: Any, changes: Any, reason: str) -> None:
    places = [
        *harness.people.places.values(),
        Place("b4", "4栋", "building", "yuan"),
        Place("501", "501", "household", "b4"),
    ]
    town = harness.people
    harness.people = community(places, town.cells.values(), town.people.values(), town.duties)
    await two_detectors(harness, finding)
    await desk_of(harness).submit(request("gas", place="404", client="c2"))
    assert harness.alert(3).state is State.OPEN, "a smell of gas is no report of smoke"
    begun = structs.replace(smoke(harness, finding, "404"), **{"id": "other", "device": "x-1", **changes})
    (outcome,) = await harness.service.process_findings([begun])
    assert (outcome.disposition, outcome.alert) == ("opened", 4), reason


async def test_a_later_finding_of_a_merged_detector_belongs_to_the_building(
    harness: AlertHarness, finding: Any
) -> None:
    """Its message could not be decoded any more: no new call beside the one about the building."""
    await two_detectors(harness, finding)
    await harness.service.perform(1, "acknowledge", WANG)
    garbled = smoke(harness, finding, "403", id="garbled", hazard="unknown")
    garbled = structs.replace(garbled, rule="unreadable-danger", title="设备报警但消息不完整")
    (outcome,) = await harness.service.process_findings([garbled])
    await harness.send()
    assert (outcome.disposition, outcome.alert) == ("joined", 1)
    assert "又报设备报警但消息不完整" in harness.texts("wang")[-1]


async def test_another_rule_about_the_same_building_joins(harness: AlertHarness, finding: Any) -> None:
    await two_detectors(harness, finding)
    ebike = structs.replace(whole_building(harness, finding), id="ebike", rule="fire-ebike", title="电动车疑起火")
    (outcome,) = await harness.service.process_findings([ebike])
    await harness.send()
    assert (outcome.disposition, outcome.alert) == ("joined", 1)
    assert "电动车疑起火" in harness.texts("wang")[-1]


@pytest.mark.parametrize(("rule", "severity"), [("fire-panel", Severity.CRITICAL), ("fire-heat", Severity.HIGH)])
async def test_another_device_of_the_building_that_finds_the_same_fire_joins(
    harness: AlertHarness, finding: Any, rule: str, severity: Severity
) -> None:
    await two_detectors(harness, finding)
    other = finding_now(harness, finding, "other", rule=rule, title="另一台火警", place="b3", severity=severity)
    (outcome,) = await harness.service.process_findings([other])
    await harness.send()
    assert (outcome.disposition, outcome.alert) == ("joined", 1)
    assert "另一台火警" in harness.texts("wang")[-1]


async def test_an_event_that_is_over_or_long_past_takes_nothing_in(harness: AlertHarness, finding: Any) -> None:
    await two_detectors(harness, finding)
    await harness.service.perform(1, "arrive", WANG)
    harness.clock.now += HOUR + MINUTE
    (later,) = await harness.service.process_findings([smoke(harness, finding, "404")])
    assert (later.disposition, later.alert) == ("opened", 3)
    await report_smoke(harness, "405")
    assert harness.alert(4).merged_into == 3, "part of the later one"
    harness.clock.now += HOUR // 2 + MINUTE
    await report_smoke(harness, "405", client="c2")
    assert harness.alert(5).state is State.OPEN


async def test_a_smell_reported_while_a_detector_alarms_in_the_building_goes_on_in_its_alert(
    harness: AlertHarness, finding: Any
) -> None:
    """Two people went to one leak, each called for half of it."""
    leak = finding_now(harness, finding, "gas-402", rule="gas-alarm", title="燃气泄漏", hazard="gas", place="402")
    await harness.service.process_findings([leak])
    await harness.advance_time(20)
    await harness.service.perform(1, "acknowledge", WANG)
    await desk_of(harness).submit(request("gas", text="楼道有燃气味", place="b3", client="c1"))
    await harness.send()
    assert harness.alert(2).merged_into == 1
    assert "又报居民报燃气异味" in harness.texts("wang")[-1]
    assert harness.alert(1).second_check is not None, "the street verifies what a resident reported"


async def test_a_report_that_would_reach_no_person_calls_for_itself(harness: AlertHarness, finding: Any) -> None:
    await two_detectors(harness, finding)
    await harness.service.perform(1, "acknowledge", WANG)
    people = {**harness.people.people, "wang": structs.replace(harness.people.people["wang"], phone=None, wecom=None)}
    harness.people = structs.replace(harness.people, people=people)
    await report_smoke(harness)
    assert harness.alert(3).state is State.OPEN
    assert "居民报冒烟起火" in harness.texts("deputy")[-1]


async def test_the_same_finding_again_does_not_call_the_building_again(harness: AlertHarness, finding: Any) -> None:
    await two_detectors(harness, finding)
    await harness.service.perform(1, "arrive", WANG)
    await harness.send()
    before = len(harness.texts("deputy"))
    harness.clock.now += MINUTE
    (again,) = await harness.service.process_findings([whole_building(harness, finding)])
    await harness.advance_time(60)
    assert (again.disposition, again.alert, harness.alert(1).owner) == ("joined", 1, "wang")
    assert len(harness.texts("deputy")) == before


async def test_more_doors_than_a_text_holds_are_listed_for_the_owner(harness: AlertHarness, finding: Any) -> None:
    homes = [Place(f"h{n}", f"{n:02}01室", "household", "u2") for n in range(1, 9)]
    town = harness.people
    harness.people = community([*town.places.values(), *homes], town.cells.values(), town.people.values(), town.duties)
    await harness.service.process_findings([smoke(harness, finding, home.id) for home in homes])
    await harness.service.process_findings([whole_building(harness, finding)])
    await harness.send()
    call = harness.texts("wang")[-1]
    assert call == (
        "【枫树社区】紧急：整楼烟雾报警，14:05，枫林苑3栋2单元0101室、0601室等。见火拨119，10分钟内到场。回复11接警。"
    )
    assert len(harness.alert(1).doors) == 8


async def test_the_clinic_of_a_vulnerable_resident_who_reports_is_asked_too(
    harness: AlertHarness, finding: Any
) -> None:
    """A report that joins brings the extra recipients of its own door."""
    add_people(
        harness,
        [Person("e9", "徐奶奶", attributes={"home": "404", "age": 90, "lives_alone": True, "bedridden": True})],
        [Duty("9", "community", "community", "chen")],
    )
    await two_detectors(harness, finding)
    await report_smoke(harness, "404")
    assert harness.alert(3).merged_into == 1
    assert await harness.service.unnotified(harness.clock.now) == []


async def test_three_hundred_detectors_of_a_burning_building_are_one_alert_and_four_texts(
    harness: AlertHarness, finding: Any
) -> None:
    """Without the rule about the building they are ten single texts first: see test_storms.py."""
    homes = [Place(f"h{n}", f"{n // 20 + 1:02}{n % 20 + 1:02}", "household", "u2") for n in range(300)]
    town = harness.people
    harness.people = community([*town.places.values(), *homes], town.cells.values(), town.people.values(), town.duties)
    await harness.service.process_findings([smoke(harness, finding, "h0")])
    await harness.send()
    await harness.service.process_findings([smoke(harness, finding, "h1"), whole_building(harness, finding)])
    await harness.send()
    for begin in range(2, 300, 50):
        doors = range(begin, min(begin + 50, 300))
        await harness.service.process_findings([smoke(harness, finding, f"h{n}") for n in doors])
        await harness.advance_time(10)
    await harness.advance_time(60)
    texts = [text.partition("：")[2] for text in harness.texts("wang")]
    assert [text.partition("，")[0] for text in texts] == [
        "烟雾报警",
        "整楼烟雾报警",
        "又报50起烟雾报警：枫林苑3栋2单元0103、0104、0105等。请10分钟内到场。回复11接警",
        "又报248起烟雾报警：枫林苑3栋2单元0313、0314、0315等。请10分钟内到场。回复11接警",
    ]
    assert (harness.alert(1).joined, harness.alert(1).merged_into) == (300, None)


def test_a_misspelt_rule_of_a_gathered_event_has_its_position(policy: EscalationPolicy) -> None:
    wrong = (GatheredRules(by="fire-bilding", rules=("smoke-alarm", "smok")),)
    checked = policy.model_copy(update={"ladders": policy.ladders[2:3], "gathered": wrong})
    known = {rule for names in policy.one_event for rule in names} | {"smoke-alarm", "fire-building"}
    faults = list(check_names(checked, {"sms", "wecom"}, known, lambda name, _: f"{name} is no rule"))
    assert [(fault.where, fault.message) for fault in faults] == [
        (("gathered", 0, "rules", 1), "smok is no rule"),
        (("gathered", 0, "by"), "fire-bilding is no rule"),
    ]


def test_a_site_without_gathered_events_has_the_built_in_ones(tmp_path: Path, policy: EscalationPolicy) -> None:
    fields = yaml.safe_load((ALERTS_FOLDER / "ladders" / "default.yaml").read_text("utf-8"))
    del fields["gathered"]
    (tmp_path / "ladders.yaml").write_text(yaml.safe_dump(fields))
    assert load_ladders(tmp_path).gathered == policy.gathered != ()
    (tmp_path / "ladders.yaml").write_text(yaml.safe_dump({**fields, "gathered": []}))
    assert load_ladders(tmp_path).gathered == ()
