"""Texts of timelines and of the logbook: no unassigned reply code, no English name of a state."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import pytest
from msgspec.structs import replace

from alerts.alert import Actor, ResponseSource
from alerts.channels.channel import SendOutcome
from alerts.delivery.sent_texts import SENT_TEXT
from alerts.handling.processor import AlertProcessor
from alerts.lifecycle.transitions import ActionRefusal
from alerts.message import PERSONAL_KINDS, DeliveryState, MessageKind
from alerts.messages.catalog import TextCatalog
from alerts.messages.deliveries import CANCEL_REASONS
from alerts.messages.renderer import CODE_VARIABLES, MessageContext, MessageRenderer, without_codes
from app.config.catalog import load_roles, load_wording
from domain import Severity
from tests.alerts.conftest import SHANGHAI, SIGN
from tests.alerts.messages.test_renderer import alert_with

LI = Actor("li", "李强", ResponseSource.SCREEN)
HOUR_MS = 3_600_000


def is_chinese(text: str) -> bool:
    return re.search(r"[\u4e00-\u9fff]", text) is not None and re.search(r"[a-z]{3,}", text) is None


@pytest.mark.parametrize(
    ("action", "line"),
    [
        ("acknowledge", "短信未发给 王芳（网格员）：已有人接警"),
        ("shelve", "短信未发给 王芳（网格员）：告警已搁置"),
        ("return", "短信未发给 王芳（网格员）：告警已退回"),
        ("assign", "短信未发给 王芳（网格员）：已重新呼叫"),
    ],
)
async def test_a_cancelled_call_has_its_reason(harness: Any, finding: Any, action: str, line: str) -> None:
    await harness.service.process_findings([finding()])
    until = harness.clock.now + HOUR_MS
    await harness.service.perform(1, action, LI, reason="不属于本网格", until=until, to="chen")
    assert line in harness.timeline()


async def test_a_waiting_call_is_replaced_after_a_raised_severity(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding(severity=Severity.HIGH)])
    await harness.service.process_findings([finding(id="worse", rule="gas-high", title="燃气浓度危险")])
    assert "短信未发给 王芳（网格员）：已重新呼叫" in harness.timeline()
    await harness.send()
    (skipped,) = [row for row in harness.deliveries() if row.state is DeliveryState.SKIPPED]
    assert skipped.code == "renewed"


async def test_the_logbook_has_no_reply_codes(harness: Any, finding: Any) -> None:
    harness.channels = {"logbook": harness.channels["logbook"]}
    harness.stop()
    harness.start()
    await harness.service.process_findings([finding()])
    await harness.send()
    (row,) = [row for row in harness.deliveries() if row.person == "wang"]
    assert row.payload["text"] == "【枫树社区】紧急：燃气泄漏，14:05，枫林苑3栋2单元402。勿开关电器，10分钟内到场。"
    await harness.service.perform(1, "acknowledge", Actor("wang", "王芳", ResponseSource.SCREEN))
    await harness.service.process_findings(
        [finding(id="second", rule="gas-co", title="一氧化碳超标", severity=Severity.HIGH)]
    )
    added = [row.payload["text"] for row in harness.deliveries() if row.kind is MessageKind.ADDED]
    assert added == ["【枫树社区】高危：又报一氧化碳超标，14:05，枫林苑3栋2单元402。您已接警，请一并处置。"]


def test_texts_without_a_reply_code_mention_none(catalog: TextCatalog) -> None:
    renderer = MessageRenderer(catalog, SIGN, SHANGHAI)
    kinds = {(template.kind, template.variant) for template in catalog.sms} | {(MessageKind.ADDED, "called")}
    for (kind, variant), severity, hazard in product(kinds, Severity, ("gas", "fire", "person", "manhole", "other")):
        alert = alert_with(hazard=hazard, severity=severity)
        context = MessageContext(kind, alert.opened_at, 600_000, variant=variant, count=2)
        rendered = renderer.sms(alert, replace(context, coded=False))
        assert re.search(r"回复[-\d]|编号[-\d]", rendered.text) is None, rendered.text
        assert not set(rendered.params) & set(CODE_VARIABLES)
        assert rendered.text.endswith("。"), rendered.text
        text_without_number = renderer.sms(alert, context).text.replace("14:05", "")
        assert re.search(r"\b0[1-4]?\b", text_without_number) is None, text_without_number


def test_a_text_of_codes_only_becomes_empty() -> None:
    assert without_codes("回复${ok}接警，${no}无法到场。") == ""


def test_everything_named_in_a_timeline_has_a_text(catalog: TextCatalog) -> None:
    assert set(catalog.roles) == set(load_roles())
    assert {source.value for source in ResponseSource} == set(catalog.vias)
    assert {refusal.value for refusal in ActionRefusal} == set(catalog.refusals)
    assert {*CANCEL_REASONS, *(outcome.value for outcome in SendOutcome if outcome is not SendOutcome.ACCEPTED)} <= set(
        catalog.problems
    )
    assert set(SENT_TEXT.values()) <= set(catalog.timeline)
    assert set(SENT_TEXT) == set(MessageKind) - set(PERSONAL_KINDS)
    texts = [*catalog.roles.values(), *catalog.vias.values(), *catalog.channels.values(), *catalog.problems.values()]
    assert [text for text in texts if not is_chinese(text)] == []


@pytest.mark.parametrize("role", load_roles())
async def test_every_role_has_its_text_in_a_timeline(harness: Any, finding: Any, role: str) -> None:
    await harness.service.process_findings([finding()])
    processor: AlertProcessor = harness.service.processor
    row = harness.deliveries()[0]
    line = processor.timeline.message(replace(row, role=role), "accepted", harness.clock.now)[0].text
    assert line == f"短信已发给 王芳（{processor.renderer.catalog.roles[role]}）"
    assert is_chinese(line)


def test_a_template_code_belongs_to_one_text() -> None:
    """Two texts with one code would be filed as one: whoever reads it gets the other text."""
    texts: dict[str, set[str]] = {}
    for template in load_wording().sms:
        for code in template.codes.values():
            texts.setdefault(code, set()).add(template.name)
    assert {code: names for code, names in texts.items() if len(names) > 1} == {}


def test_a_site_that_renames_one_state_keeps_the_others_and_files_each_text_once() -> None:
    written = load_wording().model_dump(mode="json", by_alias=True)
    catalog = TextCatalog.model_validate({**written, "statuses": {"alert": "请处置"}})
    assert catalog.statuses == {**load_wording().statuses, "alert": "请处置"}
    codes = catalog.codes_by_name({})
    template = catalog.sms[0]
    severity = next(iter(template.codes))
    assert codes[f"{template.name}.{severity.value}"] == template.codes[severity]
    of_alerts = 2 * sum(len(one.codes) for one in catalog.sms)
    assert len(codes) == of_alerts + len(catalog.personal_templates()), "each text, and the exercise of an alert's"
