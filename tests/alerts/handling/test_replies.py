"""Replies by SMS: what a worker wrote, the resulting state of the alert, and the text sent back."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from alerts.alert import Actor, ResponseSource, State
from alerts.handling.inbound_reply import MAX_ANSWERS_PER_HOUR
from alerts.handling.replies import ReplyStatus
from alerts.message import MessageKind
from domain import Severity, Subject
from simulators.providers.faults import Fault, FaultKind
from store.database.alerts.repository import SqlAlertStore

WANG, LI = "19900000001", "19900000003"
BY_LI = Actor("li", "李强", ResponseSource.SCREEN)
CLEARED = "已处置：燃气泄漏，枫林苑3栋2单元402。"


async def call_wang(harness: Any, finding: Any, name: str = "gas-1", place: str = "402", **changes: Any) -> None:
    """Opens one more alert and sends its call."""
    subject = Subject("device", name)
    await harness.service.process_findings(
        [finding(id=name, device=name, subject=subject, rule=f"rule-{name}", place=place, **changes)]
    )
    await harness.send()


async def reply(harness: Any, text: str, phone: str = WANG) -> Any:
    result = await harness.service.receive_text(phone, text, harness.clock.now)
    await harness.send()
    return result


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["11去不了", "去不了", "11 没空", "不在", "11，我在外地", "12", "11❌", "no"])
async def test_a_refusal_calls_the_next_person_at_once(harness: Any, finding: Any, text: str) -> None:
    await call_wang(harness, finding)
    result = await reply(harness, text)
    assert (result.status, result.alert) == (ReplyStatus.DONE, 1)
    assert (harness.alert().state, harness.alert().owner, harness.alert().passed) == (State.OPEN, None, ("wang",))
    assert len(harness.texts("deputy")) == 1
    assert "王芳无法到场（短信）" in harness.timeline()


async def test_a_refusal_without_a_code_applies_to_every_waiting_call(harness: Any, finding: Any) -> None:
    await call_wang(harness, finding)
    await call_wang(harness, finding, "smoke", "403")
    result = await reply(harness, "我今天请假，去不了")
    assert (result.status, sorted(result.alerts)) == (ReplyStatus.DONE, [1, 2])
    assert harness.alert(1).passed == harness.alert(2).passed == ("wang",)
    assert len(harness.texts("deputy")) == 2
    expected = "【枫树社区】已记录您无法到场：燃气泄漏，枫林苑3栋2单元402，已另请他人。能到场请回复11接警。"
    assert expected in harness.texts("wang")
    assert (await reply(harness, "11")).status is ReplyStatus.DONE, "who declined may still take it"
    assert harness.alert(1).owner == "wang"


async def test_an_owner_who_declines_reopens_the_alert(harness: Any, finding: Any) -> None:
    await call_wang(harness, finding)
    await reply(harness, "11")
    await call_wang(harness, finding, "smoke", "403")
    await reply(harness, "21")
    assert (await reply(harness, "去不了了")).status is ReplyStatus.UNCLEAR, "he has two: which?"
    assert (await reply(harness, "12")).status is ReplyStatus.DONE
    assert (harness.alert(1).state, harness.alert(1).owner) == (State.OPEN, None)
    await harness.service.perform("1", "acknowledge", BY_LI)
    await harness.send()
    assert (await reply(harness, "赶不过来")).alerts == (2,)
    assert harness.alert(2).state is State.OPEN
    assert (await reply(harness, "2")).status is ReplyStatus.UNCLEAR, "a bare digit means one alert only"


async def test_a_contradictory_reply_is_asked_back_about_its_alert(harness: Any, finding: Any) -> None:
    await call_wang(harness, finding)
    await call_wang(harness, finding, "smoke", "403")
    result = await reply(harness, "22马上到")
    assert (result.status, result.alert, result.reason) == (ReplyStatus.UNCLEAR, 2, "contradiction")
    assert "枫林苑3栋2单元403。回复21接警，22无法到场。" in harness.texts("wang")[-1]
    assert {harness.alert(n).state for n in (1, 2)} == {State.OPEN}


# --- words without a code --------------------------------------------------------------------------------------------


async def test_thanks_for_news_acknowledge_no_other_alert(harness: Any, finding: Any) -> None:
    await call_wang(harness, finding)
    harness.clock.now += 120_000
    await call_wang(harness, finding, "gas-2", "403")
    harness.clock.now += 120_000
    await harness.service.perform("1", "arrive", BY_LI)
    await harness.service.perform("1", "resolve", BY_LI)
    await harness.send()
    harness.clock.now += 5_000
    assert CLEARED in harness.texts("wang")[-1]
    before = harness.texts("wang")
    for text in ("收到", "好的", "谢谢", "知道了", "OK"):
        result = await reply(harness, text)
        assert (result.status, harness.alert(2).state) == (ReplyStatus.IGNORED, State.OPEN), text
    assert harness.texts("wang") == before, "thanks need no answer"


async def test_a_word_shortly_after_news_acknowledges_nothing(harness: Any, finding: Any) -> None:
    await call_wang(harness, finding)
    await harness.service.perform("1", "arrive", BY_LI)
    await harness.service.perform("1", "resolve", BY_LI)
    await harness.send()
    harness.clock.now += 20_000
    await call_wang(harness, finding, "gas-2", "403")
    assert (await reply(harness, "收到")).status is ReplyStatus.UNCLEAR, "it may answer the text of 20 s ago"
    assert harness.alert(2).state is State.OPEN


async def test_a_word_acknowledges_the_only_call_it_can_mean(harness: Any, finding: Any) -> None:
    await call_wang(harness, finding)
    await harness.service.perform("1", "arrive", BY_LI)
    await harness.service.perform("1", "resolve", BY_LI)
    await harness.send()
    harness.clock.now += 61_000
    await call_wang(harness, finding, "gas-2", "403")
    assert (await reply(harness, "收到")).status is ReplyStatus.DONE
    assert harness.alert(2).owner == "wang"


async def test_a_word_with_two_open_calls_is_asked_back(harness: Any, finding: Any) -> None:
    await call_wang(harness, finding)
    harness.clock.now += 120_000
    await call_wang(harness, finding, "gas-2", "403")
    for text in ("收到", "马上到", "1"):
        assert (await reply(harness, text)).status is ReplyStatus.UNCLEAR
    assert {harness.alert(n).owner for n in (1, 2)} == {None}


async def test_a_word_after_our_question_needs_the_code(harness: Any, finding: Any) -> None:
    await call_wang(harness, finding)
    await reply(harness, "天气真好")
    assert "没看懂" in harness.texts("wang")[-1]
    assert (await reply(harness, "好的")).status is ReplyStatus.UNCLEAR
    assert (await reply(harness, "谢谢")).status is ReplyStatus.UNCLEAR, "nobody is on it: silence would be agreement"
    assert (await reply(harness, "11")).status is ReplyStatus.DONE


async def test_a_word_before_any_text_was_sent_is_ignored(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    assert (await harness.service.receive_text(WANG, "收到", harness.clock.now)).status is ReplyStatus.IGNORED
    assert harness.alert().state is State.OPEN


# --- codes and unclear replies ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["11 马上到", "11收到，马上去", "OK 11", "好的11", "①①", "11谢谢", "1号接警", "十一"])
async def test_a_code_with_friendly_words_is_an_acknowledgement(harness: Any, finding: Any, text: str) -> None:
    await call_wang(harness, finding)
    assert (await reply(harness, text)).status is ReplyStatus.DONE
    assert harness.alert().owner == "wang"


@pytest.mark.parametrize("text", ["OK", "收到，马上去", "知道了", "5分钟到", "1"])
async def test_words_alone_acknowledge_the_only_call(harness: Any, finding: Any, text: str) -> None:
    await call_wang(harness, finding)
    assert (await reply(harness, text)).status is ReplyStatus.DONE
    assert harness.alert().owner == "wang"


async def test_unclear_replies_are_answered_up_to_a_limit_and_then_reported(harness: Any, finding: Any) -> None:
    await call_wang(harness, finding)
    for _ in range(MAX_ANSWERS_PER_HOUR):
        assert (await reply(harness, "天气真好")).status is ReplyStatus.UNCLEAR
        harness.clock.now += 1_000
    hints = [text for text in harness.texts("wang") if "没看懂" in text]
    assert len(hints) == MAX_ANSWERS_PER_HOUR
    assert (await reply(harness, "天气真好")).status is ReplyStatus.UNCLEAR
    assert len([text for text in harness.texts("wang") if "没看懂" in text]) == MAX_ANSWERS_PER_HOUR
    assert "王芳一小时内多次回复看不懂，不再短信答复，请值班室打电话" in harness.timeline()
    assert harness.timeline().count("王芳回复“天气真好”，看不出指哪条，已请其重发") == MAX_ANSWERS_PER_HOUR + 1
    harness.clock.now += 3_600_000
    await reply(harness, "天气真好")
    assert len([text for text in harness.texts("wang") if "没看懂" in text]) == MAX_ANSWERS_PER_HOUR + 1


@pytest.mark.parametrize("text", ["41 马上到", "011", "91", "1111"])
async def test_an_unknown_code_is_answered_with_the_valid_codes(harness: Any, finding: Any, text: str) -> None:
    await call_wang(harness, finding)
    result = await reply(harness, text)
    assert (result.status, result.reason) == (ReplyStatus.UNCLEAR, "no_such_code")
    wanted = "【枫树社区】无此编号，您有编号1。最急：燃气泄漏，枫林苑3栋2单元402。回复11接警，12无法到场。"
    assert harness.texts("wang")[-1] == wanted
    assert harness.alert().state is State.OPEN


async def test_without_an_open_alert_an_unclear_text_is_only_logged(harness: Any, finding: Any) -> None:
    await call_wang(harness, finding)
    await harness.service.perform("1", "arrive", BY_LI)
    await harness.service.perform("1", "resolve", BY_LI)
    await harness.send()
    before = harness.texts("wang")
    for text in ("天气真好", "在哪里", "去不了", "谢谢"):
        result = await reply(harness, text)
        assert (result.status, result.alert) == (ReplyStatus.IGNORED, None)
        assert result.reason
    assert harness.texts("wang") == before
    assert (await reply(harness, "TD")).alert == 1
    assert (await reply(harness, "11在哪")).status is ReplyStatus.ANSWERED
    assert "已处置，等待核查。" in harness.texts("wang")[-1]


async def test_a_reply_about_a_taken_alert_is_answered_with_its_owner(harness: Any, finding: Any) -> None:
    await call_wang(harness, finding)
    await harness.service.perform("1", "acknowledge", BY_LI)
    await harness.send()
    for text in ("我马上到", "天气真好", "11是什么"):
        await reply(harness, text)
        assert harness.texts("wang")[-1] == "【枫树社区】编号1：燃气泄漏，枫林苑3栋2单元402。已由李强14:05接警。"
    assert harness.alert().owner == "li"


# --- arrival and completion -----------------------------------------------------------------------------------------


async def test_arrival_and_completion_by_code(harness: Any, finding: Any) -> None:
    await call_wang(harness, finding)
    await reply(harness, "11")
    owned = "【枫树社区】已由王芳接警：燃气泄漏，枫林苑3栋2单元402。到场回复13，处置完回复：真实15，误报16，其他14。"
    assert harness.texts("wang")[-1] == owned
    assert (await reply(harness, "13")).status is ReplyStatus.DONE
    assert harness.alert().state is State.ON_SITE
    assert harness.texts("wang")[-1] == owned  # he has the code for what he does next
    assert (await reply(harness, "14")).status is ReplyStatus.DONE
    assert (harness.alert().state, harness.alert().handler) == (State.RESOLVED, "wang")
    done = {"王芳接警（短信）", "王芳到场（短信）", "王芳处置完毕（短信）"}
    assert done | {"已用短信把到场和处置的编号发给 王芳（网格员）"} <= set(harness.timeline())


async def test_one_text_ends_a_case_with_its_disposition(harness: Any, finding: Any) -> None:
    await call_wang(harness, finding)
    await reply(harness, "11")
    # On his way, 15 from him may mean minutes.
    assert (await reply(harness, "15")).status is ReplyStatus.UNCLEAR
    await reply(harness, "13")
    before = len(harness.texts("wang"))
    assert (await reply(harness, "16")).status is ReplyStatus.DONE
    assert (harness.alert().state, harness.alert().disposition) == (State.RESOLVED, "false_alarm")
    assert len(harness.texts("wang")) == before


@pytest.mark.parametrize(("arrive", "done"), [("1到了", "1已处置"), ("到了", "处理完了"), ("13 到现场了", "14好的")])
async def test_arrival_and_completion_by_words(harness: Any, finding: Any, arrive: str, done: str) -> None:
    await call_wang(harness, finding)
    await reply(harness, "11")
    await reply(harness, arrive)
    assert harness.alert().state is State.ON_SITE
    await reply(harness, done)
    assert harness.alert().state is State.RESOLVED
    assert f"王芳回复“{done}”" in harness.timeline()


async def test_arrival_without_an_acknowledgement_acknowledges(harness: Any, finding: Any) -> None:
    await call_wang(harness, finding)
    await reply(harness, "13")
    assert (harness.alert().state, harness.alert().owner) == (State.ON_SITE, "wang")
    assert harness.texts("wang")[-1].endswith("处置完毕请回复14，缺人请回复增援。")


async def test_completion_before_an_acknowledgement_is_refused(harness: Any, finding: Any) -> None:
    await call_wang(harness, finding)
    result = await reply(harness, "14")
    assert (result.status, result.reason) == (ReplyStatus.REFUSED, "not_taken")
    assert harness.texts("wang")[-1] == "【枫树社区】编号1：燃气泄漏，枫林苑3栋2单元402。还没有人接警，请先接警。"
    assert harness.alert().state is State.OPEN


@pytest.mark.parametrize("text", ["13", "14", "1已处置"])
async def test_only_the_owner_reports_arrival_and_completion(harness: Any, finding: Any, text: str) -> None:
    await call_wang(harness, finding)
    await harness.service.perform("1", "acknowledge", BY_LI)
    await harness.send()
    assert (await reply(harness, text)).status is ReplyStatus.REFUSED
    assert harness.alert().state is State.ACKNOWLEDGED
    assert harness.texts("wang")[-1].endswith("已由李强14:05接警。")


async def test_a_word_for_completion_while_another_call_waits_is_asked_back(harness: Any, finding: Any) -> None:
    await call_wang(harness, finding)
    await reply(harness, "11")
    await call_wang(harness, finding, "gas-2", "403")
    assert (await reply(harness, "已处理")).status is ReplyStatus.UNCLEAR
    assert (harness.alert(1).state, harness.alert(2).state) == (State.ACKNOWLEDGED, State.OPEN)


async def test_words_of_an_owner_on_the_way_are_recorded_without_a_question(harness: Any, finding: Any) -> None:
    await call_wang(harness, finding)
    await reply(harness, "11")
    before = harness.texts("wang")
    assert (await reply(harness, "5分钟到")).status is ReplyStatus.IGNORED
    assert (await reply(harness, "11马上到")).status is ReplyStatus.DONE
    assert (await reply(harness, "收到")).status is ReplyStatus.IGNORED
    assert harness.texts("wang") == before
    assert {"王芳回复“5分钟到”", "王芳回复“11马上到”"} <= set(harness.timeline())
    await reply(harness, "门锁着")
    assert harness.texts("wang")[-1].endswith("到场回复13，处置完回复：真实15，误报16，其他14。")
    await reply(harness, "13")
    await reply(harness, "在哪")
    assert harness.texts("wang")[-1].endswith("处置完毕请回复14，缺人请回复增援。")
    assert (await reply(harness, "12")).status is ReplyStatus.REFUSED
    assert harness.texts("wang")[-1].endswith("王芳已到场。")


# --- questions, opting out --------------------------------------------------------------------------------------------


async def test_a_question_is_answered_with_the_alert_again(harness: Any, finding: Any) -> None:
    await call_wang(harness, finding)
    await call_wang(harness, finding, "gas-2", "403", title="烟雾报警", severity=Severity.HIGH)
    for text, flat, code in (("在哪？", "403", "21"), ("11是什么", "402", "11"), ("21?", "403", "21")):
        result = await reply(harness, text)
        assert result.status is ReplyStatus.ANSWERED
        assert f"枫林苑3栋2单元{flat}。回复{code}接警" in harness.texts("wang")[-1]
    assert "王芳问“11是什么”，已再发告警内容" in harness.timeline(1)
    assert "已用短信答复 王芳（网格员）" in harness.timeline(1)
    assert {harness.alert(n).state for n in (1, 2)} == {State.OPEN}


async def test_an_opt_out_is_recorded_on_every_open_alert_of_the_person(harness: Any, finding: Any) -> None:
    await call_wang(harness, finding)
    await call_wang(harness, finding, "gas-2", "403")
    assert sorted((await reply(harness, "ＴＤ")).alerts) == [1, 2]
    line = "王芳回复了退订，短信可能已被运营商拦截，请改用其他方式联系"
    assert line in harness.timeline(1)
    assert line in harness.timeline(2)


async def test_a_person_removed_from_the_registry_keeps_the_name_of_the_message(harness: Any, finding: Any) -> None:
    await call_wang(harness, finding)
    remaining = {name: one for name, one in harness.people.people.items() if name != "wang"}
    harness.people = structs.replace(harness.people, people=remaining)
    await reply(harness, "11")
    assert harness.alert().owner_name == "王芳"


async def test_a_reply_code_without_a_message_still_has_a_name(harness: Any, finding: Any) -> None:
    await call_wang(harness, finding)
    from sqlalchemy import insert

    from store.database.alerts.tables import reply_codes

    row = {"phone": "18800000000", "number": 1, "alert": 1, "person": "stranger", "since": 0}
    harness.database.write_blocking(lambda tx: tx.execute(insert(reply_codes), row))
    assert (await reply(harness, "天气真好", "18800000000")).status is ReplyStatus.UNCLEAR
    assert "stranger回复“天气真好”，看不出指哪条，已请其重发" in harness.timeline()
    assert (await reply(harness, "12", "18800000000")).status is ReplyStatus.DONE
    assert (await reply(harness, "去不了", "18800000000")).status is ReplyStatus.DONE


async def test_a_text_in_transit_counts_as_the_last_one(harness: Any, finding: Any) -> None:
    await call_wang(harness, finding)
    harness.clock.now += 120_000
    harness.sms_server.faults.schedule(Fault(FaultKind.SILENT, accepted=True))
    await call_wang(harness, finding, "gas-2", "403")
    last = harness.database.write_blocking(lambda tx: SqlAlertStore(tx).last_messages("sms", WANG, 8))
    assert [(row.alert, row.kind, row.sent_at is None) for row in last] == [
        (2, MessageKind.ALERT, True),
        (1, MessageKind.ALERT, False),
    ]
    assert (await harness.service.receive_text(WANG, "收到", harness.clock.now)).status is ReplyStatus.UNCLEAR


async def test_pushed_replies_are_returned_with_their_status(harness: Any, finding: Any) -> None:
    from alerts.channels.channel import InboundText

    await call_wang(harness, finding)
    texts = [InboundText(WANG, "11", harness.clock.now), InboundText("18800000000", "11", harness.clock.now)]
    results = await harness.service.receive(texts, "sms")
    assert [(result.status, result.alert) for result in results] == [
        (ReplyStatus.DONE, 1),
        (ReplyStatus.UNKNOWN_PHONE, None),
    ]
