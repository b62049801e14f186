"""Schema of the channels `sms` and `voice` in site.yaml: their providers, in the order in which they are tried."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from alerts.channels.channel import SendOutcome
from alerts.channels.http_sms import HEADER_VALUES, PLACEHOLDERS
from alerts.channels.json_paths import placeholders
from alerts.channels.providers import ProviderLimit
from domain.duration import Duration

ProviderName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
WebUrl = Annotated[str, Field(pattern=r"^https?://[!-~]+$", max_length=2000)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LimitSettings(_Strict):
    """At most `count` messages `within` a span, to one number, to one number with one template, or of the account."""

    count: Annotated[int, Field(ge=1)]
    """Messages."""
    within: Duration
    """Sliding span."""
    per: Literal["number", "template", "account"] = "number"
    """What is counted together."""

    def value(self) -> ProviderLimit:
        return ProviderLimit(self.within, self.count, self.per)


class _Provider(_Strict):
    """`templates`: name of a text in wording.zh.yaml, or name.severity -> the provider's code of the approved template.
    `fallback_template`: a filed text without variables, for a message whose own template is refused.
    """

    templates: dict[str, str] = {}
    """Name of a text in wording.zh.yaml, or name.severity -> code of the template that the provider approved."""
    fallback_template: str = ""
    """Code of a template without variables, for a message whose own template is refused."""
    limits: tuple[LimitSettings, ...]
    """What the provider accepts; beyond it the next provider is used."""


_DAY, _HOUR, _MINUTE = 86_400_000, 3_600_000, 60_000


def _limit(count: int, within: int, per: Literal["number", "template", "account"] = "number") -> LimitSettings:
    return LimitSettings.model_construct(count=count, within=within, per=per)


class AliyunSmsProviderSettings(_Provider):
    """Aliyun: 50 notifications in 24 h to one number with one template."""

    type: Literal["aliyun"]
    """The vendor."""
    name: ProviderName = "aliyun"
    """Name of this provider; two of one vendor need two names."""
    base_url: WebUrl = "https://dysmsapi.aliyuncs.com"
    """Address of the vendor."""
    access_key_id_env: str = "FENGSHAO_ALIYUN_KEY_ID"
    """Id of the access key."""
    access_key_secret_env: str = "FENGSHAO_ALIYUN_KEY_SECRET"
    """Secret of the access key."""
    callback_secret_env: str = "FENGSHAO_ALIYUN_CALLBACK_SECRET"
    """Last part of the URL to which the vendor pushes receipts and replies."""
    limits: tuple[LimitSettings, ...] = (_limit(50, _DAY, "template"),)


class _Tencent(_Provider):
    app_id: str
    """SdkAppId of the application."""
    region: str = "ap-guangzhou"
    """Region of the vendor."""
    secret_id_env: str = "FENGSHAO_TENCENT_SECRET_ID"
    """Id of the key."""
    secret_key_env: str = "FENGSHAO_TENCENT_SECRET_KEY"
    """Secret of the key."""
    callback_secret_env: str = "FENGSHAO_TENCENT_CALLBACK_SECRET"
    """Last part of the URL to which the vendor pushes receipts and replies."""


class TencentSmsProviderSettings(_Tencent):
    """Tencent: by default 2 messages a day to one number; write `limits` when the vendor has raised it."""

    type: Literal["tencent"]
    """The vendor."""
    name: ProviderName = "tencent"
    """Name of this provider; two of one vendor need two names."""
    base_url: WebUrl = "https://sms.tencentcloudapi.com"
    """Address of the vendor."""
    limits: tuple[LimitSettings, ...] = (_limit(2, _DAY),)
    pull: bool = False
    """Fetch receipts and replies, for a site that nothing can call; the vendor must enable it."""


class AnswerSettings(_Strict):
    """Where the gateway's answer says what happened; see alerts.channels.http_sms.Answer."""

    success: str
    """Regular expression that the value at `code_path` must match, or that must be found in the answer."""
    code_path: str = ""
    """Path of the code in a JSON answer."""
    id_path: str = ""
    """Path of the id of the message."""
    outcomes: dict[str, SendOutcome] = {}
    """Other codes by what they mean; one that is not listed may mean that it was sent."""


class CallbackSettings(_Strict):
    """Where the gateway's pushes say what happened; see alerts.channels.http_sms.Callbacks."""

    items: str = ""
    """Path of the list of items; empty when a push is one item."""
    delivery_path: str = ""
    """Path of our id of the message."""
    id_path: str = ""
    """Path of the gateway's id of the message."""
    status_path: str = ""
    """Path of the status."""
    delivered: tuple[str, ...] = ()
    """Statuses that mean delivered."""
    failed: tuple[str, ...] = ()
    """Statuses that mean undelivered; others say nothing final."""
    phone_path: str = ""
    """Path of the number that replied."""
    text_path: str = ""
    """Path of the text of a reply."""
    text_id_path: str = ""
    """Path of the id of a reply."""
    signature_header: str = ""
    """Header with the hex HMAC-SHA256 of the body."""
    signature_secret_env: str = ""
    """Secret of that signature."""
    reply: str = "ok"
    """Body that the gateway expects as answer."""

    @model_validator(mode="after")
    def _signature_has_a_secret(self) -> Self:
        if bool(self.signature_header) != bool(self.signature_secret_env):
            raise ValueError("signature_header and signature_secret_env belong together: write both, or neither")
        return self


