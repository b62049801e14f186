"""Builds the channels of a site, with their secrets from the environment and the secrets of their callbacks."""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final

import httpx2
from msgspec import Struct, field

from alerts.channels.aliyun_sms import AliyunSettings, AliyunSms
from alerts.channels.channel import Channel
from alerts.channels.logbook import Logbook
from alerts.channels.providers import PollingProvider, ProviderChain
from alerts.channels.unusable import UnusableChannel
from alerts.channels.wecom import WeCom, WeComSettings
from app.config.phone_settings import SmsSettings, VoiceSettings
from app.config.secrets import read_secret
from app.config.settings import AliyunSmsSettings, SiteSettings
from app.config.settings import WeComSettings as WeComSiteSettings
from app.config.unusable_settings import RAISING, UnusableSettings
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
                if not secret.reveal():
                    continue
                yield f"{name}-{provider}", secret, self.channel.providers[provider]
        elif self.secret.reveal():
            yield name, self.secret, self.channel

    def pulled(self) -> dict[str, PollingProvider]:
        """Providers to fetch from, by name."""
        behind = self.channel.providers if isinstance(self.channel, ProviderChain) else {}
        return {name: one for name, one in behind.items() if name in self.pull and isinstance(one, PollingProvider)}


NOT_REACHED: Final = (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError, ExceptionGroup)
"""What a request may raise by its address or its server. A port that is no number, or too large, is no HTTPError."""


def http_client(tls: ssl.SSLContext | None = None) -> httpx2.AsyncClient:
    """One client for all providers: no redirects, no proxies from the environment; retries are the outbox's task.
    Without `tls` it trusts the certificate authorities of httpx2; loading them takes 50 ms."""
    verify = True if tls is None else tls
    return httpx2.AsyncClient(timeout=TIMEOUTS, follow_redirects=False, trust_env=False, verify=verify)


def build_channels(
    site: SiteSettings,
    client: httpx2.AsyncClient,
    environ: Mapping[str, str],
    clock: Callable[[], int],
    unusable: UnusableSettings = RAISING,
) -> dict[str, ChannelEndpoint]:
    """Every channel of the site by the name that ladders use.

    With `unusable` one that cannot be built refuses every message, and one without its callback's secret sends and is
    not called back. Without it raises MissingSecret naming the variable.
    """
    builder = _ChannelBuilder(site, client, environ, clock, unusable)
    endpoints = {"logbook": ChannelEndpoint(Logbook(), Secret(""))}
    for name, phone in (("sms", site.channels.sms), ("voice", site.channels.voice)):
        if phone:
            endpoints[name] = builder.phone(name, phone)
    return endpoints | builder.single()


