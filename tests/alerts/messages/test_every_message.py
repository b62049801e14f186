"""Every kind of message in every severity on every channel, at the longest: it is rendered, and within its limits."""

from __future__ import annotations

from itertools import product
from zoneinfo import ZoneInfo

import pytest
from msgspec import structs

from alerts.alert import Alert, EscalationCause, EscalationReason
from alerts.channel_specs import SPECS, Content
from alerts.message import PERSONAL_KINDS, MessageKind
from alerts.messages.cards import MAX_DESC, MAX_VALUE, CardRenderer
from alerts.messages.contents import ContentRenderer
from alerts.messages.exercise import is_labelled
from alerts.messages.keywords import MAX_THING, KeywordTemplate
from alerts.messages.renderer import MAX_VARIABLE, SEGMENT_LENGTH, MessageContext, MessageRenderer
from app.config.catalog import load_wording
from domain import HOUR, MINUTE, Ledger, Severity, Subject

NOW = 1_795_269_900_000
RENDERER = MessageRenderer(load_wording(), "枫溪街道枫树社区居委", ZoneInfo("Asia/Shanghai"))
TEMPLATE = KeywordTemplate("T", {"thing1": "title", "thing2": "place", "phrase3": "status", "time4": "time"})
CONTENTS = ContentRenderer(RENDERER, {"*": TEMPLATE})
CARDS = CardRenderer(RENDERER)
NOTE = "居民反映现场仍有很重的气味并且门口没有人员值守请尽快派人处理"
VARIANTS = ("", "owner", "many-called", "calls", "news", "more", "volunteer", "resident-resolved", "organisation")

KINDS = [kind for kind in MessageKind if kind not in PERSONAL_KINDS]
"""Those of alerts; messages that belong to a person are tested in test_personal.py."""


def longest(severity: Severity, cause: EscalationCause, *, exercise: bool) -> Alert:
    return Alert(
        id=123_456,
        rule="gas-high",
        ladder_rule="gas-high",
        title=f"{'演练：' if exercise else ''}一氧化碳浓度超标并持续上升、可燃气体泄漏、烟雾",
        hazard="gas",
        severity=severity,
        ledger=Ledger.DANGER,
        subject=Subject("case", "123456"),
        address="枫溪街道枫林苑小区第三期北区13号楼2单元1402室东侧厨房门口",
        owner_name="古丽娜尔·买买提",
        escalation=EscalationReason(cause, "欧阳震华", NOTE),
        exercise=exercise,
        **dict.fromkeys(("started_at", "opened_at", "updated_at", "state_since", "danger_at", "due_at"), NOW),
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("exercise", [False, True])
def test_it_fits(kind: MessageKind, exercise: bool) -> None:
    for severity, variant, cause in product(
        Severity, VARIANTS, (EscalationCause.UNANSWERED, EscalationCause.HANDED_BACK)
    ):
        alert = longest(severity, cause, exercise=exercise)
        context = MessageContext(
            kind=kind, now=NOW + HOUR, limit_ms=10 * MINUTE, number=3, name="欧阳震华", count=12,
            variant=variant, numbers=(11, 12, 13), reason=NOTE, affected_name="古丽娜尔·买买提等3人",
        )  # fmt: skip
        sms = RENDERER.sms(alert, context)
        assert len(sms.text) <= SEGMENT_LENGTH, sms.text
        assert all(0 < len(value) <= MAX_VARIABLE for value in sms.params.values()), sms
        # Whoever is told of a case by text must find the door: a long note gives way to it.
        assert "place" not in sms.params or len(sms.params["place"]) >= 4, sms.text


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_every_channel_carries_every_kind(spec: object) -> None:
    for kind, exercise in product(KINDS, (False, True)):
        alert = longest(Severity.CRITICAL, EscalationCause.HANDED_BACK, exercise=exercise)
        context = MessageContext(kind=kind, now=NOW, limit_ms=MINUTE, name="李伟", count=2, numbers=(11,), reason=NOTE)
        payload = CONTENTS.payload(spec, alert, structs.replace(context, number=11))  # type: ignore[arg-type]
        assert is_labelled(payload) or not exercise, payload
        if getattr(spec, "content", None) is Content.KEYWORDS:
            data: dict[str, str] = payload["data"]  # type: ignore[assignment]
            assert all(0 < len(value) <= MAX_THING for value in data.values()), data


@pytest.mark.parametrize("kind", KINDS)
def test_every_card_is_within_the_limits_of_the_vendor(kind: MessageKind) -> None:
    alert = longest(Severity.CRITICAL, EscalationCause.HANDED_BACK, exercise=True)
    context = MessageContext(kind=kind, now=NOW, limit_ms=MINUTE, affected_name="古丽娜尔·买买提等3人")
    for card in (
        CARDS.call_card(alert, context, "t"), CARDS.question_card(alert, context, "t"),
        CARDS.joined_card(alert, context, "t"), CARDS.owner_card(alert, NOW, "t"), CARDS.helper_card(alert, NOW, "t"),
    ):  # fmt: skip
        title: dict[str, str] = card["main_title"]  # type: ignore[assignment]
        assert is_labelled({"card": card})
        assert (len(title["title"]) <= 36, len(title["desc"]) <= MAX_DESC) == (True, True)
        rows: list[dict[str, str]] = card["horizontal_content_list"]  # type: ignore[assignment]
        assert all(len(row["keyname"]) <= 5 and len(row["value"]) <= MAX_VALUE for row in rows)
        buttons: list[dict[str, str]] = card["button_list"]  # type: ignore[assignment]
        assert len(buttons) <= 6
        assert all(len(button["text"]) <= 10 for button in buttons)
