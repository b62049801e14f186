"""Rendered messages: complete, in order, within one SMS segment."""

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
from alerts.message import PERSONAL_KINDS, MessageKind
from alerts.messages.cards import CardRenderer
from alerts.messages.catalog import SmsTemplate
from alerts.messages.filed_texts import VARIABLE
from alerts.messages.outside_words import sanitize
from alerts.messages.renderer import MessageContext, MessageRenderer
from domain import Evidence, Ledger, Severity, Subject
from simulators.providers.aliyun.messages import render, template_fault
from tests.support.many_cases import many_cases

TZ = ZoneInfo("Asia/Shanghai")
START = 1_767_333_900_000
HAZARDS = ("gas", "fire", "person", "water", "manhole", "device", "whatever")


def alert_with(**changes: Any) -> Alert:
    defaults: dict[str, Any] = {
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
    return Alert(**{**defaults, **changes})


def context_with(kind: MessageKind = MessageKind.ALERT, **changes: Any) -> MessageContext:
    defaults: dict[str, Any] = {
        "kind": kind,
        "now": START,
        "limit_ms": 600_000,
        "number": 3,
        "name": "王芳",
        "count": 2,
    }
    defaults |= {"numbers": (1, 2, 3), "reason": "接警的是王芳，只有他本人可以交出。"}
    return MessageContext(**{**defaults, **changes})


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
            "无此编号，您有编号1、2等。最急：燃气泄漏，枫林苑3栋2单元402。回复31接警，32无法到场。",
        ),
        ("gas", MessageKind.DETAILS, "编号3：燃气泄漏，14:05，枫林苑3栋2单元402。回复31接警，32无法到场。"),
        ("gas", MessageKind.STATUS, "编号3：燃气泄漏，枫林苑3栋2单元402。接警的是王芳，只有他本人可以交出。"),
        (
            "gas",
            MessageKind.OWNED,
            "已由王芳接警：燃气泄漏，枫林苑3栋2单元402。到场回复33，处置完回复：真实35，误报36，其他34。",
        ),
        ("gas", MessageKind.ARRIVED, "已记录王芳到场：燃气泄漏，枫林苑3栋2单元402。处置完毕请回复34，缺人请回复增援。"),
        (
            "gas",
            MessageKind.DECLINED,
            "已记录您无法到场：燃气泄漏，枫林苑3栋2单元402，已另请他人。能到场请回复31接警。",
        ),
        ("gas", MessageKind.OVERDUE, "紧急超时：燃气泄漏，枫林苑3栋2单元402。王芳接警后未办结，请督办。"),
    ],
)
def test_the_texts_of_each_kind(catalog: Any, hazard: str, kind: MessageKind, text: str) -> None:
    renderer = MessageRenderer(catalog, "枫树社区", TZ)
    assert (
        renderer.sms(alert_with(hazard=hazard, state_since=START - 60_000), context_with(kind)).text
        == f"【枫树社区】{text}"
    )


MESSAGES = [
    *((kind, "") for kind in MessageKind if kind not in (MessageKind.ADDED, MessageKind.SUMMARY, *PERSONAL_KINDS)),
    *((MessageKind.ADDED, variant) for variant in ("owner", "called", "many-owner", "many-called")),
    *((MessageKind.SUMMARY, variant) for variant in ("calls", "news")),
    (MessageKind.ALERT, "recovered"),
    (MessageKind.ESCALATE, "recovered"),
]


@many_cases(("hazard", "severity", "message"), list(product(HAZARDS, Severity, MESSAGES)))
def test_every_text_fits_one_segment_uncut_with_a_long_signature_and_place(
    catalog: Any, policy: Any, hazard: str, severity: Severity, message: tuple[MessageKind, str]
) -> None:
    kind, variant = message
    renderer = MessageRenderer(catalog, "枫" * 10, TZ)
    ladder = policy.ladder(Ledger.DANGER, severity)
    alert = alert_with(hazard=hazard, severity=severity, address="甲" * 20)
    rendered = renderer.sms(alert, context_with(kind, limit_ms=ladder.arrive_within, variant=variant))
    assert len(rendered.text) <= 70
    assert "甲" * 20 in rendered.text
    assert catalog.severities[severity] in rendered.text or kind not in (
        MessageKind.ALERT,
        MessageKind.ESCALATE,
        MessageKind.OVERDUE,
    )


def test_every_registered_template_meets_the_rules_of_the_provider(catalog: Any) -> None:
    registered = catalog.templates_by_code()
    assert len(registered) > 40
    assert [fault for text in registered.values() if (fault := template_fault(text))] == []


