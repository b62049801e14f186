"""The shape of a site folder's site.yaml, and where secrets come from: the environment, never the file."""

from __future__ import annotations

from functools import cache
from ipaddress import ip_network
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from domain.care import CARE
from domain.duration import Duration
from domain.kind import Words
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
    """How much may wait before we stop reading the broker's socket."""

    client_id: Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,40}$")] | None = None
    """Our name at the broker. Left out, each DIR has its own: two services of one name take each other's messages."""
    max_pending_bytes: Annotated[int, Field(ge=64 * 1024)] = 64 * 1024 * 1024
    max_packet_bytes: Annotated[int, Field(ge=1024)] = 1024 * 1024
    urgent_filters_max: Annotated[int, Field(ge=0, le=10_000)] = 256
    filters: dict[str, list[Annotated[str, AfterValidator(_check_topic_filter)]]] = {}
    """By platform: the MQTT filters to listen to in place of its default ones. `[]`: not over MQTT."""
    timezones: dict[str, Annotated[str, AfterValidator(_check_zone)]] = {}
    """By platform: the zone of times that are written without one. A device's attribute `timezone` goes before."""


class ThrottleSettings(_Strict):
    """For tests only: an overload is made by holding judging, for so long, to so many frames a second (0: not held)."""

    test_frames_per_s: Annotated[int, Field(ge=0)] = 0
    test_hold: Duration = 60_000


class RetentionSettings(_Strict):
    """How long each memory lasts, in days. The journal is the first proof of what was said."""

    journal_days: Annotated[int, Field(ge=1)] = 30
    raw_days: Annotated[int, Field(ge=1)] = 90
    minute_days: Annotated[int, Field(ge=1)] = 400
    hour_days: Annotated[int, Field(ge=1)] = 3650
    refusal_days: Annotated[int, Field(ge=1)] = 30
    alert_days: Annotated[int, Field(ge=1)] = 1095
    """Settled alerts. Never shorter than `journal_days`: a replay of the journal would alert again."""
    audit_days: Annotated[int, Field(ge=1)] = 1095


class HistorySettings(_Strict):
    """Where time series are kept: in DIR (duckdb), or on a server that speaks line protocol."""

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
    """Our template name -> the TemplateCode the vendor approved; names as in alerts/messages/wording.zh.yaml."""


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
    aliyun_sms: AliyunSmsSettings | None = None
    wecom: WeComSettings | None = None


class TextSettings(_Strict):
    """What a text message may say beyond the danger and the door."""

    person_name: bool = False
    """The name of who may need help. Text messages lie open on a phone: off unless the site allows it."""


def _check_network(text: str) -> str:
    try:
        network = ip_network(text)
    except ValueError:
        raise ValueError(f"{text!r} is no address: write one like 127.0.0.1, or a network like 10.0.0.0/24") from None
    if network.prefixlen == 0:
        raise ValueError(f"{text!r} is everybody: write the address of the proxy")
    return text


class HttpSettings(_Strict):
    """Who stands between us and the browsers."""

    trusted_proxies: tuple[Annotated[str, AfterValidator(_check_network)], ...] = ()
    """Reverse proxies: only what these say in X-Forwarded-For and X-Forwarded-Proto is believed."""


class SiteSettings(_Strict):
    """One community's settings (site.yaml). Everything has a default that is safe."""

    name: str = "枫哨"
    area: str = ""
    timezone: Annotated[str, AfterValidator(_check_zone)] = "Asia/Shanghai"
    sign: Annotated[str, Field(min_length=2, max_length=10)] = "枫哨预警"
    public_url: str = ""
    last_resort: tuple[str, ...] = ()
    """Ids of the people who are called when no rung of a ladder reaches anybody: unregistered devices, nights
    without a shift."""
    intake: IntakeSettings = IntakeSettings()
    judging: ThrottleSettings = ThrottleSettings()
    retention: RetentionSettings = RetentionSettings()
    history: HistorySettings = HistorySettings()
    channels: ChannelSettings = ChannelSettings()
    levels: dict[str, LevelRole] = {}
    """What a level of places.csv is for, where its name does not say it: `楼座: building`."""
    texts: TextSettings = TextSettings()
    care_attributes: dict[str, str | Words] = dict(CARE)
    """Attributes of a person that whoever goes to help must know, in this order, and how they are called."""
    http: HttpSettings = HttpSettings()
    checkpoint_every: Duration = 10_000

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def care(self) -> dict[str, Words]:
        """The attributes that matter for help, with their names in both languages."""
        named = self.care_attributes.items()
        return {name: Words(zh=said, en=name) if isinstance(said, str) else said for name, said in named}
