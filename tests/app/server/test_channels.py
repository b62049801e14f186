"""Channels take their secrets from the environment."""

from __future__ import annotations

import pytest

from app.config.secrets import MissingSecret
from app.config.settings import AliyunSmsSettings, ChannelSettings, SiteSettings
from app.config.settings import WeComSettings as WeComSettings
from app.server.channels import ChannelNotConfigured, build_channels, http_client

NOW = 1_795_269_600_000


ENVIRON = {
    "FENGSHAO_ALIYUN_KEY_ID": "id",
    "FENGSHAO_ALIYUN_KEY_SECRET": "secret",
    "FENGSHAO_ALIYUN_CALLBACK_SECRET": "c" * 43,
    "FENGSHAO_WECOM_SECRET": "s",
    "FENGSHAO_WECOM_TOKEN": "t",
    "FENGSHAO_WECOM_AES_KEY": "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
    "FENGSHAO_WECOM_CALLBACK_SECRET": "c" * 43,
}


async def test_channels_take_their_secrets_from_the_environment_and_name_a_missing_one() -> None:
    wecom = WeComSettings(corp_id="ww1", agent_id=1)
    site = SiteSettings(channels=ChannelSettings(aliyun_sms=AliyunSmsSettings(), wecom=wecom))
    async with http_client() as client:
        assert set(build_channels(site, client, ENVIRON, lambda: NOW)) == {"sms", "wecom", "logbook"}

        without = {name: value for name, value in ENVIRON.items() if name != "FENGSHAO_WECOM_TOKEN"}
        with pytest.raises(MissingSecret, match="FENGSHAO_WECOM_TOKEN is not set"):
            build_channels(site, client, without, lambda: NOW)
        with pytest.raises(ChannelNotConfigured, match="at least 32 random characters"):
            build_channels(site, client, {**ENVIRON, "FENGSHAO_ALIYUN_CALLBACK_SECRET": "guessable"}, lambda: NOW)
