"""What a worker reads at three in the morning: whole, in order, in one segment."""

from __future__ import annotations

from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from alerts.alert import Actor, Alert, EscalationCause, EscalationReason, ResponseSource, State
from alerts.lifecycle.transitions import ActionRefusal
from alerts.message import MessageKind
from alerts.messages.cards import CardRenderer
from alerts.messages.catalog import VARIABLE, SmsTemplate
from alerts.messages.renderer import MessageContext, MessageRenderer, sanitize
from domain import Evidence, Ledger, Severity, Subject
from simulators.providers.aliyun.messages import render, template_fault

TZ = ZoneInfo("Asia/Shanghai")
START = 1_767_333_900_000
HAZARDS = ("gas", "fire", "person", "water", "manhole", "device", "whatever")


def an_alert(**changes: Any) -> Alert:
    plain: dict[str, Any] = {
        "id": 31,
        "rule": "gas-alarm",
        "title": "燃气泄漏",
        "hazard": "gas",
        "severity": Severity.CRITICAL,
        "ledger": Ledger.DANGER,
        "subject": Subject("device", "gas-1"),
        "started_at": START,
        "opened_at": START,
        "updated_at": START,
        "state_since": START,
        "danger_at": START,
        "ladder_rule": "gas-alarm",
        "address": "枫林苑3栋2单元402",
        "owner_name": "王芳",
    }
    return Alert(**{**plain, **changes})


def spoken(kind: MessageKind = MessageKind.ALERT, **changes: Any) -> MessageContext:
    plain: dict[str, Any] = {"kind": kind, "now": START, "limit_ms": 600_000, "number": 3, "name": "王芳", "count": 2}
    plain |= {"numbers": (1, 2, 3), "reason": "接警的是王芳，只有他本人可以交出。"}
    return MessageContext(**{**plain, **changes})


@pytest.mark.parametrize(
    ("hazard", "kind", "text"),
    [
        (
            "gas",
            MessageKind.ALERT,
            "紧急：燃气泄漏，14:05，枫林苑3栋2单元402。勿开关电器，10分钟内到场。回复31接警，32无法到场。",
        ),
        (
            "person",
            MessageKind.ALERT,
            "紧急：燃气泄漏，14:05，枫林苑3栋2单元402。请10分钟内上门查看。回复31接警，32无法到场。",
        ),
        (
            "manhole",
            MessageKind.ALERT,
            "紧急：燃气泄漏，14:05，枫林苑3栋2单元402。勿下井，先围挡，10分钟内到场。回复31接警，32无法到场。",
        ),
        (
            "water",
            MessageKind.ALERT,
            "紧急：燃气泄漏，14:05，枫林苑3栋2单元402。请10分钟内到场核实。回复31接警，32无法到场。",
        ),
        (
            "gas",
            MessageKind.ESCALATE,
            "紧急升级：燃气泄漏，14:05，枫林苑3栋2单元402，已1分钟无人接警。请指派，10分钟内到场。回复31接警，32无法到场。",
        ),
        ("gas", MessageKind.ACKNOWLEDGED, "已由王芳接警：燃气泄漏，枫林苑3栋2单元402。接警时间14:05，编号3。"),
        ("gas", MessageKind.RESOLVED, "已处置：燃气泄漏，枫林苑3栋2单元402。14:05由王芳处置完毕，编号3。"),
        (
            "gas",
            MessageKind.HINT,
            "没看懂您的回复。您有2条告警，最急：燃气泄漏，枫林苑3栋2单元402。回复31接警，32无法到场。",
        ),
        (
            "gas",
            MessageKind.CODES,
            "无此编号，您有编号1、2等。最急燃气泄漏，枫林苑3栋2单元402。回复31接警，32无法到场。",
        ),
        ("gas", MessageKind.DETAILS, "编号3：燃气泄漏，14:05，枫林苑3栋2单元402。回复31接警，32无法到场。"),
        ("gas", MessageKind.STATUS, "编号3：燃气泄漏，枫林苑3栋2单元402。接警的是王芳，只有他本人可以交出。"),
        ("gas", MessageKind.OWNED, "已由王芳接警：燃气泄漏，枫林苑3栋2单元402。到场回复33，处置完回复34。"),
        ("gas", MessageKind.ARRIVED, "已记录王芳到场：燃气泄漏，枫林苑3栋2单元402。处置完毕请回复34。"),
        (
            "gas",
            MessageKind.DECLINED,
            "已记录您无法到场：燃气泄漏，枫林苑3栋2单元402，已另请他人。能到场请回复31接警。",
        ),
        ("gas", MessageKind.OVERDUE, "紧急超时：燃气泄漏，枫林苑3栋2单元402。王芳接警后未办结，请督办。"),
    ],
)
def test_the_texts_as_they_are_read(words: Any, hazard: str, kind: MessageKind, text: str) -> None:
    wording = MessageRenderer(words, "枫树社区", TZ)
    assert wording.sms(an_alert(hazard=hazard, state_since=START - 60_000), spoken(kind)).text == f"【枫树社区】{text}"


