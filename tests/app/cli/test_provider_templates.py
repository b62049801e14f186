"""The texts to file with each provider, in its notation."""

from __future__ import annotations

import doctest

from alerts.messages import filed_texts
from app.cli.provider_templates import template_lines
from app.config.catalog import load_wording
from app.config.settings import ChannelSettings, SiteSettings


def test_each_provider_has_its_own_notation_and_codes() -> None:
    assert doctest.testmod(filed_texts).failed == 0
    channels = {
        "sms": {
            "providers": [
                {"type": "aliyun", "templates": {"gas": "SMS_1"}},
                {"type": "tencent", "app_id": "1", "fallback_template": "99"},
            ]
        },
        "voice": {"providers": [{"type": "aliyun"}, {"type": "tencent", "app_id": "1"}]},
    }
    settings = SiteSettings(sign="枫树社区", channels=ChannelSettings.model_validate(channels))
    lines = [line.split("\t") for line in template_lines(load_wording(None), settings)]
    found = {(where, name): (code, text) for where, code, name, text in lines}
    assert found["sms/aliyun", "gas.critical"][0] == "SMS_1"
    assert found["sms/aliyun", "gas.critical"][1].startswith("紧急：${title}，${time}")
    assert found["sms/tencent", "gas.critical"] == (
        "-",
        "紧急：{1}，{2}，{3}。勿开关电器，{4}内到场。回复{5}接警，{6}无法到场。",
    )
    assert found["sms/tencent", "fixed"][0] == "99"
    assert found["sms/tencent", "gas-exercise.critical"][1].startswith("演练：")
    assert "${place}" in found["voice/aliyun", "voice-gas"][1]
    assert "$" not in found["voice/tencent", "voice-gas"][1]
    drill = found["voice/aliyun", "voice-gas-exercise"][1]
    assert drill == f"演练，{found['voice/aliyun', 'voice-gas'][1]}"
    assert found["voice/tencent", "voice-gas-exercise"][1].startswith("演练，枫树社区")
