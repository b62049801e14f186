"""Answers as incidents: what a worker wrote, what became of the alert, what he read in return."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from alerts.alert import Actor, ResponseSource, State
from alerts.handling.replies import MAX_ANSWERS_PER_HOUR, ReplyStatus
from alerts.message import MessageKind
from domain import Severity, Subject
from simulators.providers.faults import Fault, FaultKind
from store.database.alerts.repository import SqlAlertStore

WANG, LI = "19900000001", "19900000003"
BY_LI = Actor("li", "李强", ResponseSource.SCREEN)
CLEARED = "已处置：燃气泄漏，枫林苑3栋2单元402。"


async def called(town: Any, finding: Any, name: str = "gas-1", place: str = "402", **changes: Any) -> None:
    """One more alert, and its call on the phone."""
    subject = Subject("device", name)
    await town.service.process_findings(
        [finding(id=name, device=name, subject=subject, rule=f"rule-{name}", place=place, **changes)]
    )
    await town.send()


async def answers(town: Any, text: str, phone: str = WANG) -> Any:
    result = await town.service.receive_text(phone, text, town.clock.now)
    await town.send()
    return result


# --- B1 ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["11去不了", "去不了", "11 没空", "不在", "11，我在外地", "12", "11❌", "no"])
async def test_b1_a_refusal_calls_the_next_person_at_once(town: Any, finding: Any, text: str) -> None:
    await called(town, finding)
    result = await answers(town, text)
    assert (result.status, result.alert) == (ReplyStatus.DONE, 1)
    assert (town.alert().state, town.alert().owner, town.alert().passed) == (State.OPEN, None, ("wang",))
    assert len(town.texts("deputy")) == 1
    assert "王芳无法到场（短信）" in town.story()


async def test_b1_a_refusal_without_a_code_is_about_every_call_that_waits(town: Any, finding: Any) -> None:
    await called(town, finding)
    await called(town, finding, "smoke", "403")
    result = await answers(town, "我今天请假，去不了")
    assert (result.status, sorted(result.alerts)) == (ReplyStatus.DONE, [1, 2])
    assert town.alert(1).passed == town.alert(2).passed == ("wang",)
    assert len(town.texts("deputy")) == 2
    told = "【枫树社区】已记录您无法到场：燃气泄漏，枫林苑3栋2单元402，已另请他人。能到场请回复11接警。"
    assert told in town.texts("wang")
    assert (await answers(town, "11")).status is ReplyStatus.DONE, "who declined may still take it"
    assert town.alert(1).owner == "wang"


async def test_b1_the_owner_who_cannot_come_after_all_frees_it(town: Any, finding: Any) -> None:
    await called(town, finding)
    await answers(town, "11")
    await called(town, finding, "smoke", "403")
    await answers(town, "21")
    assert (await answers(town, "去不了了")).status is ReplyStatus.UNCLEAR, "he has two: which?"
    assert (await answers(town, "12")).status is ReplyStatus.DONE
    assert (town.alert(1).state, town.alert(1).owner) == (State.OPEN, None)
    await town.service.perform("1", "acknowledge", BY_LI)
    await town.send()
    assert (await answers(town, "赶不过来")).alerts == (2,)
    assert town.alert(2).state is State.OPEN
    assert (await answers(town, "2")).status is ReplyStatus.UNCLEAR, "a bare digit means one alert only"


async def test_b1_a_contradiction_is_asked_back_about_that_alert(town: Any, finding: Any) -> None:
    await called(town, finding)
    await called(town, finding, "smoke", "403")
    result = await answers(town, "22马上到")
    assert (result.status, result.alert, result.reason) == (ReplyStatus.UNCLEAR, 2, "contradiction")
    assert "枫林苑3栋2单元403。回复21接警，22无法到场。" in town.texts("wang")[-1]
    assert {town.alert(n).state for n in (1, 2)} == {State.OPEN}


# --- B2 ---------------------------------------------------------------------------------------------------------------


async def test_b2_a_receipt_of_news_takes_no_other_alert(town: Any, finding: Any) -> None:
    await called(town, finding)
    town.clock.now += 120_000
    await called(town, finding, "gas-2", "403")
    town.clock.now += 120_000
    await town.service.perform("1", "arrive", BY_LI)
    await town.service.perform("1", "resolve", BY_LI)
    await town.send()
    town.clock.now += 5_000
    assert CLEARED in town.texts("wang")[-1]
    before = town.texts("wang")
    for text in ("收到", "好的", "谢谢", "知道了", "OK"):
        result = await answers(town, text)
        assert (result.status, town.alert(2).state) == (ReplyStatus.IGNORED, State.OPEN), text
    assert town.texts("wang") == before, "thanks need no answer"


async def test_b2_a_word_that_crossed_the_news_takes_nothing(town: Any, finding: Any) -> None:
    await called(town, finding)
    await town.service.perform("1", "arrive", BY_LI)
    await town.service.perform("1", "resolve", BY_LI)
    await town.send()
    town.clock.now += 20_000
    await called(town, finding, "gas-2", "403")
    assert (await answers(town, "收到")).status is ReplyStatus.UNCLEAR, "it may answer the text of 20 s ago"
    assert town.alert(2).state is State.OPEN


async def test_b2_a_word_answers_the_one_call_it_can_mean(town: Any, finding: Any) -> None:
    await called(town, finding)
    await town.service.perform("1", "arrive", BY_LI)
    await town.service.perform("1", "resolve", BY_LI)
    await town.send()
    town.clock.now += 61_000
    await called(town, finding, "gas-2", "403")
    assert (await answers(town, "收到")).status is ReplyStatus.DONE
    assert town.alert(2).owner == "wang"


async def test_b2_two_open_calls_are_asked_back(town: Any, finding: Any) -> None:
    await called(town, finding)
    town.clock.now += 120_000
    await called(town, finding, "gas-2", "403")
    for text in ("收到", "马上到", "1"):
        assert (await answers(town, text)).status is ReplyStatus.UNCLEAR
    assert {town.alert(n).owner for n in (1, 2)} == {None}


async def test_b2_a_word_after_our_question_needs_the_code(town: Any, finding: Any) -> None:
    await called(town, finding)
    await answers(town, "天气真好")
    assert "没看懂" in town.texts("wang")[-1]
    assert (await answers(town, "好的")).status is ReplyStatus.UNCLEAR
    assert (await answers(town, "谢谢")).status is ReplyStatus.UNCLEAR, "nobody is on it: silence would be agreement"
    assert (await answers(town, "11")).status is ReplyStatus.DONE


async def test_b2_a_word_before_any_text_was_sent_means_nothing(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    assert (await town.service.receive_text(WANG, "收到", town.clock.now)).status is ReplyStatus.IGNORED
    assert town.alert().state is State.OPEN


# --- B3 ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["11 马上到", "11收到，马上去", "OK 11", "好的11", "①①", "11谢谢", "1号接警", "十一"])
async def test_b3_a_code_with_friendly_words_is_a_take(town: Any, finding: Any, text: str) -> None:
    await called(town, finding)
    assert (await answers(town, text)).status is ReplyStatus.DONE
    assert town.alert().owner == "wang"


@pytest.mark.parametrize("text", ["OK", "收到，马上去", "知道了", "5分钟到", "1"])
async def test_b3_words_alone_take_the_only_call(town: Any, finding: Any, text: str) -> None:
    await called(town, finding)
    assert (await answers(town, text)).status is ReplyStatus.DONE
    assert town.alert().owner == "wang"


async def test_b3_every_unclear_answer_is_answered_and_then_people_are_told(town: Any, finding: Any) -> None:
    await called(town, finding)
    for _ in range(MAX_ANSWERS_PER_HOUR):
        assert (await answers(town, "天气真好")).status is ReplyStatus.UNCLEAR
        town.clock.now += 1_000
    hints = [text for text in town.texts("wang") if "没看懂" in text]
    assert len(hints) == MAX_ANSWERS_PER_HOUR
    assert (await answers(town, "天气真好")).status is ReplyStatus.UNCLEAR
    assert len([text for text in town.texts("wang") if "没看懂" in text]) == MAX_ANSWERS_PER_HOUR
    assert "王芳一小时内多次回复看不懂，不再短信答复，请值班室打电话" in town.story()
    assert town.story().count("王芳回复“天气真好”，看不出指哪条，已请其重发") == MAX_ANSWERS_PER_HOUR + 1
    town.clock.now += 3_600_000
    await answers(town, "天气真好")
    assert len([text for text in town.texts("wang") if "没看懂" in text]) == MAX_ANSWERS_PER_HOUR + 1


@pytest.mark.parametrize("text", ["41 马上到", "011", "91", "1111"])
async def test_b3_a_code_of_no_alert_is_answered_with_his_codes(town: Any, finding: Any, text: str) -> None:
    await called(town, finding)
    result = await answers(town, text)
    assert (result.status, result.reason) == (ReplyStatus.UNCLEAR, "no_such_code")
    wanted = "【枫树社区】无此编号，您有编号1。最急燃气泄漏，枫林苑3栋2单元402。回复11接警，12无法到场。"
    assert town.texts("wang")[-1] == wanted
    assert town.alert().state is State.OPEN


async def test_b3_when_nothing_is_open_an_unclear_text_is_only_logged(town: Any, finding: Any) -> None:
    await called(town, finding)
    await town.service.perform("1", "arrive", BY_LI)
    await town.service.perform("1", "resolve", BY_LI)
    await town.send()
    before = town.texts("wang")
    for text in ("天气真好", "在哪里", "去不了", "谢谢"):
        result = await answers(town, text)
        assert (result.status, result.alert) == (ReplyStatus.IGNORED, None)
        assert result.reason
    assert town.texts("wang") == before
    assert (await answers(town, "TD")).alert == 1
    assert (await answers(town, "11在哪")).status is ReplyStatus.ANSWERED
    assert "已处置，等待核查。" in town.texts("wang")[-1]


async def test_b3_who_writes_about_a_taken_alert_hears_who_has_it(town: Any, finding: Any) -> None:
    await called(town, finding)
    await town.service.perform("1", "acknowledge", BY_LI)
    await town.send()
    for text in ("我马上到", "天气真好", "11是什么"):
        await answers(town, text)
        assert town.texts("wang")[-1] == "【枫树社区】编号1：燃气泄漏，枫林苑3栋2单元402。已由李强14:05接警。"
    assert town.alert().owner == "li"


# --- B4 ---------------------------------------------------------------------------------------------------------------


async def test_b4_arrival_and_completion_by_text(town: Any, finding: Any) -> None:
    await called(town, finding)
    await answers(town, "11")
    owned = "【枫树社区】已由王芳接警：燃气泄漏，枫林苑3栋2单元402。到场回复13，处置完回复14。"
    assert town.texts("wang")[-1] == owned
    assert (await answers(town, "13")).status is ReplyStatus.DONE
    assert town.alert().state is State.ON_SITE
    assert town.texts("wang")[-1] == "【枫树社区】已记录王芳到场：燃气泄漏，枫林苑3栋2单元402。处置完毕请回复14。"
    assert (await answers(town, "14")).status is ReplyStatus.DONE
    assert (town.alert().state, town.alert().handler) == (State.RESOLVED, "wang")
    done = {"王芳接警（短信）", "王芳到场（短信）", "王芳处置完毕（短信）"}
    assert done | {"已用短信把到场和处置的编号发给 王芳（网格员）"} <= set(town.story())


@pytest.mark.parametrize(("arrive", "done"), [("1到了", "1已处置"), ("到了", "处理完了"), ("13 到现场了", "14好的")])
async def test_b4_words_report_too(town: Any, finding: Any, arrive: str, done: str) -> None:
    await called(town, finding)
    await answers(town, "11")
    await answers(town, arrive)
    assert town.alert().state is State.ON_SITE
    await answers(town, done)
    assert town.alert().state is State.RESOLVED
    assert f"王芳回复“{done}”" in town.story()


async def test_b4_who_arrives_without_having_taken_it_takes_it(town: Any, finding: Any) -> None:
    await called(town, finding)
    await answers(town, "13")
    assert (town.alert().state, town.alert().owner) == (State.ON_SITE, "wang")
    assert town.texts("wang")[-1].endswith("处置完毕请回复14。")


async def test_b4_done_before_anybody_took_it_is_refused_in_one_sentence(town: Any, finding: Any) -> None:
    await called(town, finding)
    result = await answers(town, "14")
    assert (result.status, result.reason) == (ReplyStatus.REFUSED, "not_taken")
    assert town.texts("wang")[-1] == "【枫树社区】编号1：燃气泄漏，枫林苑3栋2单元402。还没有人接警，请先接警。"
    assert town.alert().state is State.OPEN


@pytest.mark.parametrize("text", ["13", "14", "1已处置"])
async def test_b4_nobody_reports_for_the_one_who_has_it(town: Any, finding: Any, text: str) -> None:
    await called(town, finding)
    await town.service.perform("1", "acknowledge", BY_LI)
    await town.send()
    assert (await answers(town, text)).status is ReplyStatus.REFUSED
    assert town.alert().state is State.ACKNOWLEDGED
    assert town.texts("wang")[-1].endswith("已由李强14:05接警。")


async def test_b4_a_word_for_done_while_another_call_waits_is_asked_back(town: Any, finding: Any) -> None:
    await called(town, finding)
    await answers(town, "11")
    await called(town, finding, "gas-2", "403")
    assert (await answers(town, "已处理")).status is ReplyStatus.UNCLEAR
    assert (town.alert(1).state, town.alert(2).state) == (State.ACKNOWLEDGED, State.OPEN)


async def test_b4_the_owner_who_writes_on_the_way_is_heard_and_asked_nothing(town: Any, finding: Any) -> None:
    await called(town, finding)
    await answers(town, "11")
    before = town.texts("wang")
    assert (await answers(town, "5分钟到")).status is ReplyStatus.IGNORED
    assert (await answers(town, "11马上到")).status is ReplyStatus.DONE
    assert (await answers(town, "收到")).status is ReplyStatus.IGNORED
    assert town.texts("wang") == before
    assert {"王芳回复“5分钟到”", "王芳回复“11马上到”"} <= set(town.story())
    await answers(town, "门锁着")
    assert town.texts("wang")[-1].endswith("到场回复13，处置完回复14。")
    await answers(town, "13")
    await answers(town, "在哪")
    assert town.texts("wang")[-1].endswith("处置完毕请回复14。")
    assert (await answers(town, "12")).status is ReplyStatus.REFUSED
    assert town.texts("wang")[-1].endswith("王芳已到场。")


# --- questions, opting out --------------------------------------------------------------------------------------------


async def test_a_question_is_answered_with_the_alert_again(town: Any, finding: Any) -> None:
    await called(town, finding)
    await called(town, finding, "gas-2", "403", title="烟雾报警", severity=Severity.HIGH)
    for text, flat, code in (("在哪？", "403", "21"), ("11是什么", "402", "11"), ("21?", "403", "21")):
        result = await answers(town, text)
        assert result.status is ReplyStatus.ANSWERED
        assert f"枫林苑3栋2单元{flat}。回复{code}接警" in town.texts("wang")[-1]
    assert "王芳问“11是什么”，已再发告警内容" in town.story(1)
    assert "已用短信答复 王芳（网格员）" in town.story(1)
    assert {town.alert(n).state for n in (1, 2)} == {State.OPEN}


async def test_who_opts_out_is_named_on_every_open_alert_of_his(town: Any, finding: Any) -> None:
    await called(town, finding)
    await called(town, finding, "gas-2", "403")
    assert sorted((await answers(town, "ＴＤ")).alerts) == [1, 2]
    line = "王芳回复了退订，短信可能已被运营商拦截，请改用其他方式联系"
    assert line in town.story(1)
    assert line in town.story(2)


async def test_a_person_who_left_the_community_keeps_the_name_we_wrote_to(town: Any, finding: Any) -> None:
    await called(town, finding)
    gone = {name: one for name, one in town.people.people.items() if name != "wang"}
    town.people = structs.replace(town.people, people=gone)
    await answers(town, "11")
    assert town.alert().owner_name == "王芳"


async def test_a_number_written_before_any_message_was_kept_still_has_a_name(town: Any, finding: Any) -> None:
    await called(town, finding)
    from sqlalchemy import insert

    from store.database.alerts.tables import reply_codes

    row = {"phone": "18800000000", "number": 1, "alert": 1, "person": "stranger", "since": 0}
    town.ledger.write_blocking(lambda tx: tx.execute(insert(reply_codes), row))
    assert (await answers(town, "天气真好", "18800000000")).status is ReplyStatus.UNCLEAR
    assert "stranger回复“天气真好”，看不出指哪条，已请其重发" in town.story()
    assert (await answers(town, "12", "18800000000")).status is ReplyStatus.DONE
    assert (await answers(town, "去不了", "18800000000")).status is ReplyStatus.DONE


async def test_a_text_under_way_counts_as_the_last_one(town: Any, finding: Any) -> None:
    await called(town, finding)
    town.clock.now += 120_000
    town.vendor.faults.schedule(Fault(FaultKind.SILENT, accepted=True))
    await called(town, finding, "gas-2", "403")
    last = town.ledger.write_blocking(lambda tx: SqlAlertStore(tx).last_messages("sms", WANG, 8))
    assert [(row.alert, row.kind, row.sent_at is None) for row in last] == [
        (2, MessageKind.ALERT, True),
        (1, MessageKind.ALERT, False),
    ]
    assert (await town.service.receive_text(WANG, "收到", town.clock.now)).status is ReplyStatus.UNCLEAR


async def test_what_the_vendor_pushes_comes_back_with_its_status(town: Any, finding: Any) -> None:
    from alerts.channels.channel import InboundText

    await called(town, finding)
    texts = [InboundText(WANG, "11", town.clock.now), InboundText("18800000000", "11", town.clock.now)]
    results = await town.service.receive(texts, "sms")
    assert [(one.status, one.alert) for one in results] == [(ReplyStatus.DONE, 1), (ReplyStatus.UNKNOWN_PHONE, None)]
