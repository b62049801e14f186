"""Providers are built from site.yaml with their secrets, and each has its own address for callbacks."""

from __future__ import annotations

import pytest

from alerts.channels.http_sms import HttpSms
from alerts.channels.providers import ProviderChain
from alerts.channels.tencent_sms import TencentSms
from alerts.channels.tencent_voice import TencentVoice
from app.config.secrets import MissingSecret
from app.config.settings import ChannelSettings, SiteSettings
from app.server.channels import build_channels, http_client

ENVIRON = {
    "FENGSHAO_ALIYUN_KEY_ID": "id",
    "FENGSHAO_ALIYUN_KEY_SECRET": "secret",
    "FENGSHAO_ALIYUN_CALLBACK_SECRET": "c" * 43,
    "FENGSHAO_TENCENT_SECRET_ID": "id",
    "FENGSHAO_TENCENT_SECRET_KEY": "secret",
    "FENGSHAO_TENCENT_CALLBACK_SECRET": "t" * 43,
    "FENGSHAO_GATEWAY_CALLBACK_SECRET": "g" * 43,
    "GATEWAY": "gw",
    "SIGNED": "k",
}
CHANNELS = ChannelSettings.model_validate(
    {
        "sms": {
            "providers": [
                {"type": "aliyun", "templates": {"gas": "SMS_1"}, "fallback_template": "SMS_9"},
                {"type": "tencent", "app_id": "1400", "pull": True},
                {
                    "type": "http",
                    "name": "gateway",
                    "url": "https://gw.example.cn/send",
                    "body": {"to": "{phone}", "key": "{secret}"},
                    "secret_env": "GATEWAY",
                    "answer": {"success": "0", "code_path": "code", "outcomes": {"7": "rate"}},
                    "callbacks": {"status_path": "s", "signature_header": "X-S", "signature_secret_env": "SIGNED"},
                },
            ]
        },
        "voice": {"providers": [{"type": "aliyun", "show_number": "0571"}, {"type": "tencent", "app_id": "1400"}]},
    }
)


async def test_every_provider_is_built_in_order_with_its_own_callback_address() -> None:
    async with http_client() as client:
        endpoints = build_channels(SiteSettings(channels=CHANNELS), client, ENVIRON, lambda: 0)
        sms, voice = endpoints["sms"].channel, endpoints["voice"].channel
        assert isinstance(sms, ProviderChain)
        assert isinstance(voice, ProviderChain)
        assert list(sms.providers) == ["aliyun", "tencent", "gateway"]
        assert isinstance(sms.providers["tencent"], TencentSms)
        assert isinstance(sms.providers["gateway"], HttpSms)
        assert isinstance(voice.providers["tencent"], TencentVoice)
        assert (sms.plan("aliyun").fallback_template, sms.plan("gateway").receipts) == ("SMS_9", True)
        paths = [path for name in ("sms", "voice", "logbook") for path, _, _ in endpoints[name].receivers(name)]
        assert paths == ["sms-aliyun", "sms-tencent", "sms-gateway", "voice-aliyun", "voice-tencent"]
        assert list(endpoints["sms"].pulled()) == ["tencent"]
        for variable in ("FENGSHAO_TENCENT_SECRET_KEY", "GATEWAY", "SIGNED"):
            without = {name: value for name, value in ENVIRON.items() if name != variable}
            with pytest.raises(MissingSecret, match=variable):
                build_channels(SiteSettings(channels=CHANNELS), client, without, lambda: 0)
