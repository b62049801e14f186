"""Schema of site.yaml. Every setting has a default that is safe; secrets are named by environment variable."""

from __future__ import annotations

from functools import cache
from ipaddress import ip_network
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from alerts.channel_specs import CHANNELS
from app.config.exchange import ExchangeSettings
from app.config.message_settings import (
    AppriseSettings,
    EmailSettings,
    WebhookSettings,
    WeChatSettings,
    WeComRobotSettings,
)
from app.config.phone_settings import SmsSettings, VoiceSettings
from domain.care import CARE
from domain.duration import Duration
from domain.kind import LocalizedText
from domain.levels import LevelRole
from ingest.topics import filter_fault


@cache
def _timezones() -> frozenset[str]:
    return frozenset(available_timezones())  # walks the time zone database on every call


def _check_zone(name: str) -> str:
    if name not in _timezones():
        raise ValueError(f"{name!r} is no time zone: write one like Asia/Shanghai")
    return name


def _check_topic_filter(text: str) -> str:
    fault = filter_fault(text)
    if fault is not None:
        raise ValueError(fault)
    return text


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class IntakeSettings(_Strict):
    """MQTT intake: client id, subscriptions, and how much may wait before the broker's socket is no longer read."""

    client_id: Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,40}$")] | None = None
    """MQTT client id. Default: one for each DIR, because two services with one client id take over each other's
    session."""
    max_pending_bytes: Annotated[int, Field(ge=64 * 1024)] = 64 * 1024 * 1024
    max_packet_bytes: Annotated[int, Field(ge=1024)] = 1024 * 1024
    urgent_filters_max: Annotated[int, Field(ge=0, le=10_000)] = 256
    filters: dict[str, list[Annotated[str, AfterValidator(_check_topic_filter)]]] = {}
    """Platform -> MQTT topic filters in place of its default ones; `[]` subscribes to none."""
    timezones: dict[str, Annotated[str, AfterValidator(_check_zone)]] = {}
    """Platform -> time zone of timestamps without an offset. The device attribute `timezone` overrides it."""


class ThrottleSettings(_Strict):
    """For tests only: makes an overload by limiting processing to `test_frames_per_s` (0: no limit) for `test_hold`."""

    test_frames_per_s: Annotated[int, Field(ge=0)] = 0
    test_hold: Duration = 60_000


class RetentionSettings(_Strict):
    """How long each store keeps its records, in days."""

    journal_days: Annotated[int, Field(ge=1)] = 30
    raw_days: Annotated[int, Field(ge=1)] = 90
    minute_days: Annotated[int, Field(ge=1)] = 400
    hour_days: Annotated[int, Field(ge=1)] = 3650
    refusal_days: Annotated[int, Field(ge=1)] = 30
    alert_days: Annotated[int, Field(ge=1)] = 1095
    """Settled alerts. Never shorter than `journal_days`: a replay of the journal would alert again."""
    audit_days: Annotated[int, Field(ge=1)] = 1095
    photo_days: Annotated[int, Field(ge=1)] = 365
    """Photos of settled alerts and reports; they are deleted with their alert at the latest."""


class HistorySettings(_Strict):
    """Where time series are stored: in DIR (duckdb), or on a server that accepts InfluxDB line protocol."""

    type: Literal["duckdb", "victoriametrics", "influxdb"] = "duckdb"
    url: str = ""
    org: str = "fengshao"
    bucket: str = "fengshao"
    token_env: str = "FENGSHAO_HISTORY_TOKEN"


class AliyunSmsSettings(_Strict):
    """One Aliyun account. The key id and secret are read from the named environment variables."""

    base_url: str = "https://dysmsapi.aliyuncs.com"
    access_key_id_env: str = "FENGSHAO_ALIYUN_KEY_ID"
    access_key_secret_env: str = "FENGSHAO_ALIYUN_KEY_SECRET"
    callback_secret_env: str = "FENGSHAO_ALIYUN_CALLBACK_SECRET"
    templates: dict[str, str] = {}
    """Template name as in alerts/messages/wording.zh.yaml -> TemplateCode that the vendor approved."""


class WeComSettings(_Strict):
    """One WeCom application. Secrets are read from the named environment variables."""

    base_url: str = "https://qyapi.weixin.qq.com"
    corp_id: str
    agent_id: int
    secret_env: str = "FENGSHAO_WECOM_SECRET"
    token_env: str = "FENGSHAO_WECOM_TOKEN"
    aes_key_env: str = "FENGSHAO_WECOM_AES_KEY"
    callback_secret_env: str = "FENGSHAO_WECOM_CALLBACK_SECRET"


