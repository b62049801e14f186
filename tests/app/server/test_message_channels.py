"""Every channel of a site is built from its settings, with its secrets from the environment."""

from __future__ import annotations

import pytest

from app.config.secrets import MissingSecret
from app.config.settings import SiteSettings
from app.server.alerting import keyword_templates
from app.server.channels import build_channels
from app.server.message_channels import UnusableSecret, event_source, smtp_settings
from simulators.providers.local_server import loopback_client

SITE = SiteSettings.model_validate(
    {
        "name": "枫树社区",
        "sign": "枫树社区",
        "channels": {
            "wecom_robot": {"robots": {"grid-1": {"key_env": "ROBOT"}}},
            "wechat": {"app_id": "wx1", "templates": {"*": {"id": "TID", "data": {"thing1": "title"}}}},
            "email": {"host": "mail.example", "sender": "alarm@fengshu.example"},
            "webhook": {"previous_secret_env": "OLD_SECRET"},
            "apprise": {"services": {"family-chat": {"url_env": "CHAT"}}},
        },
    }
)
ENVIRON = {
    "ROBOT": "key",
    "FENGSHAO_WECHAT_SECRET": "s",
    "FENGSHAO_WECHAT_TOKEN": "t",
    "FENGSHAO_WECHAT_AES_KEY": "A" * 43,
    "FENGSHAO_WECHAT_CALLBACK_SECRET": "c" * 43,
    "FENGSHAO_SMTP_USERNAME": "alarm",
    "FENGSHAO_SMTP_PASSWORD": "pa55",
    "FENGSHAO_WEBHOOK_SECRET": "w" * 32,
    "OLD_SECRET": "o" * 32,
    "CHAT": "ntfy://maple",
}


async def test_all_configured_channels_are_built_and_callbacks_only_where_there_are_any() -> None:
    async with loopback_client() as client:
        built = build_channels(SITE, client, ENVIRON, lambda: 0)
    assert set(built) == {"logbook", *SITE.channels.configured}
    assert SITE.channels.configured == ("wecom_robot", "wechat", "email", "webhook", "apprise")
    assert [name for name, endpoint in built.items() if endpoint.secret.reveal()] == ["wechat"]


@pytest.mark.parametrize("variable", sorted(ENVIRON))
async def test_a_secret_that_is_not_set_is_named(variable: str) -> None:
    async with loopback_client() as client:
        with pytest.raises(MissingSecret, match=variable):
            build_channels(SITE, client, ENVIRON | {variable: ""}, lambda: 0)


async def test_a_secret_that_is_too_short_to_sign_with_is_refused() -> None:
    async with loopback_client() as client:
        with pytest.raises(UnusableSecret, match="FENGSHAO_WEBHOOK_SECRET has 5 bytes"):
            build_channels(SITE, client, ENVIRON | {"FENGSHAO_WEBHOOK_SECRET": "short"}, lambda: 0)


def test_names_that_others_see_are_the_sites() -> None:
    assert SITE.channels.email is not None
    assert smtp_settings(SITE, SITE.channels.email, ENVIRON).sender.name == "枫树社区"
    assert event_source(SITE) == "/fengshao/%E6%9E%AB%E6%A0%91%E7%A4%BE%E5%8C%BA"
    assert event_source(SITE.model_copy(update={"public_url": "https://grid.example/"})) == "https://grid.example"
    assert keyword_templates(SITE)["*"].data == {"thing1": "title"}
    assert keyword_templates(SiteSettings()) == {}