MESSAGES = [
    *((kind, "") for kind in MessageKind if kind not in (MessageKind.ADDED, MessageKind.SUMMARY)),
    *((MessageKind.ADDED, variant) for variant in ("owner", "called", "many-owner", "many-called")),
    *((MessageKind.SUMMARY, variant) for variant in ("calls", "news")),
    (MessageKind.ALERT, "recovered"),
    (MessageKind.ESCALATE, "recovered"),
]


@pytest.mark.parametrize(("hazard", "severity", "message"), list(product(HAZARDS, Severity, MESSAGES)))
def test_every_text_fits_one_segment_uncut_with_a_long_signature_and_place(
    words: Any, ladders: Any, hazard: str, severity: Severity, message: tuple[MessageKind, str]
) -> None:
    kind, variant = message
    wording = MessageRenderer(words, "枫" * 10, TZ)
    ladder = ladders.ladder(Ledger.DANGER, severity)
    alert = an_alert(hazard=hazard, severity=severity, address="甲" * 20)
    made = wording.sms(alert, spoken(kind, limit_ms=ladder.arrive_within, variant=variant))
    assert len(made.text) <= 70
    assert "甲" * 20 in made.text
    assert words.severities[severity] in made.text or kind not in (
        MessageKind.ALERT,
        MessageKind.ESCALATE,
        MessageKind.OVERDUE,
    )


def test_every_filed_template_is_one_the_vendor_would_approve(words: Any) -> None:
    filed = words.templates_by_code()
    assert len(filed) > 40
    assert [fault for text in filed.values() if (fault := template_fault(text))] == []


def test_what_must_be_cut_is_the_beginning_of_the_place(words: Any) -> None:
    wording = MessageRenderer(words, "枫" * 10, TZ)
    long = an_alert(title="一氧化碳浓度严重超标", address="东湖区枫林路十八号枫林苑小区三期" + "3栋2单元402")
    made = wording.sms(long, spoken(number=99))
    assert len(made.text) == 70
    assert "3栋2单元402" in made.text
    assert made.params["place"].endswith("3栋2单元402")


@given(
    title=st.text(max_size=60),
    address=st.text(max_size=80),
    name=st.text(max_size=50),
    number=st.integers(1, 99),
    message=st.sampled_from(MESSAGES),
    escalation=st.builds(
        EscalationReason, st.sampled_from(list(EscalationCause)), st.text(max_size=50), st.text(max_size=50)
    ),
    doors=st.lists(st.text(max_size=40), max_size=3).map(tuple),
)
def test_whatever_is_written_the_vendor_takes_it(
    words: Any,
    title: str,
    address: str,
    name: str,
    number: int,
    message: tuple[MessageKind, str],
    escalation: EscalationReason,
    doors: tuple[str, ...],
) -> None:
    wording = MessageRenderer(words, "枫" * 10, TZ)
    alert = an_alert(title=title, address=address, escalation=escalation, doors=doors)
    made = wording.sms(alert, spoken(message[0], number=number, name=name, variant=message[1]))
    filed = words.templates_by_code()[made.template]
    assert set(VARIABLE.findall(filed)) == set(made.params)
    assert all(1 <= len(value) <= 35 for value in made.params.values())
    assert VARIABLE.sub(lambda found: made.params[found[1]], filed) == made.text.removeprefix("【" + "枫" * 10 + "】")


