"""One fire in one building: whoever has its first alert is never the only person notified of the building."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from alerts.alert import State
from alerts.cases.exercise_scenarios import SCENARIOS
from alerts.drills import Drills
from domain import HOUR, Duty, Person, Subject
from tests.alerts.conftest import AlertHarness
from tests.alerts.handling.test_gathering import LI, WANG, report_smoke, smoke, two_detectors, whole_building
from tests.alerts.incidents.scene_builders import add_people


async def building_after(harness: AlertHarness, finding: Any, *, door: str = "403") -> None:
    """A second detector, and with it the rule about the building."""
    await harness.service.process_findings([smoke(harness, finding, door), whole_building(harness, finding)])
    await harness.send()


def names_with_building_text(harness: AlertHarness) -> set[str]:
    return {name for name in harness.people.people if any("整楼烟雾报警" in text for text in harness.texts(name))}


async def test_the_next_rung_is_notified_of_a_fire_that_spreads_while_one_worker_is_on_site(
    harness: AlertHarness, finding: Any
) -> None:
    """He is alone in the stairwell and may be unable to answer: the alert of 403 would have called the lead."""
    await harness.service.process_findings([smoke(harness, finding, "402")])
    await harness.send()
    await harness.service.perform(1, "arrive", WANG)
    await building_after(harness, finding)
    assert harness.texts("li") == [
        "【枫树社区】紧急督办：整楼烟雾报警，枫林苑3栋2单元402、403，险情扩大，请增援。责任人王芳，请督促处置。"
    ]
    assert "又报整楼烟雾报警" in harness.texts("wang")[-1]
    await building_after(harness, finding)
    assert len(harness.texts("li")) == 1, "the same finding again is no news"


async def test_the_rung_above_is_notified_where_the_next_one_has_no_phone(harness: AlertHarness, finding: Any) -> None:
    await harness.service.process_findings([smoke(harness, finding, "402")])
    await harness.send()
    await harness.service.perform(1, "arrive", WANG)
    add_people(harness, [Person("li", "李强")])
    await building_after(harness, finding)
    assert names_with_building_text(harness) == {"wang", "chen"}


async def test_the_building_is_called_when_the_first_door_was_dealt_with(harness: AlertHarness, finding: Any) -> None:
    await harness.service.process_findings([smoke(harness, finding, "402")])
    await harness.service.perform(1, "arrive", WANG)
    await harness.service.perform(1, "resolve", WANG)
    await building_after(harness, finding)
    assert (harness.alert(1).state, harness.alert(2).rule) == (State.RESOLVED, "fire-building")
    await harness.advance_time(61)
    assert {"wang", "li"} <= names_with_building_text(harness)


async def test_the_building_is_called_when_the_first_door_was_returned_or_shelved(
    harness: AlertHarness, finding: Any
) -> None:
    await harness.service.process_findings([smoke(harness, finding, "402"), smoke(harness, finding, "404")])
    await harness.service.perform(1, "return", WANG, reason="不属于本网格")
    await harness.service.perform(2, "shelve", WANG, until=harness.clock.now + HOUR, reason="装修")
    await building_after(harness, finding)
    assert (harness.alert(1).state, harness.alert(2).state) == (State.OPEN, State.SHELVED)
    await harness.advance_time(61)
    assert {"wang", "li"} <= names_with_building_text(harness)


@pytest.mark.parametrize("on_site", [False, True])
async def test_the_building_is_called_when_the_owner_of_the_first_door_cannot_be_reached(
    harness: AlertHarness, finding: Any, on_site: bool
) -> None:
    await harness.service.process_findings([smoke(harness, finding, "402")])
    await harness.service.perform(1, "arrive" if on_site else "acknowledge", WANG)
    add_people(harness, duties=[Duty("9", "grid", "worker", "wang", absent=True)])
    await building_after(harness, finding)
    await harness.advance_time(120)
    assert {"deputy", "li"} <= names_with_building_text(harness)


async def test_the_building_is_called_when_both_workers_declined_the_first_door(
    harness: AlertHarness, finding: Any
) -> None:
    await harness.service.process_findings([smoke(harness, finding, "402")])
    await harness.send()
    for name in ("wang", "deputy"):
        phone = harness.people.people[name].phone
        assert (await harness.service.receive_text(phone, "12", harness.clock.now)).status == "done", name
        await harness.send()
    await building_after(harness, finding)
    await harness.advance_time(120)
    assert len(names_with_building_text(harness)) >= 3


async def test_a_drill_takes_no_real_fire_in_and_no_real_fire_takes_a_drill_in(
    harness: AlertHarness, finding: Any
) -> None:
    scenario = next(one for one in SCENARIOS if one.hazard == "fire")
    await Drills(harness.service).start(structs.replace(scenario, rule="smoke-alarm"), "404", LI)
    await harness.service.process_findings([smoke(harness, finding, "402")])
    await building_after(harness, finding)
    drill, real = harness.alert(1), harness.alert(2)
    assert (drill.exercise, drill.state, drill.merged_into) == (True, State.OPEN, None)
    assert (real.exercise, real.rule) == (False, "fire-building")
    await report_smoke(harness, "404")
    assert harness.alert(4).merged_into == 2
    assert all("演练" not in text for text in harness.texts("wang")[1:])


async def test_a_finding_that_comes_late_gathers_and_what_follows_calls_for_itself(
    harness: AlertHarness, finding: Any
) -> None:
    """A gateway delivers two hours late: the doors are named at once, and nothing joins what is that old."""
    before = harness.clock.now - 2 * HOUR
    late = {"begin": before, "at": before, "late_ms": 2 * HOUR}
    first = smoke(harness, finding, "402", **late)
    await harness.service.process_findings([first, smoke(harness, finding, "403", **late)])
    await harness.service.process_findings([whole_building(harness, finding, **late), first])
    await harness.send()
    assert "迟报2小时" in harness.texts("wang")[-1]
    (now,) = await harness.service.process_findings([smoke(harness, finding, "404")])
    assert now.disposition == "opened"


async def test_a_code_counts_through_two_merges(harness: AlertHarness, finding: Any) -> None:
    """403 went on in the building's alert, and a person merged that into a case of his own."""
    await report_smoke(harness, "404", client="c9")
    other = structs.replace(smoke(harness, finding, "405"), rule="kitchen-smoke", id="kitchen", device="k-1")
    await harness.service.process_findings([structs.replace(other, subject=Subject("device", "k-1"))])
    await two_detectors(harness, finding)
    (whole,) = [number for number in range(1, 5) if harness.alert(number).rule == "fire-building"]
    await harness.service.perform(whole, "merge", LI, into=2)
    await harness.send()
    assert harness.alert(1).merged_into == whole
    assert (await harness.service.receive_text("19900000001", "11", harness.clock.now)).status == "done"
    assert harness.alert(2).owner == "wang"
