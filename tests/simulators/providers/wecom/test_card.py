"""Limits of WeCom messages, each with its error code."""

from __future__ import annotations

from typing import Any

import pytest

from simulators.providers.wecom.card import BAD_PARAMETER, BAD_TASK_ID, EMPTY, TOO_LONG, message_fault


def card(**changes: Any) -> dict[str, Any]:
    values = {
        "card_type": "button_interaction",
        "task_id": "1-1",
        "main_title": {"title": "燃气泄漏"},
        "button_list": [{"text": "接警", "key": "ack:1"}],
    }
    return {"msgtype": "template_card", "template_card": {**values, **changes}}


def test_a_card_within_the_limits_has_no_fault() -> None:
    assert message_fault(card()) is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"card_type": "text_notice"}, BAD_PARAMETER),
        ({"task_id": "1:1"}, BAD_TASK_ID),
        ({"task_id": "1" * 129}, BAD_TASK_ID),
        ({"main_title": {}}, EMPTY),
        ({"main_title": {"title": "长" * 37}}, TOO_LONG),
        ({"sub_title_text": "长" * 161}, TOO_LONG),
        ({"horizontal_content_list": [{"keyname": "位置位置位置", "value": ""}]}, TOO_LONG),
        ({"horizontal_content_list": [{"keyname": "位置", "value": "长" * 31}]}, TOO_LONG),
        ({"horizontal_content_list": [{}] * 7}, TOO_LONG),
        ({"button_list": []}, EMPTY),
        ({"button_list": [{"text": "长" * 11, "key": "a"}]}, TOO_LONG),
        ({"button_list": [{"text": "接警", "key": ""}]}, BAD_PARAMETER),
        ({"button_list": [{"text": "接警", "key": "a", "style": 5}]}, BAD_PARAMETER),
    ],
)
def test_a_card_over_a_limit_has_its_code(changes: dict[str, Any], code: int) -> None:
    fault = message_fault(card(**changes))
    assert fault is not None
    assert fault[0] == code


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"msgtype": "text", "text": {"content": ""}}, EMPTY),
        ({"msgtype": "text", "text": {"content": "长" * 683}}, TOO_LONG),
        ({"msgtype": "markdown"}, EMPTY),
        ({"msgtype": "image"}, BAD_PARAMETER),
    ],
)
def test_a_text_over_its_limits_has_its_code(body: dict[str, Any], code: int) -> None:
    fault = message_fault(body)
    assert fault is not None
    assert fault[0] == code
    assert message_fault({"msgtype": "text", "text": {"content": "长" * 682}}) is None