def test_the_vendor_renders_what_we_count(words: Any) -> None:
    made = MessageRenderer(words, "枫树社区", TZ).sms(an_alert(), spoken())
    import json

    assert made.text == "【枫树社区】" + render(words.templates_by_code()[made.template], json.dumps(made.params))


def test_a_late_danger_says_how_late_and_an_old_one_its_day(words: Any) -> None:
    wording = MessageRenderer(words, "枫树社区", TZ)
    late = wording.sms(an_alert(late_ms=720_000), spoken())
    assert "14:05（迟报12分钟）" in late.text
    assert wording.format_time(START - 86_400_000, START) == "1月1日14:05"


def test_a_retained_danger_says_that_nobody_knows_how_old_it_is(words: Any) -> None:
    wording, kept = MessageRenderer(words, "枫树社区", TZ), (Evidence("retained", True, at=START),)
    short = wording.sms(an_alert(evidence=kept, address="3栋402"), spoken())
    assert "14:05（保留消息，时间不明），3栋402。" in short.text
    long = wording.sms(an_alert(evidence=kept, address="枫林苑二期北区3栋2单元402室厨房"), spoken(number=30))
    assert "14:05，枫林苑二期北区3栋2单元402室厨房。" in long.text
    card: Any = CardRenderer(wording).call_card(an_alert(evidence=kept), spoken(), "task")
    assert card["horizontal_content_list"][0]["value"] == "14:05（保留消息，时间不明）"


def test_a_span_is_said_in_the_unit_a_person_would_use(words: Any) -> None:
    wording = MessageRenderer(words, "枫树社区", TZ)
    spans = [wording.format_duration(minutes * 60_000) for minutes in (0, 10, 119, 120, 480, 2_879, 4_320)]
    assert spans == ["1分钟", "10分钟", "119分钟", "2小时", "8小时", "48小时", "3天"]


def test_a_place_nobody_registered_is_said_so(words: Any) -> None:
    assert "位置未登记" in MessageRenderer(words, "枫树社区", TZ).sms(an_alert(address=""), spoken()).text


def test_a_broken_gas_alarm_sends_nobody_running_for_a_leak(words: Any) -> None:
    text = (
        MessageRenderer(words, "枫树社区", TZ)
        .sms(an_alert(ledger=Ledger.HEALTH, title="燃气报警器故障"), spoken())
        .text
    )
    assert "检修" in text
    assert "接单" in text
    assert "到场" not in text


def test_a_call_passed_on_at_once_does_not_speak_of_minutes_waited(words: Any) -> None:
    wording = MessageRenderer(words, "枫树社区", TZ)
    assert "，无人接警。请指派，10分钟内到场。" in wording.sms(an_alert(), spoken(MessageKind.ESCALATE)).text
    card: Any = CardRenderer(wording).call_card(an_alert(), spoken(MessageKind.ESCALATE), "task")
    assert card["horizontal_content_list"][2] == {"keyname": "升级原因", "value": "无人接警"}


def test_a_site_uses_its_own_template_codes(words: Any) -> None:
    own = {"gas.critical": "SMS_1", "taken": "SMS_2"}
    wording = MessageRenderer(words, "枫树社区", TZ, codes=own)
    assert wording.sms(an_alert(), spoken()).template == "SMS_1"
    assert wording.sms(an_alert(), spoken(MessageKind.ACKNOWLEDGED)).template == "SMS_2"
    assert {"SMS_1", "SMS_2"} <= set(words.templates_by_code(own))


