"""What a phone call says, as people say it."""

from __future__ import annotations

import doctest
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from pydantic import ValidationError

from alerts.alert import Alert
from alerts.channel_specs import spec_of
from alerts.channels.payloads import filed
from alerts.message import Delivery, MessageKind
from alerts.messages import speech
from alerts.messages.catalog import SpeechTemplate
from alerts.messages.contents import ContentRenderer
from alerts.messages.filed_texts import VARIABLE
from alerts.messages.renderer import MessageContext, MessageRenderer
from alerts.messages.speech import readable, speech_template, spoken
from tests.alerts.conftest import SHANGHAI, START, gas_finding, load_catalog

DRAFT = Delivery(
    "d", "k", 1, 0, 0, "li", "李强", "lead", "voice", MessageKind.ADDED, 0, "19900000003", {}, START, START, START
)
WORDS = {"name": "v", "kind": "alert", "hazard": "*", "text": "请立即到场", "fixed": "请立即到场"}


def gas_alert(**changes: Any) -> Alert:
    finding = gas_finding()
    alert = Alert(
        id=1,
        rule=finding.rule,
        title=finding.title,
        hazard=finding.hazard,
        severity=finding.severity,
        ledger=finding.ledger,
        subject=finding.subject,
        started_at=START,
        opened_at=START,
        updated_at=START,
        state_since=START,
        danger_at=START,
        ladder_rule=finding.rule,
        address="枫林苑3栋2单元402",
    )
    return structs.replace(alert, **changes)


def test_the_examples_hold() -> None:
    assert doctest.testmod(speech).failed == 0


def test_a_call_reads_the_hazard_and_the_address() -> None:
    renderer = MessageRenderer(load_catalog(), "滨河街道", SHANGHAI)
    call = spoken(renderer, gas_alert(), MessageContext(MessageKind.ALERT, START, 600_000))
    assert call.text == (
        "滨河街道安全预警，燃气泄漏，地点枫林苑三栋二单元四零二，勿开关电器，请立即到场。"
        "接警请按一，无法到场请按二，重听请按三。"
    )
    assert (call.name, call.params) == ("voice-gas.critical", {"title": "燃气泄漏", "place": "枫林苑三栋二单元四零二"})
    higher = spoken(renderer, gas_alert(title=""), MessageContext(MessageKind.ESCALATE, START, 600_000))
    assert higher.text.startswith("滨河街道安全预警升级，告警，地点")


def test_every_text_has_at_most_two_variables_and_any_message_has_a_text() -> None:
    catalog = load_catalog()
    assert all(len(VARIABLE.findall(text.text)) <= 2 and not VARIABLE.findall(text.fixed) for text in catalog.voice)
    assert speech_template(catalog, gas_alert(hazard="tree"), MessageKind.ALERT).name == "voice"
    assert speech_template(catalog, gas_alert(), MessageKind.ADDED).name == "voice-added-gas"
    assert speech_template(catalog, gas_alert(hazard="tree"), MessageKind.ADDED, "owner").name == "voice-added-owner"
    earlier = catalog.model_copy(
        update={"voice": tuple(one for one in catalog.voice if one.kind is not MessageKind.ADDED)}
    )
    assert speech_template(earlier, gas_alert(), MessageKind.ADDED).name == "voice-gas", "a site's own older texts"
    only_gas = catalog.model_copy(update={"voice": catalog.voice[:1]})
    assert speech_template(only_gas, gas_alert(hazard="fire"), MessageKind.ALERT).name == "voice-gas"


@pytest.mark.parametrize("variant", ["called", "many-called", "owner", "many-owner"])
def test_a_danger_that_joins_is_read_as_such_and_the_owner_is_asked_for_no_key(variant: str) -> None:
    renderer = MessageRenderer(load_catalog(), "滨河街道", SHANGHAI)
    context = MessageContext(MessageKind.ADDED, START, 600_000, variant=variant)
    call = spoken(renderer, gas_alert(), context)
    assert call.text.startswith("滨河街道安全预警，又报燃气泄漏，地点枫林苑三栋二单元四零二，勿开关电器")
    assert ("接警请按一" in call.text) is not variant.endswith("owner")


def test_a_provider_without_a_text_for_joined_dangers_reads_that_of_a_first_call() -> None:
    renderer = MessageRenderer(load_catalog(), "滨河街道", SHANGHAI)
    context = MessageContext(MessageKind.ADDED, START, 600_000, variant="called")
    payload = ContentRenderer(renderer).payload(spec_of("voice"), gas_alert(), context)
    row = structs.replace(DRAFT, payload=payload)
    assert filed(row, {"voice-gas": "TTS_1"}).template == "TTS_1"
    assert filed(row, {"voice-gas": "TTS_1", "voice-added-gas": "TTS_9"}).template == "TTS_9"


@pytest.mark.parametrize("text", ["14:05到场", "3-2栋", "【枫叶】", "${a}${b}"])
def test_a_text_that_vendors_refuse_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        SpeechTemplate(**{**WORDS, "text": text})


@given(st.text("0123456789:：-/#栋单元室", max_size=20))
def test_no_digit_and_no_refused_sign_is_left(text: str) -> None:
    assert not any(sign in "0123456789:-/#" for sign in readable(text))
