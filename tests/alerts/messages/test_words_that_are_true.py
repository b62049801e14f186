"""A line of a story or of the logbook says what happened: no code that nobody holds, no name of a state in English."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import pytest
from msgspec.structs import replace

from alerts.alert import Actor, ResponseSource
from alerts.channels.channel import SendOutcome
from alerts.delivery import outcomes
from alerts.handling.processor import AlertProcessor
from alerts.lifecycle.transitions import ActionRefusal
from alerts.message import DeliveryState, MessageKind
from alerts.messages.catalog import TextCatalog, missing_texts
from alerts.messages.deliveries import CANCEL_REASONS
from alerts.messages.renderer import CODE_VARIABLES, MessageContext, MessageRenderer, without_codes
from domain import Role, Severity
from tests.alerts.conftest import SHANGHAI, SIGN
from tests.alerts.messages.test_renderer import an_alert

LI = Actor("li", "李强", ResponseSource.SCREEN)
HOUR_MS = 3_600_000


def is_chinese(text: str) -> bool:
    return re.search(r"[\u4e00-\u9fff]", text) is not None and re.search(r"[a-z]{3,}", text) is None


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("acknowledge", "短信未发给 王芳（网格员）：已有人接警"),
        ("shelve", "短信未发给 王芳（网格员）：告警已搁置"),
        ("return", "短信未发给 王芳（网格员）：告警已退回"),
        ("assign", "短信未发给 王芳（网格员）：已重新呼叫"),
    ],
)
async def test_a_call_that_never_left_says_why(town: Any, finding: Any, action: str, words: str) -> None:
    await town.service.process_findings([finding()])
    until = town.clock.now + HOUR_MS
    await town.service.perform(1, action, LI, reason="不属于本网格", until=until, to="chen")
    assert words in town.story()


async def test_a_call_that_waited_while_the_danger_became_worse_was_made_anew(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding(severity=Severity.HIGH)])
    await town.service.process_findings([finding(id="worse", rule="gas-high", title="燃气浓度危险")])
    assert "短信未发给 王芳（网格员）：已重新呼叫" in town.story()
    await town.send()
    (skipped,) = [row for row in town.deliveries() if row.state is DeliveryState.SKIPPED]
    assert skipped.code == "renewed"


async def test_the_logbook_names_no_code(town: Any, finding: Any) -> None:
    town.channels = {"logbook": town.channels["logbook"]}
    town.end()
    town.begin()
    await town.service.process_findings([finding()])
    await town.send()
    (row,) = [row for row in town.deliveries() if row.person == "wang"]
    assert row.payload["text"] == "【枫树社区】紧急：燃气泄漏，14:05，枫林苑3栋2单元402。勿开关电器，10分钟内到场。"
    await town.service.perform(1, "acknowledge", Actor("wang", "王芳", ResponseSource.SCREEN))
    await town.service.process_findings(
        [finding(id="second", rule="gas-co", title="一氧化碳超标", severity=Severity.HIGH)]
    )
    added = [row.payload["text"] for row in town.deliveries() if row.kind is MessageKind.ADDED]
    assert added == ["【枫树社区】高危：又报一氧化碳超标，14:05，枫林苑3栋2单元402。您已接警，请一并处置。"]


def test_no_text_without_a_number_names_one(words: TextCatalog) -> None:
    wording = MessageRenderer(words, SIGN, SHANGHAI)
    spoken = {(one.kind, one.variant) for one in words.sms} | {(MessageKind.ADDED, "called")}
    for (kind, variant), severity, hazard in product(spoken, Severity, ("gas", "fire", "person", "manhole", "other")):
        alert = an_alert(hazard=hazard, severity=severity)
        speech = MessageContext(kind, alert.opened_at, 600_000, variant=variant, count=2)
        said = wording.sms(alert, replace(speech, coded=False))
        assert re.search(r"回复[-\d]|编号[-\d]", said.text) is None, said.text
        assert not set(said.params) & set(CODE_VARIABLES)
        assert said.text.endswith("。"), said.text
        unnumbered = wording.sms(alert, speech).text.replace("14:05", "")
        assert re.search(r"\b0[1-4]?\b", unnumbered) is None, unnumbered


def test_a_text_of_codes_only_is_left_empty() -> None:
    assert without_codes("回复${ok}接警，${no}无法到场。") == ""


def test_whatever_a_story_names_has_words(words: TextCatalog) -> None:
    assert set(words.roles) == set(Role)
    assert {one.value for one in ResponseSource} == set(words.vias)
    assert {one.value for one in ActionRefusal} == set(words.refusals)
    assert {*CANCEL_REASONS, *(one.value for one in SendOutcome if one is not SendOutcome.ACCEPTED)} <= set(
        words.problems
    )
    assert set(outcomes._SENT_TEXT.values()) <= set(words.timeline)
    assert set(outcomes._SENT_TEXT) == set(MessageKind)
    texts = [*words.roles.values(), *words.vias.values(), *words.channels.values(), *words.problems.values()]
    assert [text for text in texts if not is_chinese(text)] == []


@pytest.mark.parametrize("role", Role)
async def test_every_role_is_named_in_words_in_a_story(town: Any, finding: Any, role: Role) -> None:
    await town.service.process_findings([finding()])
    processor: AlertProcessor = town.service.processor
    row = town.deliveries()[0]
    line = processor.timeline.message(replace(row, role=role.value), "accepted", town.clock.now).text
    assert line == f"短信已发给 王芳（{processor.renderer.catalog.roles[role]}）"
    assert is_chinese(line)


@pytest.mark.parametrize("part", ["roles", "severities", "escalations", "escalations_brief", "problems"])
def test_a_site_whose_words_lack_a_name_is_told_which(words: TextCatalog, part: str) -> None:
    name = next(iter(getattr(words, part)))
    own = words.model_copy(update={part: {key: text for key, text in getattr(words, part).items() if key != name}})
    (fault,) = missing_texts(own, words)
    assert fault.where == (part, name)
    assert f"write `{name}: " in fault.message


def test_a_catalog_without_a_text_for_some_severity_is_told_which(words: Any) -> None:
    own = words.model_copy(update={"sms": tuple(one for one in words.sms if one.kind is not MessageKind.ALERT)})
    faults = [fault.message for fault in missing_texts(own, words)]
    assert [message for message in faults if "`alert`" in message and "critical" in message]