def test_the_card_holds_to_the_vendors_limits(words: Any) -> None:
    wording = MessageRenderer(words, "枫树社区", TZ)
    alert = an_alert(state_since=START - 60_000, advice="勿开关电器", title="燃" * 50, address="址" * 60)
    card: Any = CardRenderer(wording).call_card(
        alert, spoken(MessageKind.ESCALATE), "task1", "https://ops.example/m/signed"
    )
    assert len(card["main_title"]["title"]) == 36
    assert len(card["main_title"]["desc"]) == 44
    assert [row["value"] for row in card["horizontal_content_list"]] == ["14:05", "10分钟内", "已1分钟无人接警"]
    assert [button["key"] for button in card["button_list"]] == ["ack:31", "pass:31"]
    assert card["jump_list"][0]["url"] == "https://ops.example/m/signed"
    plain: Any = CardRenderer(MessageRenderer(words, "枫树社区", TZ)).call_card(
        an_alert(), spoken(MessageKind.OVERDUE), "task2"
    )
    assert plain["main_title"]["title"] == "紧急超时 · 燃气泄漏"
    assert "jump_list" not in plain
    assert "sub_title_text" not in plain


def test_the_owners_card_offers_what_comes_next(words: Any) -> None:
    wording = MessageRenderer(words, "枫树社区", TZ)
    card: Any = CardRenderer(wording).owner_card(an_alert(state=State.ACKNOWLEDGED), START, "task3")
    assert card["main_title"]["title"] == "已由王芳接警 · 燃气泄漏"
    assert [button["text"] for button in card["button_list"]] == ["我已到场", "处置完毕"]
    there: Any = CardRenderer(wording).owner_card(an_alert(state=State.ON_SITE), START, "task4")
    assert [button["text"] for button in there["button_list"]] == ["处置完毕"]
    assert CardRenderer(wording).button_text(MessageKind.ACKNOWLEDGED, "王芳") == "已由王芳接警"
    assert CardRenderer(wording).button_text(MessageKind.RESOLVED, "王芳") == "已处置"


def test_a_refusal_is_one_sentence_with_the_name_and_the_time(words: Any) -> None:
    wording = MessageRenderer(words, "枫树社区", TZ)
    assert wording.refusal_text(ActionRefusal.ALREADY_TAKEN, an_alert(taken_at=START), START) == "已由王芳14:05接警。"
    assert (
        wording.refusal_text(ActionRefusal.SHELVED, an_alert(owner_name=None), START)
        == "告警已搁置到14:05，请先接警或重新打开。"
    )
    assert wording.source_text(Actor("w", "王芳", ResponseSource.SMS)) == "短信"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("紧急：${title}${time}。", "adjacent"),
        ("紧急：${title}，${title}。", "once"),
        ("【枫树】${title}", "signature"),
    ],
)
def test_a_template_the_vendor_would_refuse_is_refused_here_first(text: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        SmsTemplate(name="x", kind=MessageKind.ALERT, hazard="gas", text=text, codes={Severity.CRITICAL: "SMS_1"})


def test_a_value_is_cleaned_of_what_vendors_refuse() -> None:
    assert sanitize("【急】www.a.cn/b 枫林苑\n3栋🔥13800138000") == "急 枫林苑3栋"


def test_no_two_texts_are_filed_under_one_code(words: Any) -> None:
    filed = [
        (one.codes[severity], one.text.replace("{level}", words.severities[severity]))
        for one in words.sms
        for severity in one.codes
    ]
    assert len({code for code, _ in filed}) == len(set(filed))


def test_the_card_of_a_call_after_the_data_recovered_says_so(words: Any) -> None:
    cards = CardRenderer(MessageRenderer(words, "枫树社区", TZ))
    card: Any = cards.call_card(an_alert(recovered_at=START), spoken(), "task")
    assert {"keyname": words.card.data, "value": words.card.recovered} in card["horizontal_content_list"]
