"""Settings of further channels: what is refused names the field and what to write."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from app.config.message_settings import EmailSettings, WebhookSettings, WeChatSettings, WeComRobotSettings

TEMPLATE = {"id": "TID", "data": {"thing1": "title"}}


@pytest.mark.parametrize(
    ("model", "values", "advice"),
    [
        (EmailSettings, {"host": "m", "sender": "枫树 <a@b.cn>"}, "write one like alarm@example.cn"),
        (EmailSettings, {"host": "m", "sender": "a@b.cn", "security": "none"}, "unencrypted"),
        (EmailSettings, {"host": "m", "sender": "a@b.cn", "username_env": None}, "null for both"),
        (WebhookSettings, {"networks": ["10.0.0.5/8"]}, "write one like 10.20.0.0/16"),
        (WeChatSettings, {"app_id": "wx1", "templates": {"taken": TEMPLATE}}, 'write one named "*"'),
        (WeChatSettings, {"app_id": "wx1", "templates": {"*": TEMPLATE, "token": TEMPLATE}}, "no kind of message"),
        (WeChatSettings, {"app_id": "wx1", "templates": {"*": {"id": "T", "data": {"thing1": "x"}}}}, "no variable"),
        (WeComRobotSettings, {"robots": {}}, "at least 1"),
        (WeComRobotSettings, {"robots": {"https://x": {"key_env": "K"}}}, "pattern"),
    ],
)
def test_a_setting_with_a_fault_is_refused(model: Any, values: dict[str, Any], advice: str) -> None:
    with pytest.raises(ValidationError, match=advice):
        model(**values)


def test_a_relay_on_this_machine_needs_neither_encryption_nor_login() -> None:
    relay = EmailSettings(
        host="127.0.0.1", port=25, sender="a@b.cn", security="none", username_env=None, password_env=None
    )
    assert relay.security == "none"
    assert [str(network) for network in WebhookSettings(networks=("10.0.0.0/8",)).allowed_networks] == ["10.0.0.0/8"]