class ChannelSettings(_Strict):
    """The notification channels of a site; None is not configured."""

    sms: SmsSettings | None = None
    voice: VoiceSettings | None = None
    aliyun_sms: AliyunSmsSettings | None = None
    """The channel `sms` with one provider, as it was written before `sms`."""
    wecom: WeComSettings | None = None
    wecom_robot: WeComRobotSettings | None = None
    wechat: WeChatSettings | None = None
    email: EmailSettings | None = None
    webhook: WebhookSettings | None = None
    apprise: AppriseSettings | None = None

    @model_validator(mode="after")
    def _one_way_to_write_sms(self) -> Self:
        if self.sms is not None and self.aliyun_sms is not None:
            raise ValueError("sms and aliyun_sms are one channel: write `- {type: aliyun, ...}` under sms.providers")
        return self

    @property
    def configured(self) -> tuple[str, ...]:
        """The names of the channels that are configured, as ladders write them."""
        own = {"sms": self.aliyun_sms}
        return tuple(name for name in CHANNELS if own.get(name) or getattr(self, name, None))


class TextSettings(_Strict):
    """Personal data that text messages may contain."""

    person_name: bool = False
    """The name of the person who may need help. Text messages are readable on a locked phone: off by default."""


class WatchdogSettings(_Strict):
    """An external checker that expects a heartbeat every minute and calls somebody when it stops."""

    url: Annotated[str, Field(pattern=r"^(https?://\S+)?$")] = ""


def _check_network(text: str) -> str:
    try:
        network = ip_network(text)
    except ValueError:
        raise ValueError(f"{text!r} is no address: write one like 127.0.0.1, or a network like 10.0.0.0/24") from None
    if network.prefixlen == 0:
        raise ValueError(f"{text!r} is everybody: write the address of the proxy")
    return text


class HttpSettings(_Strict):
    """Reverse proxies between the service and the browsers."""

    trusted_proxies: tuple[Annotated[str, AfterValidator(_check_network)], ...] = ()
    """Addresses whose X-Forwarded-For and X-Forwarded-Proto headers are trusted; those of others are ignored."""


class ReportSettings(_Strict):
    """Reports of citizens: whether the public page is open, and how many reports are accepted."""

    enabled: bool = True
    nearest_m: Annotated[int, Field(ge=1, le=5000)] = 300
    """How far a position may be from a registered place to mean that place."""
    client_hour: Annotated[int, Field(ge=1)] = 20
    client_day: Annotated[int, Field(ge=1)] = 60
    place_hour: Annotated[int, Field(ge=1)] = 15
    phone_day: Annotated[int, Field(ge=1)] = 10
    site_hour: Annotated[int, Field(ge=1)] = 300


class SiteSettings(_Strict):
    """The settings of one community (site.yaml)."""

    name: str = "枫哨"
    area: str = ""
    timezone: Annotated[str, AfterValidator(_check_zone)] = "Asia/Shanghai"
    sign: Annotated[str, Field(min_length=2, max_length=10)] = "枫哨预警"
    public_url: str = ""
    operators: Annotated[int, Field(ge=1, le=100)] = 1
    """Operator positions of the operations centre. Alarm load is measured for one of them (ISA-18.2, EEMUA 191)."""
    last_resort: tuple[str, ...] = ()
    """Ids of the people who are notified when no rung of a ladder reaches a person: unregistered devices, hours
    without a shift."""
    intake: IntakeSettings = IntakeSettings()
    judging: ThrottleSettings = ThrottleSettings()
    retention: RetentionSettings = RetentionSettings()
    history: HistorySettings = HistorySettings()
    channels: ChannelSettings = ChannelSettings()
    levels: dict[str, LevelRole] = {}
    """Level of places.csv -> its role, where the name does not tell: `楼座: building`."""
    texts: TextSettings = TextSettings()
    care_attributes: dict[str, str | LocalizedText] = dict(CARE)
    """Attributes of a person that a responder must know -> their display name, in display order."""
    http: HttpSettings = HttpSettings()
    watchdog: WatchdogSettings = WatchdogSettings()
    exchange: ExchangeSettings = ExchangeSettings()
    reports: ReportSettings = ReportSettings()
    checkpoint_every: Duration = 10_000

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def care(self) -> dict[str, LocalizedText]:
        """`care_attributes` with display names in both languages."""
        attributes = self.care_attributes.items()
        return {
            name: LocalizedText(zh=label, en=name) if isinstance(label, str) else label for name, label in attributes
        }
