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
    within: Duration
    per: Literal["number", "template", "account"] = "number"

    def value(self) -> ProviderLimit:
        return ProviderLimit(self.within, self.count, self.per)


class _Provider(_Strict):
    """`templates`: name of a text in wording.zh.yaml, or name.severity -> the provider's code of the approved template.
    `fallback_template`: a filed text without variables, for a message whose own template is refused.
    """

    templates: dict[str, str] = {}
    fallback_template: str = ""
    limits: tuple[LimitSettings, ...]


_DAY, _HOUR, _MINUTE = 86_400_000, 3_600_000, 60_000


def _limit(count: int, within: int, per: Literal["number", "template", "account"] = "number") -> LimitSettings:
    return LimitSettings.model_construct(count=count, within=within, per=per)


class AliyunSmsProviderSettings(_Provider):
    """Aliyun: 50 notifications in 24 h to one number with one template."""

    type: Literal["aliyun"]
    name: ProviderName = "aliyun"
    base_url: WebUrl = "https://dysmsapi.aliyuncs.com"
    access_key_id_env: str = "FENGSHAO_ALIYUN_KEY_ID"
    access_key_secret_env: str = "FENGSHAO_ALIYUN_KEY_SECRET"
    callback_secret_env: str = "FENGSHAO_ALIYUN_CALLBACK_SECRET"
    limits: tuple[LimitSettings, ...] = (_limit(50, _DAY, "template"),)


class _Tencent(_Provider):
    app_id: str
    region: str = "ap-guangzhou"
    secret_id_env: str = "FENGSHAO_TENCENT_SECRET_ID"
    secret_key_env: str = "FENGSHAO_TENCENT_SECRET_KEY"
    callback_secret_env: str = "FENGSHAO_TENCENT_CALLBACK_SECRET"


class TencentSmsProviderSettings(_Tencent):
    """Tencent: by default 2 messages a day to one number; write `limits` when the vendor has raised it."""

    type: Literal["tencent"]
    name: ProviderName = "tencent"
    base_url: WebUrl = "https://sms.tencentcloudapi.com"
    limits: tuple[LimitSettings, ...] = (_limit(2, _DAY),)
    pull: bool = False
    """Fetch receipts and replies, for a site that nothing can call; the vendor must enable it."""


class AnswerSettings(_Strict):
    """Where the gateway's answer says what happened; see alerts.channels.http_sms.Answer."""

    success: str
    code_path: str = ""
    id_path: str = ""
    outcomes: dict[str, SendOutcome] = {}


class CallbackSettings(_Strict):
    """Where the gateway's pushes say what happened; see alerts.channels.http_sms.Callbacks."""

    items: str = ""
    delivery_path: str = ""
    id_path: str = ""
    status_path: str = ""
    delivered: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    phone_path: str = ""
    text_path: str = ""
    text_id_path: str = ""
    signature_header: str = ""
    signature_secret_env: str = ""
    reply: str = "ok"

    @model_validator(mode="after")
    def _signature_has_a_secret(self) -> Self:
        if bool(self.signature_header) != bool(self.signature_secret_env):
            raise ValueError("signature_header and signature_secret_env belong together: write both, or neither")
        return self


class HttpSmsProviderSettings(_Provider):
    """A gateway described by its request and its answers."""

    type: Literal["http"]
    name: ProviderName = "http"
    url: WebUrl
    method: Literal["GET", "POST", "PUT"] = "POST"
    headers: dict[str, str] = {}
    body: dict[str, Any] = {}
    encoding: Literal["json", "form"] = "json"
    secret_env: str = ""
    """Environment variable whose value replaces `{secret}`."""
    callback_secret_env: str = "FENGSHAO_GATEWAY_CALLBACK_SECRET"
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
    name: ProviderName = "aliyun"
    base_url: WebUrl = "https://dyvmsapi.aliyuncs.com"
    access_key_id_env: str = "FENGSHAO_ALIYUN_KEY_ID"
    access_key_secret_env: str = "FENGSHAO_ALIYUN_KEY_SECRET"
    callback_secret_env: str = "FENGSHAO_ALIYUN_CALLBACK_SECRET"
    show_number: str = ""
    menu: dict[Annotated[str, Field(pattern=r"^[0-9*#]$")], str] = {}
    bye: str = ""
    limits: tuple[LimitSettings, ...] = (_limit(1, _MINUTE), _limit(5, _HOUR), _limit(20, _DAY))


class TencentVoiceProviderSettings(_Tencent):
    """Tencent: by default 1 call in 30 s, 2 in 10 minutes, 3 a day to one number."""

    type: Literal["tencent"]
    name: ProviderName = "tencent"
    base_url: WebUrl = "https://vms.tencentcloudapi.com"
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


class VoiceSettings(_Providers):
    """The channel `voice`."""

    providers: Annotated[tuple[VoiceProviderSettings, ...], Field(min_length=1)]
