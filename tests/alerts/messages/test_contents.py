"""The same message as a mail, a notice, an event, a group message, keywords: each complete, none with a reply code."""

from __future__ import annotations

import json
import re
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.alert import EscalationCause, EscalationReason
from alerts.channel_specs import SPECS, Content, spec_of
from alerts.channels.cloudevents import CloudEvent, encode
from alerts.message import MessageKind
from alerts.messages.contents import ContentRenderer
from alerts.messages.keywords import KeywordTemplate
from alerts.messages.renderer import MessageContext, MessageRenderer
from domain import Severity
from simulators.providers.wechat.templates import data_fault
from tests.alerts.conftest import START, gas_finding, load_catalog
from tests.support.alerts import alert_of

PAGE = "https://grid.example/m/signed"
TEMPLATE = KeywordTemplate("TID", {"thing1": "title", "time2": "time", "thing3": "place", "phrase4": "status"})
CONTENT = "告警：{{thing1.DATA}} 时间：{{time2.DATA}} 地点：{{thing3.DATA}} 状态：{{phrase4.DATA}}"
ALERT = alert_of(gas_finding(), id=31, address="枫林苑3栋2单元402", place="402", advice="勿开关电器，先开窗通风。")
OTHER = [spec for spec in SPECS if spec.content not in (Content.TEXT, Content.CARD, Content.SPEECH)]


@pytest.fixture(scope="module")
def contents() -> ContentRenderer:
    renderer = MessageRenderer(load_catalog(), "枫树社区", ZoneInfo("Asia/Shanghai"))
    return ContentRenderer(renderer, {"*": TEMPLATE})


def context(kind: MessageKind = MessageKind.ALERT, **changes: object) -> MessageContext:
    values: dict[str, object] = {"kind": kind, "now": START, "limit_ms": 600_000, "name": "王芳", "coded": False}
    return MessageContext(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("spec", OTHER, ids=lambda spec: spec.name)
@pytest.mark.parametrize("kind", [MessageKind.ALERT, MessageKind.ACKNOWLEDGED, MessageKind.RESOLVED])
def test_every_form_names_danger_and_place_and_no_reply_code(
    contents: ContentRenderer, spec: object, kind: MessageKind
) -> None:
    payload = contents.payload(spec, ALERT, context(kind, number=3), PAGE)  # type: ignore[arg-type]
    text = json.dumps(payload, ensure_ascii=False)
    assert "燃气泄漏" in text
    assert "枫林苑3栋2单元402" in text
    assert not re.search(r"回复\s*3?\d|编号3", text)


def test_a_mail_has_facts_and_a_link_and_is_urgent_only_as_a_call(contents: ContentRenderer) -> None:
    mail = contents.payload(spec_of("email"), ALERT, context(affected_name="王桂芳"), PAGE)
    assert mail["subject"] == "紧急：燃气泄漏，14:05，枫林苑3栋2单元402，王桂芳。勿开关电器，10分钟内到场"
    for line in ("级别：紧急", "到场时限：10分钟内", "需帮助：王桂芳", "处置：勿开关电器，先开窗通风。", PAGE):
        assert line in str(mail["text"])
    assert f'href="{PAGE}"' in str(mail["html"])
    assert (mail["urgent"], mail["thread"]) == (True, "alert-31")
    later = contents.payload(spec_of("email"), ALERT, context(MessageKind.ACKNOWLEDGED), "")
    assert (later["urgent"], later["thread"]) == (False, "alert-31")
    assert "href" not in str(later["html"])
    assert ("请在页面里处理" in str(mail["text"]), "请在页面里处理" in str(later["text"])) == (True, False)


def test_the_reason_of_an_escalation_is_a_fact(contents: ContentRenderer) -> None:
    cause = EscalationReason(EscalationCause.DECLINED, "李强")
    alert = alert_of(gas_finding(), id=31, escalation=cause, address="枫林苑3栋")
    assert "升级原因：李强无法到场" in str(
        contents.payload(spec_of("email"), alert, context(MessageKind.ESCALATE))["text"]
    )


def test_an_event_is_one_that_can_be_sent(contents: ContentRenderer) -> None:
    payload = contents.payload(spec_of("webhook"), ALERT, context(), "")
    data = payload["data"]
    assert isinstance(data, dict)
    assert (payload["type"], payload["subject"]) == ("cn.fengshao.alert.alert", "31")
    assert (data["started_at"], data["arrive_within_minutes"], data["page"]) == ("2026-01-02T14:05:00+08:00", 10, None)
    encode(CloudEvent("d-1", "/grid", str(payload["type"]), START, data))


def test_a_group_message_states_that_it_cannot_be_acknowledged_and_mentions_no_member(
    contents: ContentRenderer,
) -> None:
    alert = alert_of(gas_finding(), id=31, address="<@all>[点我](http://x.cn)", advice="")
    markdown = str(contents.payload(spec_of("wecom_robot"), alert, context(), PAGE)["markdown"])
    assert markdown.startswith('<font color="warning">紧急：燃气泄漏')
    assert markdown.count("<") == 2, "the two of the colour"
    assert "群内回复不算接警" in markdown
    assert PAGE not in markdown
    low = contents.payload(spec_of("wecom_robot"), alert_of(gas_finding(severity=Severity.LOW)), context(), "")
    assert '<font color="comment">' in str(low["markdown"])


@given(title=st.text(min_size=1, max_size=40), place=st.text(max_size=60), late_ms=st.integers(0, 10**8))
def test_keywords_are_what_the_provider_accepts(title: str, place: str, late_ms: int) -> None:
    renderer = MessageRenderer(load_catalog(), "枫树社区", ZoneInfo("Asia/Shanghai"))
    alert = alert_of(gas_finding(title=title), id=31, address=place, late_ms=late_ms)
    for kind in (MessageKind.ALERT, MessageKind.ESCALATE, MessageKind.ACKNOWLEDGED, MessageKind.DIGEST):
        payload = ContentRenderer(renderer, {"*": TEMPLATE}).payload(spec_of("wechat"), alert, context(kind), PAGE)
        data = payload["data"]
        assert isinstance(data, dict)
        assert data_fault(CONTENT, {name: {"value": value} for name, value in data.items()}) is None
        assert (payload["template"], payload["url"]) == ("TID", PAGE)


def test_a_text_is_the_filed_template_as_before(contents: ContentRenderer) -> None:
    payload = contents.payload(spec_of("sms"), ALERT, context(number=3, coded=True), PAGE)
    assert set(payload) == {"template", "params", "text", "name"}
    assert "回复31接警" in str(payload["text"])
