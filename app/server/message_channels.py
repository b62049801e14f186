"""Builds the channels that are neither SMS, voice nor the WeCom application."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import quote

import httpx2

from alerts.channels import cloudevents
from alerts.channels.apprise_services import AppriseServices, AppriseSettings
from alerts.channels.guarded_post import GuardedPost
from alerts.channels.mail_message import Sender
from alerts.channels.smtp import Security, Smtp, SmtpSettings
from alerts.channels.webhook import Webhook, WebhookSettings
from alerts.channels.wechat import WeChat, WeChatSettings
from alerts.channels.wecom_robot import WeComRobot, WeComRobotSettings
from app.config import message_settings as settings
from app.config.secrets import read_secret
from app.config.settings import SiteSettings
from app.config.unusable_settings import RAISING, UnusableSettings
from app.errors import UserError
from domain.secret import Secret


class UnusableSecret(UserError):
    """A secret in an environment variable cannot sign."""


def build_robots(
    robots: settings.WeComRobotSettings,
    client: httpx2.AsyncClient,
    environ: Mapping[str, str],
    unusable: UnusableSettings = RAISING,
) -> WeComRobot:
    """With `unusable` the robots without a key are left out: a message to them takes the next channel."""
    variables = {name: robot.key_env for name, robot in robots.robots.items()}
    keys = _readable(variables, "channels.wecom_robot.robots", environ, unusable)
    return WeComRobot(client, WeComRobotSettings(keys, robots.base_url))


def build_wechat(
    wechat: settings.WeChatSettings,
    client: httpx2.AsyncClient,
    environ: Mapping[str, str],
    clock: Callable[[], int],
) -> WeChat:
    user = "channels.wechat"
    account = WeChatSettings(
        app_id=wechat.app_id,
        secret=read_secret(wechat.secret_env, user, environ).reveal(),
        token=read_secret(wechat.token_env, user, environ).reveal(),
        aes_key=read_secret(wechat.aes_key_env, user, environ).reveal(),
        base_url=wechat.base_url,
        templates={template.id: tuple(template.data) for template in wechat.templates.values()},
    )
    return WeChat(client, account, clock)


def smtp_settings(site: SiteSettings, email: settings.EmailSettings, environ: Mapping[str, str]) -> SmtpSettings:
    user = "channels.email"
    return SmtpSettings(
        host=email.host,
        port=email.port,
        sender=Sender(email.sender, email.sender_name or site.sign),
        username=read_secret(email.username_env, user, environ).reveal() if email.username_env else "",
        password=read_secret(email.password_env, user, environ) if email.password_env else Secret(""),
        security=Security(email.security),
        ca_file=email.ca_file,
    )


def build_email(site: SiteSettings, email: settings.EmailSettings, environ: Mapping[str, str]) -> Smtp:
    return Smtp(smtp_settings(site, email, environ))


def build_webhook(
    site: SiteSettings,
    webhook: settings.WebhookSettings,
    client: httpx2.AsyncClient,
    environ: Mapping[str, str],
    unusable: UnusableSettings = RAISING,
) -> Webhook:
    """Raises UnusableSecret for a secret that is too short to sign with. With `unusable` the previous one may lack."""
    secrets = [_signing_secret(webhook.secret_env, environ)]
    if webhook.previous_secret_env is not None:
        previous = partial(_signing_secret, webhook.previous_secret_env, environ)
        secrets += unusable.attempt("channels.webhook previous secret", lambda: [previous()], lambda _reason: [])
    post = GuardedPost(client, webhook.allowed_networks)
    return Webhook(post, WebhookSettings(event_source(site), tuple(secrets), webhook.expect))


def event_source(site: SiteSettings) -> str:
    """What identifies this site as the source of events: its public URL, else a path with its name."""
    return site.public_url.rstrip("/") or f"/fengshao/{quote(site.name)}"


def build_apprise(
    apprise: settings.AppriseSettings, environ: Mapping[str, str], unusable: UnusableSettings = RAISING
) -> AppriseServices:
    """With `unusable` the services without a URL are left out."""
    variables = {name: service.url_env for name, service in apprise.services.items()}
    return AppriseServices(AppriseSettings(_readable(variables, "channels.apprise.services", environ, unusable)))


def _readable(
    variables: Mapping[str, str], setting: str, environ: Mapping[str, str], unusable: UnusableSettings
) -> dict[str, Secret]:
    """Name -> secret, of those that the environment has."""
    found = dict[str, Secret]()
    for name, variable in variables.items():
        part = f"{setting}.{name}"
        secret = unusable.attempt(part, partial(read_secret, variable, part, environ), lambda _reason: None)
        if secret is not None:
            found[name] = secret
    return found


def _signing_secret(variable: str, environ: Mapping[str, str]) -> Secret:
    secret = read_secret(variable, "channels.webhook", environ)
    if (fault := cloudevents.secret_fault(secret.reveal())) is not None:
        raise UnusableSecret(f"{variable} {fault}")
    return secret
