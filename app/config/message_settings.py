"""Schema of the channels of site.yaml that are neither SMS, voice nor the WeCom application.

Secrets are named by environment variable: keys of robots and URLs of Apprise services are secrets as a whole.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from alerts.message import MessageKind
from alerts.messages.keywords import ANY, VARIABLES
from domain.recipients import is_email

EndpointName = Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,64}$")]
"""The name of a robot or service, which people.csv refers to."""


def _email(address: str) -> str:
    if not is_email(address):
        raise ValueError(f"{address!r} is no mailbox: write one like alarm@example.cn")
    return address


def _network(text: str) -> str:
    try:
        ip_network(text)
    except ValueError:
        raise ValueError(f"{text!r} is no network: write one like 10.20.0.0/16") from None
    return text


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RobotSettings(_Strict):
    """One group robot: the environment variable of its key (the part of its URL after `key=`)."""

    key_env: str
    """Key of the robot."""


class WeComRobotSettings(_Strict):
    """Group robots of WeCom, by the name that people.csv writes in the column wecom_robot."""

    base_url: str = "https://qyapi.weixin.qq.com"
    """Address of the vendor."""
    robots: dict[EndpointName, RobotSettings] = Field(min_length=1)


class TemplateSettings(_Strict):
    """One template of the service account: its id, and keyword -> our variable."""

    id: str
    """Id of the template."""
    data: dict[str, str]
    """Keyword of the template -> our variable."""

    @field_validator("data")
    @classmethod
    def _known_variables(cls, data: dict[str, str]) -> dict[str, str]:
        unknown = [variable for variable in data.values() if variable not in VARIABLES]
        if unknown:
            raise ValueError(f"{unknown[0]!r} is no variable: write one of {', '.join(VARIABLES)}")
        return data


class WeChatSettings(_Strict):
    """A WeChat service account (服务号). `templates`: kind of message, or `*` for all others -> template."""

    base_url: str = "https://api.weixin.qq.com"
    """Address of the vendor."""
    app_id: str
    """AppID of the account."""
    secret_env: str = "FENGSHAO_WECHAT_SECRET"
    """AppSecret of the account."""
    token_env: str = "FENGSHAO_WECHAT_TOKEN"
    """Token of the callback."""
    aes_key_env: str = "FENGSHAO_WECHAT_AES_KEY"
    """EncodingAESKey of the callback."""
    callback_secret_env: str = "FENGSHAO_WECHAT_CALLBACK_SECRET"
    """Last part of the callback URL."""
    templates: dict[str, TemplateSettings]
    """Kind of message, or `*` for all others -> template."""

    @field_validator("templates")
    @classmethod
    def _one_for_all(cls, templates: dict[str, TemplateSettings]) -> dict[str, TemplateSettings]:
        kinds = {kind.value for kind in MessageKind} | {ANY}
        unknown = [kind for kind in templates if kind not in kinds]
        if unknown:
            raise ValueError(f"{unknown[0]!r} is no kind of message: write one of {', '.join(sorted(kinds))}")
        if ANY not in templates:
            raise ValueError('has no template for all other kinds: write one named "*"')
        return templates


class EmailSettings(_Strict):
    """An SMTP submission server. `username_env: null` for a relay that needs no login; `security: none` only there."""

    host: str
    """Name of the server."""
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    """587 with STARTTLS, 465 with TLS."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """Encryption of the connection; `none` only for a relay without login."""
    sender: Annotated[str, AfterValidator(_email)]
    """Mailbox that sends."""
    sender_name: str = ""
    """Shown with the sender's address; the site's signature when empty."""
    username_env: str | None = "FENGSHAO_SMTP_USERNAME"
    """User name; null for a relay that needs no login."""
    password_env: str | None = "FENGSHAO_SMTP_PASSWORD"
    """Password; null for a relay that needs no login."""
    ca_file: str | None = None
    """The certificate authority of the server, where it is not a public one."""

    @model_validator(mode="after")
    def _no_password_in_clear(self) -> EmailSettings:
        if (self.username_env is None) != (self.password_env is None):
            raise ValueError("write both username_env and password_env, or null for both")
        if self.security == "none" and self.username_env is not None:
            raise ValueError("security none would send the password unencrypted: write starttls, or username_env: null")
        return self


class WebhookSettings(_Strict):
    """Events to the URLs in the column webhook of people.csv, signed with one secret.

    `previous_secret_env` signs too while receivers change to a new secret. Addresses inside `networks`, and plain http
    there, are allowed; all others must be public.
    """

    secret_env: str = "FENGSHAO_WEBHOOK_SECRET"
    """Secret that signs the events."""
    previous_secret_env: str | None = None
    """Former secret, which signs too while receivers change to the new one."""
    networks: tuple[Annotated[str, AfterValidator(_network)], ...] = ()
    """Private networks, and plain http, that events may be sent to."""
    expect: str = ""
    """A text that the answer must contain; empty when a status of 2xx is enough."""

    @property
    def allowed_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        return tuple(ip_network(text) for text in self.networks)


class ServiceSettings(_Strict):
    """One Apprise service: the environment variable of its URL."""

    url_env: str
    """URL of the service."""


class AppriseSettings(_Strict):
    """Services of Apprise, by the name that people.csv writes in the column apprise. Best effort only."""

    services: dict[EndpointName, ServiceSettings] = Field(min_length=1)
