"""Schema of site.yaml. Every setting has a default that is safe; secrets are named by environment variable."""

from __future__ import annotations

from functools import cache
from ipaddress import ip_network
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from alerts.channel_specs import CHANNELS
from app.config.access import AccessSettings
from app.config.exchange import ExchangeSettings
from app.config.message_settings import (
    AppriseSettings,
    EmailSettings,
    WebhookSettings,
    WeChatSettings,
    WeComRobotSettings,
)
from app.config.mqtt_settings import MqttSettings
from app.config.phone_settings import SmsSettings, VoiceSettings
from app.config.watch_settings import LogSettings, TraceSettings, WatchdogSettings
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
    """Received and not yet journaled; beyond it the socket is not read until half of it is left."""
    max_packet_bytes: Annotated[int, Field(ge=1024)] = 1024 * 1024
    """Of a larger message only the beginning is stored, and it is refused as `too_large`."""
    urgent_filters_max: Annotated[int, Field(ge=0, le=10_000)] = 256
    """Devices of urgent kinds that have a filter of their own in the urgent session."""
    filters: dict[str, list[Annotated[str, AfterValidator(_check_topic_filter)]]] = {}
    """Platform -> MQTT topic filters in place of its default ones; `[]` subscribes to none."""
    timezones: dict[str, Annotated[str, AfterValidator(_check_zone)]] = {}
    """Platform -> time zone of timestamps without an offset. The device attribute `timezone` overrides it."""


class ThrottleSettings(_Strict):
    """For tests only: makes an overload by limiting processing to `test_frames_per_s` (0: no limit) for `test_hold`."""

    test_frames_per_s: Annotated[int, Field(ge=0)] = 0
    """Messages that are processed, while the overload lasts; 0 is no limit."""
    test_hold: Duration = 60_000
    """How long the overload lasts."""


class RetentionSettings(_Strict):
    """How long each store keeps its records, in days."""

    journal_days: Annotated[int, Field(ge=1)] = 30
    """Received messages, byte for byte; never what has not been processed."""
    raw_days: Annotated[int, Field(ge=1)] = 90
    """Readings (with DuckDB; a history server has its own setting)."""
    minute_days: Annotated[int, Field(ge=1)] = 400
    """One-minute means of readings."""
    hour_days: Annotated[int, Field(ge=1)] = 3650
    """One-hour means of readings."""
    refusal_days: Annotated[int, Field(ge=1)] = 30
    """Messages that became no reading."""
    alert_days: Annotated[int, Field(ge=1)] = 1095
    """Settled alerts. Never shorter than `journal_days`: a replay of the journal would alert again."""
    audit_days: Annotated[int, Field(ge=1)] = 1095
    """The audit trail and ended silences."""
    photo_days: Annotated[int, Field(ge=1)] = 365
    """Photos of settled alerts and reports; they are deleted with their alert at the latest."""
    personal_days: Annotated[int, Field(ge=1)] = 365
    """Names, phones, free text and photos of settled alerts and reports; the alerts stay for the statistics. Never
    longer than `alert_days`."""


class BackupSettings(_Strict):
    """Backups by `fengshao backup`."""

    max_age: Duration = 0
    """Maintenance is told when the last backup is older; 0: no backups are asked for."""


class HistorySettings(_Strict):
    """Where time series are stored: in DIR (duckdb), or on a server that accepts InfluxDB line protocol.

    `spool_max_bytes`: what waits in DIR for a server that takes nothing; beyond it readings are in the journal only.
    """

    type: Literal["duckdb", "victoriametrics", "influxdb", "influxdb3"] = "duckdb"
    """The store: a file in DIR, or a server."""
    url: str = ""
    """Address of the server, such as `http://127.0.0.1:8428`."""
    org: str = "fengshao"
    """Organisation (InfluxDB 2)."""
    bucket: str = "fengshao"
    """Bucket (InfluxDB 2), `database/retention policy` (InfluxDB 1.8), or database (InfluxDB 3)."""
    token_env: str = "FENGSHAO_HISTORY_TOKEN"
    """Token of the server; it may be missing where the server asks for none."""
    spool_max_bytes: Annotated[int, Field(ge=16 * 1024**2)] = 8 * 1024**3
    """Readings that wait on disk for the server."""

    @property
    def needs_token(self) -> bool:
        """Whether the server is asked with a token."""
        return self.type in ("influxdb", "influxdb3")