class _ChannelBuilder:
    """What every channel of a site is built from."""

    def __init__(
        self,
        site: SiteSettings,
        client: httpx2.AsyncClient,
        environ: Mapping[str, str],
        clock: Callable[[], int],
        unusable: UnusableSettings,
    ) -> None:
        self._site, self._client, self._environ = site, client, environ
        self._clock, self._unusable = clock, unusable

    def phone(self, name: str, phone: SmsSettings | VoiceSettings) -> ChannelEndpoint:
        """SMS or voice with all its providers; one that cannot be used stays in its place and refuses."""
        chain = phone_channels.build_chain(name, self._site.sign, phone, self._client, self._environ, self._unusable)
        secrets_of = {
            one.name: self._callback_secret(f"channels.{name}.providers ({one.name})", one.callback_secret_env)
            for one in phone.providers
        }
        pull = tuple(one.name for one in phone.providers if getattr(one, "pull", False))
        return ChannelEndpoint(chain, Secret(""), secrets_of, pull)

    def single(self) -> dict[str, ChannelEndpoint]:
        """The channels with one provider."""
        site, client, environ, clock = self._site, self._client, self._environ, self._clock
        channels, found = site.channels, dict[str, ChannelEndpoint]()
        if sms := channels.aliyun_sms:
            secret_env = sms.callback_secret_env
            found["sms"] = self._endpoint("sms", lambda: _sms(site, sms, client, environ), secret_env, "aliyun_sms")
        if wecom := channels.wecom:
            secret_env = wecom.callback_secret_env
            found["wecom"] = self._endpoint("wecom", lambda: _wecom(wecom, client, environ, clock), secret_env)
        if wechat := channels.wechat:
            found["wechat"] = self._endpoint(
                "wechat",
                lambda: message_channels.build_wechat(wechat, client, environ, clock),
                wechat.callback_secret_env,
            )
        return found | self._one_way()

    def _one_way(self) -> dict[str, ChannelEndpoint]:
        """The channels that are not called back."""
        site, client, environ, unusable = self._site, self._client, self._environ, self._unusable
        channels, found = site.channels, dict[str, ChannelEndpoint]()
        if robots := channels.wecom_robot:
            found["wecom_robot"] = self._endpoint(
                "wecom_robot", lambda: message_channels.build_robots(robots, client, environ, unusable)
            )
        if email := channels.email:
            found["email"] = self._endpoint("email", lambda: message_channels.build_email(site, email, environ))
        if webhook := channels.webhook:
            found["webhook"] = self._endpoint(
                "webhook", lambda: message_channels.build_webhook(site, webhook, client, environ, unusable)
            )
        if apprise := channels.apprise:
            found["apprise"] = self._endpoint(
                "apprise", lambda: message_channels.build_apprise(apprise, environ, unusable)
            )
        return found

    def _endpoint(
        self, name: str, build: Callable[[], Channel], callback_secret_env: str = "", setting: str = ""
    ) -> ChannelEndpoint:
        part = f"channels.{setting or name}"
        channel = self._unusable.attempt(part, build, lambda reason: UnusableChannel(name, reason))
        secret = self._callback_secret(part, callback_secret_env) if callback_secret_env else Secret("")
        return ChannelEndpoint(channel, secret)

    def _callback_secret(self, part: str, variable: str) -> Secret:
        """Without it the channel sends, and receipts and replies do not arrive."""
        read = partial(_callback_secret, variable, self._environ, f"{part} callbacks")
        return self._unusable.attempt(f"{part} callbacks", read, lambda _reason: Secret(""))


def _sms(
    site: SiteSettings, sms: AliyunSmsSettings, client: httpx2.AsyncClient, environ: Mapping[str, str]
) -> AliyunSms:
    settings = AliyunSettings(
        key_id=read_secret(sms.access_key_id_env, "channels.aliyun_sms", environ).reveal(),
        secret=read_secret(sms.access_key_secret_env, "channels.aliyun_sms", environ).reveal(),
        sign_name=site.sign,
        base_url=sms.base_url,
    )
    return AliyunSms(client, settings, lambda: secrets.token_hex(16))


def _wecom(
    wecom: WeComSiteSettings, client: httpx2.AsyncClient, environ: Mapping[str, str], clock: Callable[[], int]
) -> WeCom:
    user = "channels.wecom"
    settings = WeComSettings(
        corp_id=wecom.corp_id,
        agent_id=wecom.agent_id,
        secret=read_secret(wecom.secret_env, user, environ).reveal(),
        token=read_secret(wecom.token_env, user, environ).reveal(),
        aes_key=read_secret(wecom.aes_key_env, user, environ).reveal(),
        base_url=wecom.base_url,
    )
    return WeCom(client, settings, clock)


def _callback_secret(variable: str, environ: Mapping[str, str], user: str) -> Secret:
    secret = read_secret(variable, user, environ)
    if len(secret.reveal()) < CALLBACK_SECRET_LENGTH_MIN:
        raise ChannelNotConfigured(
            f"{variable}: write at least {CALLBACK_SECRET_LENGTH_MIN} random characters, it is part of a URL"
        )
    return secret
