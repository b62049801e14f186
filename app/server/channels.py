"""Builds the channels of a site, with their secrets from the environment and the secrets of their callbacks."""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Callable, Iterator, Mapping

import httpx2
from msgspec import Struct, field

from alerts.channels.aliyun_sms import AliyunSettings, AliyunSms
from alerts.channels.channel import Channel
from alerts.channels.logbook import Logbook
from alerts.channels.providers import PollingProvider, ProviderChain
from alerts.channels.wecom import WeCom, WeComSettings
from app.config.secrets import read_secret
from app.config.settings import AliyunSmsSettings, SiteSettings
from app.config.settings import WeComSettings as WeComSiteSettings
from app.errors import UserError
from app.server import message_channels, phone_channels
from domain.secret import Secret

TIMEOUTS = httpx2.Timeout(connect=3.0, read=8.0, write=8.0, pool=2.0)
CALLBACK_SECRET_LENGTH_MIN = 32


class ChannelNotConfigured(UserError):
    """A channel's callback secret is too short to be one."""


class ChannelEndpoint(Struct, frozen=True):
    """A channel and the secret in the path of its callbacks."""

    channel: Channel | ProviderChain
    secret: Secret
    provider_secrets: Mapping[str, Secret] = field(default_factory=dict)
    """Provider -> the secret in the path of its own callbacks, `/callbacks/<channel>-<provider>/<secret>`."""
    pull: tuple[str, ...] = ()
    """Providers whose receipts and replies are fetched."""

    def receivers(self, name: str) -> Iterator[tuple[str, Secret, Channel]]:
        """(name in the path, secret, receiver) of each address for callbacks."""
        if isinstance(self.channel, ProviderChain):
            for provider, secret in self.provider_secrets.items():
                yield f"{name}-{provider}", secret, self.channel.providers[provider]
        elif self.secret.reveal():
            yield name, self.secret, self.channel

    def pulled(self) -> dict[str, PollingProvider]:
        """Providers to fetch from, by name."""
        behind = self.channel.providers if isinstance(self.channel, ProviderChain) else {}
        return {name: one for name, one in behind.items() if name in self.pull and isinstance(one, PollingProvider)}


def http_client(tls: ssl.SSLContext | None = None) -> httpx2.AsyncClient:
    """One client for all providers: no redirects, no proxies from the environment; retries are the outbox's task.
    Without `tls` it trusts the certificate authorities of httpx2; loading them takes 50 ms."""
    verify = True if tls is None else tls
    return httpx2.AsyncClient(timeout=TIMEOUTS, follow_redirects=False, trust_env=False, verify=verify)


def build_channels(
    site: SiteSettings, client: httpx2.AsyncClient, environ: Mapping[str, str], clock: Callable[[], int]
) -> dict[str, ChannelEndpoint]:
    """Every channel of the site by the name that ladders use. Raises MissingSecret naming the variable."""
    endpoints = {"logbook": ChannelEndpoint(Logbook(), Secret(""))}
    if site.channels.aliyun_sms:
        endpoints["sms"] = _sms(site, site.channels.aliyun_sms, client, environ)
    for name, phone in (("sms", site.channels.sms), ("voice", site.channels.voice)):
        if phone:
            chain = phone_channels.build_chain(name, site.sign, phone, client, environ)
            provider_secrets = {one.name: _callback_secret(one.callback_secret_env, environ) for one in phone.providers}
            pull = tuple(one.name for one in phone.providers if getattr(one, "pull", False))
            endpoints[name] = ChannelEndpoint(chain, Secret(""), provider_secrets, pull)
    if site.channels.wecom:
        endpoints["wecom"] = _wecom(site.channels.wecom, client, environ, clock)
    return endpoints | _message_channels(site, client, environ, clock)


def _message_channels(
    site: SiteSettings, client: httpx2.AsyncClient, environ: Mapping[str, str], clock: Callable[[], int]
) -> dict[str, ChannelEndpoint]:
    channels, found = site.channels, dict[str, ChannelEndpoint]()
    if channels.wecom_robot:
        robots = message_channels.build_robots(channels.wecom_robot, client, environ)
        found["wecom_robot"] = ChannelEndpoint(robots, Secret(""))
    if channels.wechat:
        wechat = message_channels.build_wechat(channels.wechat, client, environ, clock)
        found["wechat"] = ChannelEndpoint(wechat, _callback_secret(channels.wechat.callback_secret_env, environ))
    if channels.email:
        found["email"] = ChannelEndpoint(message_channels.build_email(site, channels.email, environ), Secret(""))
    if channels.webhook:
        webhook = message_channels.build_webhook(site, channels.webhook, client, environ)
        found["webhook"] = ChannelEndpoint(webhook, Secret(""))
    if channels.apprise:
        found["apprise"] = ChannelEndpoint(message_channels.build_apprise(channels.apprise, environ), Secret(""))
    return found


def _sms(
    site: SiteSettings, sms: AliyunSmsSettings, client: httpx2.AsyncClient, environ: Mapping[str, str]
) -> ChannelEndpoint:
    settings = AliyunSettings(
        key_id=read_secret(sms.access_key_id_env, "channels.aliyun_sms", environ).reveal(),
        secret=read_secret(sms.access_key_secret_env, "channels.aliyun_sms", environ).reveal(),
        sign_name=site.sign,
        base_url=sms.base_url,
    )
    return ChannelEndpoint(
        AliyunSms(client, settings, lambda: secrets.token_hex(16)),
        _callback_secret(sms.callback_secret_env, environ),
    )


def _wecom(
    wecom: WeComSiteSettings, client: httpx2.AsyncClient, environ: Mapping[str, str], clock: Callable[[], int]
) -> ChannelEndpoint:
    user = "channels.wecom"
    settings = WeComSettings(
        corp_id=wecom.corp_id,
        agent_id=wecom.agent_id,
        secret=read_secret(wecom.secret_env, user, environ).reveal(),
        token=read_secret(wecom.token_env, user, environ).reveal(),
        aes_key=read_secret(wecom.aes_key_env, user, environ).reveal(),
        base_url=wecom.base_url,
    )
    return ChannelEndpoint(WeCom(client, settings, clock), _callback_secret(wecom.callback_secret_env, environ))


def _callback_secret(variable: str, environ: Mapping[str, str]) -> Secret:
    secret = read_secret(variable, "callbacks", environ)
    if len(secret.reveal()) < CALLBACK_SECRET_LENGTH_MIN:
        raise ChannelNotConfigured(
            f"{variable}: write at least {CALLBACK_SECRET_LENGTH_MIN} random characters, it is part of a URL"
        )
    return secret