class LedgerSettings(_Strict):
    """Where devices, people, alerts and messages are stored: in DIR, or on a PostgreSQL server."""

    url: str = ""
    """`postgresql://USER@HOST:5432/DATABASE`, with libpq's parameters where needed (`?sslmode=verify-full`) and without
    a password; empty: in the file DIR/ledger.db"""
    password_env: str = "FENGSHAO_LEDGER_PASSWORD"
    """Holds the password of the user in `url`. Where it is not set none is sent: the server may trust a certificate"""


class AliyunSmsSettings(_Strict):
    """One Aliyun account. The key id and secret are read from the named environment variables."""

    base_url: str = "https://dysmsapi.aliyuncs.com"
    """Address of the vendor."""
    access_key_id_env: str = "FENGSHAO_ALIYUN_KEY_ID"
    """Id of the access key."""
    access_key_secret_env: str = "FENGSHAO_ALIYUN_KEY_SECRET"
    """Secret of the access key."""
    callback_secret_env: str = "FENGSHAO_ALIYUN_CALLBACK_SECRET"
    """Last part of the URL to which the vendor pushes receipts and replies."""
    templates: dict[str, str] = {}
    """Template name as in alerts/messages/wording.zh.yaml -> TemplateCode that the vendor approved."""


class WeComSettings(_Strict):
    """One WeCom application. Secrets are read from the named environment variables."""

    base_url: str = "https://qyapi.weixin.qq.com"
    """Address of the vendor."""
    corp_id: str
    """Id of the enterprise (企业ID)."""
    agent_id: int
    """Id of the application (AgentId)."""
    secret_env: str = "FENGSHAO_WECOM_SECRET"
    """Secret of the application."""
    token_env: str = "FENGSHAO_WECOM_TOKEN"
    """Token of the callback."""
    aes_key_env: str = "FENGSHAO_WECOM_AES_KEY"
    """EncodingAESKey of the callback."""
    callback_secret_env: str = "FENGSHAO_WECOM_CALLBACK_SECRET"
    """Last part of the callback URL."""


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
    """Whether the public page accepts reports."""
    nearest_m: Annotated[int, Field(ge=1, le=5000)] = 300
    """How far a position may be from a registered place to mean that place."""
    client_hour: Annotated[int, Field(ge=1)] = 20
    """Reports from one address."""
    client_day: Annotated[int, Field(ge=1)] = 60
    """Reports from one address."""
    place_hour: Annotated[int, Field(ge=1)] = 15
    """Reports about one place."""
    phone_day: Annotated[int, Field(ge=1)] = 10
    """Reports with one phone number."""
    site_hour: Annotated[int, Field(ge=1)] = 300
    """Reports of all."""


class SiteSettings(_Strict):
    """The settings of one community (site.yaml)."""

    name: str = "枫哨"
    """Name of the community, on every screen."""
    area: str = ""
    """Province, city, district and street, for the top bar."""
    timezone: Annotated[str, AfterValidator(_check_zone)] = "Asia/Shanghai"
    """Device times without an offset and all duty hours are read in it."""
    sign: Annotated[str, Field(min_length=2, max_length=10)] = "枫哨预警"
    """The registered SMS signature, without brackets."""
    public_url: str = ""
    """Address of the console as phones reach it, for links in messages."""
    operators: Annotated[int, Field(ge=1, le=100)] = 1
    """Operator positions of the operations centre. Alarm load is measured for one of them (ISA-18.2, EEMUA 191)."""
    last_resort: tuple[str, ...] = ()
    """Ids of the people who are notified when no rung of a ladder reaches a person: unregistered devices, hours
    without a shift."""
    intake: IntakeSettings = IntakeSettings()
    mqtt: MqttSettings = MqttSettings()
    judging: ThrottleSettings = ThrottleSettings()
    retention: RetentionSettings = RetentionSettings()
    history: HistorySettings = HistorySettings()
    backup: BackupSettings = BackupSettings()
    ledger: LedgerSettings = LedgerSettings()
    channels: ChannelSettings = ChannelSettings()
    levels: dict[str, LevelRole] = {}
    """Level of places.csv -> its role, where the name does not tell: `楼座: building`."""
    texts: TextSettings = TextSettings()
    care_attributes: dict[str, str | LocalizedText] = dict(CARE)
    """Attributes of a person that a responder must know -> their display name, in display order."""
    http: HttpSettings = HttpSettings()
    access: AccessSettings = AccessSettings()
    watchdog: WatchdogSettings = WatchdogSettings()
    logs: LogSettings = LogSettings()
    traces: TraceSettings = TraceSettings()
    exchange: ExchangeSettings = ExchangeSettings()
    reports: ReportSettings = ReportSettings()
    checkpoint_every: Duration = 10_000
    """How often the state of the rule engine is saved; after a crash the journal is replayed from there."""

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