class HttpSmsProviderSettings(_Provider):
    """A gateway described by its request and its answers."""

    type: Literal["http"]
    """Any gateway with an HTTP interface."""
    name: ProviderName = "http"
    """Name of this provider."""
    url: WebUrl
    """Address; may contain placeholders such as `{phone}`, `{text}`, `{id}`."""
    method: Literal["GET", "POST", "PUT"] = "POST"
    """HTTP method."""
    headers: dict[str, str] = {}
    """Headers, with placeholders."""
    body: dict[str, Any] = {}
    """Body, with placeholders."""
    encoding: Literal["json", "form"] = "json"
    """How the body is sent."""
    secret_env: str = ""
    """Environment variable whose value replaces `{secret}`."""
    callback_secret_env: str = "FENGSHAO_GATEWAY_CALLBACK_SECRET"
    """Last part of the URL to which the gateway pushes."""
    answer: AnswerSettings
    callbacks: CallbackSettings = CallbackSettings()
    limits: tuple[LimitSettings, ...] = ()

    @model_validator(mode="after")
    def _known_placeholders(self) -> Self:
        used = placeholders([self.url, self.headers, self.body])
        unknown = sorted(name for name in used if name not in PLACEHOLDERS and not name.startswith("params."))
        if unknown:
            known = ", ".join(f"{{{name}}}" for name in (*PLACEHOLDERS, "params.NAME"))
            raise ValueError(f"{{{unknown[0]}}} is no placeholder: known are {known}")
        if "secret" in used and not self.secret_env:
            raise ValueError("{secret} is used: write secret_env, the environment variable that holds it")
        wrong = [name for name, value in self.headers.items() if not HEADER_VALUES.fullmatch(value)]
        if wrong:
            raise ValueError(f"headers: {wrong[0]}: write ASCII in one line")
        return self


SmsProviderSettings = Annotated[
    AliyunSmsProviderSettings | TencentSmsProviderSettings | HttpSmsProviderSettings, Field(discriminator="type")
]


class AliyunVoiceProviderSettings(_Provider):
    """Aliyun: a bought number (`show_number`) and `menu` are needed to hear keys, and only a key acknowledges.

    `menu`: key -> code of the template that is read after it.
    """

    type: Literal["aliyun"]
    """The vendor."""
    name: ProviderName = "aliyun"
    """Name of this provider; two of one vendor need two names."""
    base_url: WebUrl = "https://dyvmsapi.aliyuncs.com"
    """Address of the vendor."""
    access_key_id_env: str = "FENGSHAO_ALIYUN_KEY_ID"
    """Id of the access key."""
    access_key_secret_env: str = "FENGSHAO_ALIYUN_KEY_SECRET"
    """Secret of the access key."""
    callback_secret_env: str = "FENGSHAO_ALIYUN_CALLBACK_SECRET"
    """Last part of the URL to which the vendor pushes what was pressed."""
    show_number: str = ""
    """The bought number that calls; needed to hear keys."""
    menu: dict[Annotated[str, Field(pattern=r"^[0-9*#]$")], str] = {}
    """Key -> code of the template that is read after it."""
    bye: str = ""
    """Code of the template that is read at the end."""
    limits: tuple[LimitSettings, ...] = (_limit(1, _MINUTE), _limit(5, _HOUR), _limit(20, _DAY))


class TencentVoiceProviderSettings(_Tencent):
    """Tencent: by default 1 call in 30 s, 2 in 10 minutes, 3 a day to one number."""

    type: Literal["tencent"]
    """The vendor."""
    name: ProviderName = "tencent"
    """Name of this provider; two of one vendor need two names."""
    base_url: WebUrl = "https://vms.tencentcloudapi.com"
    """Address of the vendor."""
    limits: tuple[LimitSettings, ...] = (_limit(1, _MINUTE // 2), _limit(2, 10 * _MINUTE), _limit(3, _DAY))


VoiceProviderSettings = Annotated[
    AliyunVoiceProviderSettings | TencentVoiceProviderSettings, Field(discriminator="type")
]


class _Providers(_Strict):
    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [provider.name for provider in getattr(self, "providers", ())]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"two providers are called {twice}: write a name for one of them")
        return self


class SmsSettings(_Providers):
    """The channel `sms`."""

    providers: Annotated[tuple[SmsProviderSettings, ...], Field(min_length=1)]
    """In the order in which they are tried."""


class VoiceSettings(_Providers):
    """The channel `voice`."""

    providers: Annotated[tuple[VoiceProviderSettings, ...], Field(min_length=1)]
    """In the order in which they are tried."""