def test_a_long_address_is_cut_at_its_beginning(catalog: Any) -> None:
    renderer = MessageRenderer(catalog, "枫" * 10, TZ)
    long = alert_with(title="一氧化碳浓度严重超标", address="东湖区枫林路十八号枫林苑小区三期" + "3栋2单元402")
    rendered = renderer.sms(long, context_with(number=99))
    assert len(rendered.text) == 70
    assert "3栋2单元402" in rendered.text
    assert rendered.params["place"].endswith("3栋2单元402")


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
def test_any_values_give_a_text_the_provider_accepts(
    catalog: Any,
    title: str,
    address: str,
    name: str,
    number: int,
    message: tuple[MessageKind, str],
    escalation: EscalationReason,
    doors: tuple[str, ...],
) -> None:
    renderer = MessageRenderer(catalog, "枫" * 10, TZ)
    alert = alert_with(title=title, address=address, escalation=escalation, doors=doors)
    rendered = renderer.sms(alert, context_with(message[0], number=number, name=name, variant=message[1]))
    registered = catalog.templates_by_code()[rendered.template]
    assert set(VARIABLE.findall(registered)) == set(rendered.params)
    assert all(1 <= len(value) <= 35 for value in rendered.params.values())
    assert VARIABLE.sub(lambda found: rendered.params[found[1]], registered) == rendered.text.removeprefix(
        "【" + "枫" * 10 + "】"
    )


def test_the_provider_renders_the_same_text(catalog: Any) -> None:
    rendered = MessageRenderer(catalog, "枫树社区", TZ).sms(alert_with(), context_with())
    import json

    assert rendered.text == "【枫树社区】" + render(
        catalog.templates_by_code()[rendered.template], json.dumps(rendered.params)
    )


def test_a_late_danger_has_its_delay_and_an_old_one_its_date(catalog: Any) -> None:
    renderer = MessageRenderer(catalog, "枫树社区", TZ)
    late = renderer.sms(alert_with(late_ms=720_000), context_with())
    assert "14:05（迟报12分钟）" in late.text
    assert renderer.format_time(START - 86_400_000, START) == "1月1日14:05"


def test_a_retained_danger_has_an_unknown_age(catalog: Any) -> None:
    renderer, evidence = MessageRenderer(catalog, "枫树社区", TZ), (Evidence("retained", True, at=START),)
    short = renderer.sms(alert_with(evidence=evidence, address="3栋402"), context_with())
    assert "14:05（保留消息，时间不明），3栋402。" in short.text
    long = renderer.sms(
        alert_with(evidence=evidence, address="枫林苑二期北区3栋2单元402室厨房"), context_with(number=30)
    )
    assert "14:05，枫林苑二期北区3栋2单元402室厨房。" in long.text
    card: Any = CardRenderer(renderer).call_card(alert_with(evidence=evidence), context_with(), "task")
    assert card["horizontal_content_list"][0]["value"] == "14:05（保留消息，时间不明）"


def test_durations_have_a_readable_unit(catalog: Any) -> None:
    renderer = MessageRenderer(catalog, "枫树社区", TZ)
    spans = [renderer.format_duration(minutes * 60_000) for minutes in (0, 10, 119, 120, 480, 2_879, 4_320)]
    assert spans == ["1分钟", "10分钟", "119分钟", "2小时", "8小时", "48小时", "3天"]


def test_an_unregistered_place_is_named_as_such(catalog: Any) -> None:
    assert "位置未登记" in MessageRenderer(catalog, "枫树社区", TZ).sms(alert_with(address=""), context_with()).text


def test_a_broken_gas_alarm_is_a_repair_and_no_leak(catalog: Any) -> None:
    text = (
        MessageRenderer(catalog, "枫树社区", TZ)
        .sms(alert_with(ledger=Ledger.HEALTH, title="燃气报警器故障"), context_with())
        .text
    )
    assert "检修" in text
    assert "接单" in text
    assert "到场" not in text


def test_an_immediate_escalation_mentions_no_waiting_time(catalog: Any) -> None:
    renderer = MessageRenderer(catalog, "枫树社区", TZ)
    assert "，无人接警。请指派，10分钟内到场。" in renderer.sms(alert_with(), context_with(MessageKind.ESCALATE)).text
    card: Any = CardRenderer(renderer).call_card(alert_with(), context_with(MessageKind.ESCALATE), "task")
    assert card["horizontal_content_list"][2] == {"keyname": "升级原因", "value": "无人接警"}


def test_a_site_uses_its_own_template_codes(catalog: Any) -> None:
    codes = {"gas.critical": "SMS_1", "taken": "SMS_2"}
    renderer = MessageRenderer(catalog, "枫树社区", TZ, codes=codes)
    assert renderer.sms(alert_with(), context_with()).template == "SMS_1"
    assert renderer.sms(alert_with(), context_with(MessageKind.ACKNOWLEDGED)).template == "SMS_2"
    assert {"SMS_1", "SMS_2"} <= set(catalog.templates_by_code(codes))


