"""Builds the providers of the channels `sms` and `voice`, with their secrets from the environment."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from functools import partial

import httpx2

from alerts.channels.aliyun_sms import AliyunSettings, AliyunSms
from alerts.channels.aliyun_voice import AliyunVoice, AliyunVoiceSettings
from alerts.channels.channel import Channel
from alerts.channels.http_sms import Answer, Callbacks, HttpSms, HttpSmsSettings
from alerts.channels.providers import ProviderChain, ProviderPlan
from alerts.channels.tencent_api import TencentAccount
from alerts.channels.tencent_sms import TencentSms, TencentSmsSettings
from alerts.channels.tencent_voice import TencentVoice, TencentVoiceSettings
from alerts.channels.unusable import UnusableChannel
from app.config.phone_settings import (
    AliyunSmsProviderSettings,
    AliyunVoiceProviderSettings,
    HttpSmsProviderSettings,
    SmsProviderSettings,
    SmsSettings,
    TencentSmsProviderSettings,
    TencentVoiceProviderSettings,
    VoiceProviderSettings,
    VoiceSettings,
)
from app.config.secrets import read_secret
from app.config.unusable_settings import RAISING, UnusableSettings

Environment = Mapping[str, str]


def build_chain(
    name: str,
    sign: str,
    settings: SmsSettings | VoiceSettings,
    client: httpx2.AsyncClient,
    environ: Environment,
    unusable: UnusableSettings = RAISING,
) -> ProviderChain:
    """The channel with its providers in order. Without `unusable` raises MissingSecret naming the variable."""
    providers: dict[str, Channel] = {}
    for one in settings.providers:
        user = f"channels.{name}.providers ({one.name})"
        build = partial(_provider, one, user, sign, client, environ)
        providers[one.name] = unusable.attempt(user, build, partial(UnusableChannel, one.name))
    plans = {
        one.name: ProviderPlan(
            limits=tuple(limit.value() for limit in one.limits),
            receipts=not isinstance(one, HttpSmsProviderSettings) or bool(one.callbacks.status_path),
            fallback_template=one.fallback_template,
        )
        for one in settings.providers
    }
    return ProviderChain(name, providers, plans)


def _provider(
    one: SmsProviderSettings | VoiceProviderSettings,
    user: str,
    sign: str,
    client: httpx2.AsyncClient,
    environ: Environment,
) -> Channel:
    if isinstance(one, AliyunSmsProviderSettings):
        return _aliyun_sms(one, user, sign, client, environ)
    if isinstance(one, AliyunVoiceProviderSettings):
        return _aliyun_voice(one, user, client, environ)
    if isinstance(one, HttpSmsProviderSettings):
        return _gateway(one, user, sign, client, environ)
    account = TencentAccount(
        read_secret(one.secret_id_env, user, environ).reveal(),
        read_secret(one.secret_key_env, user, environ).reveal(),
        one.base_url,
        one.region,
    )
    if isinstance(one, TencentSmsProviderSettings):
        sms = TencentSmsSettings(account, one.app_id, sign, one.templates, one.fallback_template)
        return TencentSms(client, sms)
    assert isinstance(one, TencentVoiceProviderSettings)
    return TencentVoice(client, TencentVoiceSettings(account, one.app_id, one.templates, one.fallback_template))


def _aliyun_sms(
    one: AliyunSmsProviderSettings, user: str, sign: str, client: httpx2.AsyncClient, environ: Environment
) -> AliyunSms:
    settings = AliyunSettings(
        key_id=read_secret(one.access_key_id_env, user, environ).reveal(),
        secret=read_secret(one.access_key_secret_env, user, environ).reveal(),
        sign_name=sign,
        base_url=one.base_url,
        templates=one.templates,
        fallback_template=one.fallback_template,
    )
    return AliyunSms(client, settings, lambda: secrets.token_hex(16))


def _aliyun_voice(
    one: AliyunVoiceProviderSettings, user: str, client: httpx2.AsyncClient, environ: Environment
) -> AliyunVoice:
    settings = AliyunVoiceSettings(
        key_id=read_secret(one.access_key_id_env, user, environ).reveal(),
        secret=read_secret(one.access_key_secret_env, user, environ).reveal(),
        templates=one.templates,
        fallback_template=one.fallback_template,
        show_number=one.show_number,
        menu=one.menu,
        bye=one.bye,
        base_url=one.base_url,
    )
    return AliyunVoice(client, settings, lambda: secrets.token_hex(16))


def _gateway(
    one: HttpSmsProviderSettings, user: str, sign: str, client: httpx2.AsyncClient, environ: Environment
) -> HttpSms:
    callbacks = one.callbacks.model_dump(exclude={"signature_secret_env"})
    if one.callbacks.signature_secret_env:
        callbacks["signature_secret"] = read_secret(one.callbacks.signature_secret_env, user, environ).reveal()
    settings = HttpSmsSettings(
        name=one.name,
        url=one.url,
        answer=Answer(**one.answer.model_dump()),
        sign_name=sign,
        method=one.method,
        headers=one.headers,
        body=one.body,
        encoding=one.encoding,
        secret=read_secret(one.secret_env, user, environ).reveal() if one.secret_env else "",
        templates=one.templates,
        fallback_template=one.fallback_template,
        callbacks=Callbacks(**callbacks),
    )
    return HttpSms(client, settings)
