"""A night with a long danger: whoever is on it, and whoever supervises, is reminded, and can still read his phone."""

from __future__ import annotations

from typing import Any

from alerts.alert import Actor, ResponseSource, State
from alerts.handling.finding_status import FindingStatus
from alerts.lifecycle.reminders import pause_after
from domain import DAY, HOUR, MINUTE
from tests.alerts.conftest import AlertHarness

WANG = Actor("wang", "王芳", ResponseSource.SCREEN)


async def still_firing(harness: AlertHarness, finding: Any) -> None:
    """王芳 is called for a leak that goes on; the device reports it all the time."""
    await harness.service.process_findings([finding()])
    await harness.send()
    harness.service.due_alerts.status_of = lambda *_: FindingStatus.ACTIVE


async def minutes_of(harness: AlertHarness, person: str, words: str, until: int) -> list[int]:
    """After how many minutes this person is sent texts with these words, to the next five."""
    begin, found = harness.clock.now, list[int]()
    count = len([text for text in harness.texts(person) if words in text])
    while harness.clock.now - begin < until:
        await harness.advance_time(300)
        texts = [text for text in harness.texts(person) if words in text]
        found += [(harness.clock.now - begin) // MINUTE] * (len(texts) - count)
        count = len(texts)
    return found


async def test_a_worker_on_site_is_reminded_once(harness: AlertHarness, finding: Any) -> None:
    await still_firing(harness, finding)
    await harness.service.perform(1, "arrive", WANG)
    assert await minutes_of(harness, "wang", "仍在报警", 2 * HOUR) == [15]


async def test_the_supervisors_are_notified_once_that_it_still_fires(harness: AlertHarness, finding: Any) -> None:
    await still_firing(harness, finding)
    await harness.service.perform(1, "arrive", WANG)
    assert await minutes_of(harness, "zhou", "仍在报警", 2 * HOUR) == [15]


async def test_a_worker_who_has_just_arrived_is_not_reminded(harness: AlertHarness, finding: Any) -> None:
    """He took it at 14:05 and arrived at 14:14: the first reminder comes a quarter of an hour after that."""
    await still_firing(harness, finding)
    await harness.service.perform(1, "acknowledge", WANG)
    await harness.advance_time(9 * 60)
    await harness.service.perform(1, "arrive", WANG)
    assert await minutes_of(harness, "wang", "仍在报警", 25 * MINUTE) == [15]


async def test_a_worker_on_the_way_is_reminded_at_each_interval(harness: AlertHarness, finding: Any) -> None:
    """A ladder that reminds before it expects him at the door: until he arrives, nothing is put off."""
    choice = harness.service.escalator.choice
    often = tuple(one.model_copy(update={"realarm_after": 2 * MINUTE}) for one in choice.policy.ladders)
    choice.policy = choice.policy.model_copy(update={"ladders": often})
    await still_firing(harness, finding)
    await harness.service.perform(1, "acknowledge", WANG)
    await harness.advance_time(9 * 60)
    assert len([text for text in harness.texts("wang") if "仍在报警" in text]) == 4


async def test_a_step_that_stays_overdue_is_supervised_at_doubling_intervals(
    harness: AlertHarness, finding: Any
) -> None:
    """Overdue at 16:05, told at 16:10: then after half an hour, an hour, two, four; never less than daily."""
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.perform(1, "arrive", WANG)
    await harness.advance_time(2 * 3600)
    assert await minutes_of(harness, "zhou", "督办：", 8 * HOUR) == [5, 35, 95, 215, 455]
    assert (pause_after(50, HOUR), pause_after(3, 2 * DAY)) == (DAY, 2 * DAY)


async def test_what_goes_on_after_it_was_dealt_with_is_called_later_each_time(
    harness: AlertHarness, finding: Any
) -> None:
    """A meter that froze was dealt with twenty times in one night, and each time the worker was called again."""
    await still_firing(harness, finding)
    pauses = []
    for _ in range(3):
        await harness.service.perform(1, "arrive", WANG)
        await harness.service.perform(1, "resolve", WANG)
        since = harness.clock.now
        while harness.alert().state is State.RESOLVED:
            await harness.advance_time(300)
        pauses.append((harness.clock.now - since) // MINUTE)
        assert "燃气泄漏" in harness.texts("wang")[-1]
    assert pauses == [10, 40, 160]
    assert await harness.service.audit(harness.clock.now) == []


async def test_no_verifier_is_asked_while_the_device_still_reports_it(harness: AlertHarness, finding: Any) -> None:
    """Eight people were asked in one night to verify what none of them could: the device went on."""
    await still_firing(harness, finding)
    choice = harness.service.escalator.choice
    slow = tuple(one.model_copy(update={"arrive_within": 12 * HOUR}) for one in choice.policy.ladders)
    choice.policy = choice.policy.model_copy(update={"ladders": slow})
    await harness.service.perform(1, "arrive", WANG)
    await harness.service.perform(1, "resolve", WANG)
    await harness.advance_time(3 * 3600)
    assert (harness.alert().verifier, harness.texts("li"), harness.texts("chen")) == (None, [], [])
    harness.service.due_alerts.status_of = lambda *_: FindingStatus.OVER
    await harness.advance_time(1800)
    assert harness.alert().verifier == "li"


async def test_a_verification_that_is_due_is_not_put_off(harness: AlertHarness, finding: Any) -> None:
    """However often it was dealt with: when the verification is overdue, a danger that goes on is called again."""
    await still_firing(harness, finding)
    choice = harness.service.escalator.choice
    hasty = tuple(one.model_copy(update={"verify_within": 15 * MINUTE}) for one in choice.policy.ladders)
    choice.policy = choice.policy.model_copy(update={"ladders": hasty})
    for pause in (10, 15, 15):
        await harness.service.perform(1, "arrive", WANG)
        await harness.service.perform(1, "resolve", WANG)
        since = harness.clock.now
        while harness.alert().state is State.RESOLVED:
            await harness.advance_time(60)
        assert (harness.clock.now - since) // MINUTE == pause


async def test_a_person_who_stood_down_is_not_notified_of_each_further_owner(
    harness: AlertHarness, finding: Any
) -> None:
    """Five people took one leak in turn and did not arrive; the deputy at home was told of each of them."""
    await harness.service.process_findings([finding()])
    await harness.advance_time(91)
    await harness.service.receive_text("19900000001", "11", harness.clock.now)
    await harness.send()
    assert "已由王芳接警" in harness.texts("deputy")[-1]
    before = len(harness.texts("deputy"))
    await harness.advance_time(11 * 60)
    await harness.service.receive_text("19900000004", "11", harness.clock.now)
    await harness.send()
    assert harness.alert().owner == "chen"
    assert "已由陈静接警" in harness.texts("wang")[-1], "it was his, so he hears whose it is"
    assert len(harness.texts("deputy")) == before


async def test_the_same_refusal_is_sent_three_times_at_most(harness: AlertHarness, finding: Any) -> None:
    """He answered each of six reminders when it was over: six times the same sentence within a second."""
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.service.receive_text("19900000001", "11", harness.clock.now)
    await harness.service.receive_text("19900000001", "14", harness.clock.now)
    await harness.send()
    for _ in range(6):
        await harness.service.receive_text("19900000001", "14", harness.clock.now)
        await harness.send()
    assert len([text for text in harness.texts("wang") if "等待核查" in text]) == 3
    assert len([line for line in harness.timeline() if "王芳回复“14”" in line]) >= 6, "the timeline has every reply"