def test_the_card_keeps_the_limits_of_the_provider(catalog: Any) -> None:
    renderer = MessageRenderer(catalog, "枫树社区", TZ)
    alert = alert_with(state_since=START - 60_000, advice="勿开关电器", title="燃" * 50, address="址" * 60)
    card: Any = CardRenderer(renderer).call_card(
        alert, context_with(MessageKind.ESCALATE), "task1", "https://ops.example/m/signed"
    )
    assert len(card["main_title"]["title"]) == 36
    assert len(card["main_title"]["desc"]) == 44
    assert [row["value"] for row in card["horizontal_content_list"]] == ["14:05", "10分钟内", "已1分钟无人接警"]
    assert [button["key"] for button in card["button_list"]] == ["ack:31", "pass:31"]
    assert card["jump_list"][0]["url"] == "https://ops.example/m/signed"
    defaults: Any = CardRenderer(MessageRenderer(catalog, "枫树社区", TZ)).call_card(
        alert_with(), context_with(MessageKind.OVERDUE), "task2"
    )
    assert defaults["main_title"]["title"] == "紧急超时 · 燃气泄漏"
    assert "jump_list" not in defaults
    assert "sub_title_text" not in defaults


def test_the_card_of_the_owner_has_the_next_actions(catalog: Any) -> None:
    renderer = MessageRenderer(catalog, "枫树社区", TZ)
    card: Any = CardRenderer(renderer).owner_card(alert_with(state=State.ACKNOWLEDGED), START, "task3")
    assert card["main_title"]["title"] == "已由王芳接警 · 燃气泄漏"
    assert [button["text"] for button in card["button_list"]] == ["我已到场", "处置完毕"]
    on_site_card: Any = CardRenderer(renderer).owner_card(alert_with(state=State.ON_SITE), START, "task4")
    assert [button["text"] for button in on_site_card["button_list"]] == ["处置完毕"]
    assert CardRenderer(renderer).button_text(MessageKind.ACKNOWLEDGED, "王芳") == "已由王芳接警"
    assert CardRenderer(renderer).button_text(MessageKind.RESOLVED, "王芳") == "已处置"


def test_a_refusal_is_one_sentence_with_name_and_time(catalog: Any) -> None:
    renderer = MessageRenderer(catalog, "枫树社区", TZ)
    assert (
        renderer.refusal_text(ActionRefusal.ALREADY_TAKEN, alert_with(taken_at=START), START) == "已由王芳14:05接警。"
    )
    assert (
        renderer.refusal_text(ActionRefusal.SHELVED, alert_with(owner_name=None), START)
        == "告警已搁置到14:05，请先接警或重新打开。"
    )
    assert renderer.source_text(Actor("w", "王芳", ResponseSource.SMS)) == "短信"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("紧急：${title}${time}。", "adjacent"),
        ("紧急：${title}，${title}。", "once"),
        ("【枫树】${title}", "signature"),
    ],
)
def test_a_template_that_the_provider_would_refuse_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        SmsTemplate(name="x", kind=MessageKind.ALERT, hazard="gas", text=text, codes={Severity.CRITICAL: "SMS_1"})


def test_values_are_sanitized() -> None:
    assert sanitize("【急】www.a.cn/b 枫林苑\n3栋🔥13800138000") == "急 枫林苑3栋"


def test_no_two_texts_have_one_template_code(catalog: Any) -> None:
    registered = [
        (template.codes[severity], template.text.replace("{level}", catalog.severities[severity]))
        for template in catalog.sms
        for severity in template.codes
    ]
    assert len({code for code, _ in registered}) == len(set(registered))


def test_the_card_of_a_call_mentions_recovered_data(catalog: Any) -> None:
    cards = CardRenderer(MessageRenderer(catalog, "枫树社区", TZ))
    card: Any = cards.call_card(alert_with(recovered_at=START), context_with(), "task")
    assert {"keyname": catalog.card.data, "value": catalog.card.recovered} in card["horizontal_content_list"]


def test_a_card_that_asks_for_help_names_whom_it_is_about(catalog: Any) -> None:
    cards = CardRenderer(MessageRenderer(catalog, "枫树社区", TZ))
    context = context_with(MessageKind.ASSIST, affected_name="王奶奶")
    card: Any = cards.call_card(alert_with(), context, "task")
    assert {"keyname": catalog.card.person, "value": "王奶奶"} in card["horizontal_content_list"]
    unknown: Any = cards.call_card(alert_with(), context_with(MessageKind.ASSIST), "task")
    assert [row["keyname"] for row in unknown["horizontal_content_list"]] == [catalog.card.time]
    assert cards.button_text(MessageKind.HELPED, "王芳") == catalog.card.helped
