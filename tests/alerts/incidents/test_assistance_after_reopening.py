"""A case is open again after it was dealt with: whoever helped before went home, and volunteers are asked anew."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from alerts.alert import Actor, ResponseSource, State
from alerts.handling.finding_status import FindingStatus
from domain import MINUTE
from tests.alerts.conftest import AlertHarness
from tests.alerts.incidents.test_assist_and_inform import (
    HELPING,
    LEAD_RUNG,
    SIGN,
    WORKER,
    rung,
    set_ladder,
    texts,
    with_volunteers,
)

WANG = Actor("wang", "王芳", ResponseSource.SCREEN)
LI = Actor("li", "李强", ResponseSource.SCREEN)
ENOUGH = f"{SIGN}已有人前往，谢谢：燃气泄漏，枫林苑3栋。"
SETTLED = f"{SIGN}已处置：燃气泄漏"


async def two_volunteers_asked(harness: AlertHarness, finding: Any) -> None:
    """A leak: 王芳 is called, and the two nearest volunteers are asked, 何近 and 贾近."""
    with_volunteers(harness)
    asked = {"role": "volunteer", "responsibility": "assist", "within_m": 9_000, "at_most": 2}
    set_ladder(harness, rungs=[rung(WORKER, asked), LEAD_RUNG])
    await harness.service.process_findings([finding()])
    await harness.send()


async def helped_and_settled(harness: AlertHarness, finding: Any) -> None:
    """何近 goes, 贾近 reads that somebody does, and 王芳 reports the leak as dealt with."""
    await two_volunteers_asked(harness, finding)
    await harness.service.receive_text("19900000011", "11", harness.clock.now)
    for action in ("acknowledge", "arrive", "resolve"):
        await harness.service.perform(1, action, WANG)
    await harness.send()
    assert texts(harness, "near")[-1].startswith(SETTLED)
    assert texts(harness, "nearer")[-1] == ENOUGH


async def still_firing(harness: AlertHarness, _finding: Any) -> None:
    harness.service.due_alerts.status_of = lambda *_: FindingStatus.ACTIVE
    await harness.advance_time(30 * 60)


async def refused_by_the_lead(harness: AlertHarness, _finding: Any) -> None:
    await harness.service.perform(1, "reopen", LI, reason="还闻得到")
    await harness.send()


async def fires_after_it_was_closed(harness: AlertHarness, _finding: Any) -> None:
    harness.service.due_alerts.status_of = lambda *_: FindingStatus.NOT_RECEIVED
    for action in ("verify", "close"):
        await harness.service.perform(1, action, LI, disposition="real")
    await still_firing(harness, _finding)


@pytest.mark.parametrize("reopen", [still_firing, refused_by_the_lead, fires_after_it_was_closed])
async def test_a_volunteer_who_accepts_again_is_not_one_too_many(
    harness: AlertHarness, finding: Any, reopen: Callable[[AlertHarness, Any], Awaitable[None]]
) -> None:
    """A woman lay in her flat; of two volunteers who were asked again at night, the one who said yes read that somebody
    was on the way already: the one who had helped the day before."""
    await helped_and_settled(harness, finding)
    await reopen(harness, finding)
    assert harness.alert().state is State.OPEN
    assert harness.alert().helping == ()
    assert all(texts(harness, name)[-1].startswith(f"{SIGN}附近需要帮助") for name in ("near", "nearer"))

    await harness.service.receive_text("19900000012", "11", harness.clock.now)
    await harness.send()
    assert texts(harness, "nearer")[-1] == HELPING
    assert texts(harness, "near")[-1] == ENOUGH
    assert [helper.person for helper in harness.alert().helping] == ["nearer"]


async def test_a_helper_of_before_who_does_not_come_again_is_not_notified_of_the_end(
    harness: AlertHarness, finding: Any
) -> None:
    await helped_and_settled(harness, finding)
    await still_firing(harness, finding)
    before = len(texts(harness, "near"))
    for action in ("acknowledge", "arrive", "resolve"):
        await harness.service.perform(1, action, LI)
    await harness.send()
    assert not [text for text in texts(harness, "near")[before:] if text.startswith(SETTLED)]


async def test_when_all_volunteers_asked_again_decline_the_next_are_asked(harness: AlertHarness, finding: Any) -> None:
    await two_volunteers_asked(harness, finding)
    for phone in ("19900000011", "19900000012"):
        await harness.service.receive_text(phone, "12", harness.clock.now)
    await harness.send()
    assert len(texts(harness, "far")) == 1
    for action in ("acknowledge", "arrive", "resolve"):
        await harness.service.perform(1, action, WANG)
    await refused_by_the_lead(harness, finding)
    assert len(texts(harness, "far")) == 1, "the two nearest are asked first again"

    for phone in ("19900000011", "19900000012"):
        await harness.service.receive_text(phone, "12", harness.clock.now)
    await harness.send()
    assert len(texts(harness, "far")) == 2


async def test_a_refusal_of_before_does_not_count_while_the_new_requests_wait(
    harness: AlertHarness, finding: Any
) -> None:
    await helped_and_settled(harness, finding)
    await harness.service.perform(1, "reopen", LI, reason="还闻得到")
    await harness.service.receive_text("19900000012", "12", harness.clock.now)
    await harness.send()
    assert texts(harness, "far") == [], "the two nearest have not been asked again yet"


async def test_after_shelving_the_volunteers_are_asked_again(harness: AlertHarness, finding: Any) -> None:
    await two_volunteers_asked(harness, finding)
    await harness.service.receive_text("19900000011", "11", harness.clock.now)
    until = harness.clock.now + 30 * MINUTE
    await harness.service.perform(1, "shelve", LI, reason="燃气公司检修", until=until)
    await harness.advance_time(31 * 60)
    assert harness.alert().state is State.OPEN
    assert harness.alert().helping == ()
    await harness.service.receive_text("19900000012", "11", harness.clock.now)
    await harness.send()
    assert texts(harness, "nearer")[-1] == HELPING
