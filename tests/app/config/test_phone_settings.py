"""Providers of `sms` and `voice` in site.yaml."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from app.config.phone_settings import SmsSettings, VoiceSettings
from app.config.settings import ChannelSettings
from domain import DAY, MINUTE

GATEWAY = {"type": "http", "url": "https://gw.example.cn/send", "answer": {"success": "0", "code_path": "code"}}


def test_providers_are_written_in_order_with_the_limits_of_their_vendors() -> None:
    sms = SmsSettings.model_validate(
        {"providers": [{"type": "aliyun"}, {"type": "tencent", "app_id": "1400"}, GATEWAY]}
    )
    assert [provider.name for provider in sms.providers] == ["aliyun", "tencent", "http"]
    limits = [[(one.count, one.within, one.per) for one in provider.limits] for provider in sms.providers]
    assert limits == [[(50, DAY, "template")], [(2, DAY, "number")], []]
    raised = {"type": "tencent", "app_id": "1400", "limits": [{"count": 10, "within": "1d"}]}
    assert SmsSettings.model_validate({"providers": [raised]}).providers[0].limits[0].value().room(critical=False) == 7
    voice = VoiceSettings.model_validate({"providers": [{"type": "aliyun"}, {"type": "tencent", "app_id": "1"}]})
    assert (1, MINUTE) in [(one.count, one.within) for one in voice.providers[0].limits]


@pytest.mark.parametrize(
    ("providers", "fault"),
    [
        ([], "at least 1 item"),
        ([{"type": "pager"}], "pager"),
        ([{"type": "aliyun"}, {"type": "aliyun"}], "two providers are called aliyun"),
        ([{**GATEWAY, "body": {"a": "{mobile}"}}], r"\{mobile\} is no placeholder"),
        ([{**GATEWAY, "headers": {"X": "{secret}"}}], "write secret_env"),
        ([{**GATEWAY, "headers": {"X": "密"}}], "write ASCII"),
        ([{**GATEWAY, "callbacks": {"signature_header": "X-S"}}], "belong together"),
    ],
)
def test_a_fault_is_named(providers: list[Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        SmsSettings.model_validate({"providers": providers})


def test_the_earlier_form_stays_and_both_at_once_are_refused() -> None:
    assert ChannelSettings.model_validate({"aliyun_sms": {}}).configured == ("sms",)
    new = {"sms": {"providers": [{"type": "aliyun"}]}, "voice": {"providers": [{"type": "aliyun"}]}}
    assert ChannelSettings.model_validate(new).configured == ("sms", "voice")
    with pytest.raises(ValidationError, match="are one channel"):
        ChannelSettings.model_validate({**new, "aliyun_sms": {}})
