"""增援: whoever is on it asks for more people, and they are called until one more is on it."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.alert import Actor, ResponseSource, State
from alerts.handling.replies import ReplyStatus
from domain import Person
from tests.alerts.conftest import small_community
from tests.alerts.incidents.test_assist_and_inform import HERE, SIGN, set_ladder

WANG, DEPUTY, LI, CHEN = "19900000001", "19900000002", "19900000003", "19900000004"
WANG_ACTOR = Actor("wang", "王芳", ResponseSource.SCREEN)


async def on_site(harness: Any, finding: Any) -> None:
    """Wang takes a gas leak and is there, alone."""
    set_ladder(harness)
    await harness.service.process_findings([finding()])
    await harness.send()
    for code in ("11", "13"):
        await harness.service.receive_text(WANG, code, harness.clock.now)
        await harness.send()
    assert (harness.alert().state, harness.alert().people_missing) == (State.ON_SITE, 0)


async def reply(harness: Any, phone: str, text: str) -> Any:
    result = await harness.service.receive_text(phone, text, harness.clock.now)
    await harness.send()
    return result


async def test_the_others_of_the_role_and_the_next_rung_are_called_at_once(harness: Any, finding: Any) -> None:
    await on_site(harness, finding)
    assert harness.texts("deputy") == harness.texts("li") == []
    result = await reply(harness, WANG, "增援")
    assert result.status is ReplyStatus.DONE
    for person in ("deputy", "li"):
        assert harness.texts(person)[-1].startswith(f"{SIGN}紧急升级：燃气泄漏，14:05，枫林苑3栋2单元402，还需1人")
    assert harness.texts("wang")[-1].startswith(f"{SIGN}编号1：{HERE}。已呼叫增援：")
    assert "王芳请求增援（短信）" in harness.timeline()
    assert harness.alert().people_missing == 1


async def test_the_asker_reads_who_comes_and_the_calls_stop(harness: Any, finding: Any) -> None:
    await on_site(harness, finding)
    await reply(harness, WANG, "火势很大，请增援")
    await reply(harness, LI, "11")
    alert = harness.alert()
    assert (alert.owner, [one.person for one in alert.responders]) == ("wang", ["wang", "li"])
    assert (alert.state, alert.people_missing, alert.climb_at) == (State.ON_SITE, 0, None)
    assert "李强" in harness.texts("wang")[-1]
    texts = len(harness.texts("chen"))
    await harness.advance_time(300)
    assert len(harness.texts("chen")) == texts == 0


async def test_without_an_answer_the_calls_climb(harness: Any, finding: Any) -> None:
    await on_site(harness, finding)
    await reply(harness, WANG, "1增援")
    await harness.advance_time(180)
    assert harness.texts("chen")[-1].startswith(f"{SIGN}紧急升级：燃气泄漏")


async def test_who_has_read_that_another_has_it_is_called_again(harness: Any, finding: Any) -> None:
    set_ladder(harness)
    await harness.service.process_findings([finding()])
    await harness.advance_time(31)
    assert len(harness.texts("deputy")) == 1
    await reply(harness, WANG, "11")
    assert harness.texts("deputy")[-1].startswith(f"{SIGN}已由王芳接警")
    await reply(harness, WANG, "已到场，请求增援")
    assert harness.alert().state is State.ON_SITE, "he said that he has arrived, too"
    assert "还需1人" in harness.texts("deputy")[-1]
    await reply(harness, DEPUTY, "11")
    assert harness.alert().people_missing == 0


async def test_one_request_calls_once_and_a_further_one_when_one_more_came_calls_again(
    harness: Any, finding: Any
) -> None:
    await on_site(harness, finding)
    await reply(harness, WANG, "增援")
    texts = len(harness.texts("li"))
    await reply(harness, WANG, "增援")
    assert len(harness.texts("li")) == texts
    assert harness.texts("wang")[-1].endswith("正在呼叫增援，还需1人。")
    await reply(harness, LI, "11")
    await harness.advance_time(60)
    await reply(harness, LI, "11增援")
    assert harness.alert().people_missing == 1
    assert "还需1人" in harness.texts("deputy")[-1]


@pytest.mark.parametrize("phone", [DEPUTY, LI])
async def test_only_those_who_are_on_it_ask_by_text(harness: Any, finding: Any, phone: str) -> None:
    set_ladder(harness)
    await harness.service.process_findings([finding()])
    await harness.advance_time(100)
    await reply(harness, WANG, "11")
    result = await reply(harness, phone, "11增援")
    assert (result.status, harness.alert().people_missing) == (ReplyStatus.REFUSED, 0)


async def test_an_alert_without_an_owner_cannot_be_reinforced(harness: Any, finding: Any) -> None:
    set_ladder(harness)
    await harness.service.process_findings([finding()])
    await harness.send()
    assert (await reply(harness, WANG, "增援")).status is ReplyStatus.REFUSED
    assert harness.texts("wang")[-1].endswith("还没有人接警，请先接警。")


async def test_on_the_screen_and_by_the_page_of_a_worker(harness: Any, finding: Any) -> None:
    await on_site(harness, finding)
    await harness.service.perform(1, "reinforce", WANG_ACTOR)
    await harness.send()
    assert "王芳请求增援（网页）" in harness.timeline()
    assert "还需1人" in harness.texts("li")[-1]


async def test_on_the_top_rung_those_called_are_called_again_and_then_repeatedly(harness: Any, finding: Any) -> None:
    set_ladder(harness)
    top = next(person.id for person in harness.people.people.values() if person.name == "周涛")
    await harness.service.process_findings([finding()])
    await harness.advance_time(700)
    await reply(harness, WANG, "11")
    assert harness.alert().rung == 4
    texts = len(harness.texts(top))
    await reply(harness, WANG, "到了，人手不够")
    assert harness.alert().state is State.ON_SITE
    assert len(harness.texts(top)) == texts + 1
    assert "还需1人" in harness.texts(top)[-1]
    await harness.advance_time(901)
    assert len(harness.texts(top)) == texts + 2


async def test_who_has_no_channel_is_not_named_among_the_called(harness: Any, finding: Any) -> None:
    await on_site(harness, finding)
    harness.people = small_community(deputy=Person("deputy", "赵副"))
    await reply(harness, WANG, "增援")
    assert any("李强" in line for line in harness.timeline())
    assert not any("赵副" in line for line in harness.timeline())
    assert harness.texts("li")[-1].startswith(f"{SIGN}紧急升级：燃气泄漏")
