"""The shape of wording.zh.yaml: every text that people read. Checked whole before anything starts.

Also checked: the vendor's rules for filed templates.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from alerts.alert import EscalationCause
from alerts.message import MessageKind
from alerts.messages.exercise import labelled
from alerts.messages.filed_texts import MAX_TEMPLATE, PersonalTemplate, PersonalTexts, RosterWords, checked_as_filed
from domain import Severity

_STRICT = ConfigDict(extra="forbid", frozen=True)


STATUSES: Final[Mapping[str, str]] = {
    "alert": "待接警",
    "escalate": "升级待接",
    "added": "又报新警",
    "summary": "多条待接",
    "assist": "请配合",
    "inform": "供知悉",
    "verify": "待核查",
    "verify_street": "待核查",
    "taken": "已接警",
    "clear": "已处置",
    "overdue": "已超时",
    "digest": "日报",
    "other": "有新进展",
}
ADDED_CHANNELS: Final[Mapping[str, str]] = {
    "wecom_robot": "企业微信群",
    "wechat": "微信",
    "email": "邮件",
    "webhook": "外部系统",
    "apprise": "其他通知",
}
"""Names of channels that files written for an earlier version lack."""


class SmsTemplate(BaseModel):
    """One filed template, for one kind of message and one hazard (`*`: any), with the vendor's code for each
    severity."""

    model_config = _STRICT

    name: str
    kind: MessageKind
    hazard: str
    variant: str = ""
    """Which template of this kind: see MessageContext.variant; `recovered` when the findings have ended meanwhile."""
    text: str = Field(min_length=1, max_length=MAX_TEMPLATE)
    codes: dict[Severity, str] = Field(min_length=1)

    @field_validator("text")
    @classmethod
    def _as_filed(cls, text: str) -> str:
        return checked_as_filed(text)


class SpeechTemplate(BaseModel):
    """One filed text of a phone call, for one kind of message and one hazard (`*`: any).

    Vendors refuse signs such as `:` and `-`, and some approve no variables: those read `fixed`.
    """

    model_config = _STRICT

    name: str
    kind: MessageKind
    hazard: str
    variant: str = ""
    """`owner`: for the person who has acknowledged, of a danger that joined."""
    text: str = Field(min_length=1, max_length=1000)
    fixed: str = Field(min_length=1, max_length=350)

    @field_validator("text", "fixed")
    @classmethod
    def _as_filed(cls, text: str) -> str:
        wrong = next((sign for sign in "#/:-%¥【】" if sign in text), None)
        if wrong is not None:
            raise ValueError(f"{wrong!r} is refused in a voice template: write words")
        if "}${" in text:
            raise ValueError("two variables may not be adjacent: write a word or a comma between them")
        return text


class CardTexts(BaseModel):
    """The texts of the WeCom card."""

    model_config = _STRICT

    source: str
    title: str
    escalated: str
    overdue: str
    time: str
    limit: str
    within: str
    reason: str
    data: str
    recovered: str
    added: str
    details: str
    take: str
    pass_: str = Field(alias="pass")
    arrive: str
    resolve: str
    received: str
    taken_by: str
    cleared: str
    person: str = "需帮助"
    assist: str = "{level}请配合 · {title}"
    nearby: str = "附近需要帮助 · {title}"
    help: str = "我去"
    no_help: str = "不去"
    helping: str = "感谢前往 · {title}"
    helped: str = "已有人前往"
    verify_title: str = "请核查 · {title}"
    verify_street_title: str = "请街道核查 · {title}"
    handover_title: str = "{level}转办 · {title}"
    verified: str = "核查无险情"
    still_dangerous: str = "仍有险情"
    accept: str = "受理"
    give_back: str = "退回"


class MailTexts(BaseModel):
    """The texts around a message in mails and group chats."""

    model_config = _STRICT

    level: str = "级别"
    place: str = "地点"
    advice: str = "处置"
    link: str = "打开页面处理"
    footer: str = "{sign}自动发送。请在页面里处理，直接回复本邮件无人处理。"
    view: str = "打开页面查看"
    view_footer: str = "{sign}自动发送，供您知悉，不需要回复。"
    group: str = "群内回复不算接警，请在自己收到的消息里操作。"


class DurationTexts(BaseModel):
    """Durations, in the unit a person would use."""

    model_config = _STRICT

    minute: str
    hour: str
    second: str = "{n}秒"
    """Below a minute."""
    day: str


class ServiceTexts(BaseModel):
    """Texts about the service itself."""

    model_config = _STRICT

    channel_down: str
    channel_advice: str
    of_provider: str = "{channel}（{provider}）"
    template_refused: str = "{channel}模板未通过"
    template_advice: str = "请到服务商控制台检查模板审核和变量，在此之前发固定文字。"
    receipts_missing: str = "{channel}收不到送达回执"
    receipts_advice: str = "请检查回执地址和网络，短信可能没有送到。"
    faults: dict[Literal["balance", "signature", "access", "network", "settings"], str] = {}
    """What an operator must mend, by SendResult.problem."""
    fixed: str = "您有告警，内容未能发出，请立即打开工作台或致电值班室。"
    """The text of a message whose own was refused; filed without variables."""


class TextCatalog(BaseModel):
    """The whole file."""

    model_config = _STRICT

    severities: dict[Severity, str]
    roles: dict[str, str] = {}
    """Chinese names of roles: those of roles.yaml; a name written here takes precedence."""
    channels: dict[str, str]
    providers: dict[str, str] = {}
    vias: dict[str, str]
    sms: tuple[SmsTemplate, ...]
    voice: tuple[SpeechTemplate, ...] = (
        SpeechTemplate(
            name="voice",
            kind=MessageKind.ALERT,
            hazard="*",
            text="{sign}安全预警，${title}，地点${place}，请立即到场。接警请按一，无法到场请按二，重听请按三。",
            fixed="{sign}安全预警，您负责的网格有告警，地址已发短信，请立即查看。接警请按一，无法到场请按二，重听请按三。",
        ),
    )
    personal: dict[MessageKind, PersonalTexts]
    roster_words: RosterWords
    card: CardTexts
    late: str
    retained: str
    spans: DurationTexts
    nowhere: str
    doors: str
    escalations: dict[EscalationCause, str]
    escalations_brief: dict[EscalationCause, str]
    unplaced: str = "位置未登记，设备{device}"
    unregistered: str = "位置未登记，{platform}尾号{end}"
    more: str = "{numbers}等"
    person: str = "{place}，{name}"
    people: str = "{name}等{count}人"
    dispositions: dict[str, str]
    overdue: dict[str, str]
    lapses: dict[str, str]
    refusals: dict[str, str]
    house: ServiceTexts
    timeline: dict[str, str]
    mail: MailTexts = MailTexts()
    statuses: dict[str, str] = dict(STATUSES)
    """Kind of message -> the state it reports, in at most five characters; `other` for the rest."""
    why: dict[str, str]
    problems: dict[str, str]

    def role_name(self, role: str) -> str:
        """The Chinese name of a role; its id when it has none."""
        return self.roles.get(role, role)

    @field_validator("channels", mode="before")
    @classmethod
    def _with_added_channels(cls, channels: object) -> object:
        return {**ADDED_CHANNELS, **channels} if isinstance(channels, dict) else channels

    @field_validator("statuses", mode="before")
    @classmethod
    def _with_all_statuses(cls, statuses: object) -> object:
        return {**STATUSES, **statuses} if isinstance(statuses, dict) else statuses

    def codes_by_name(self, own: Mapping[str, str]) -> dict[str, str]:
        """`name.severity` of every SMS text, and of its exercise, to its template code; `name` of those that belong to
        a person."""
        personal = {one.name: own.get(one.name) or one.code for one in self.personal_templates()}
        return personal | {
            f"{template.name}{suffix}.{severity.value}": template_code(template, severity, own, exercise=bool(suffix))
            for template in self.sms
            for severity in template.codes
            for suffix in ("", EXERCISE_SUFFIX)
        }

    def personal_templates(self) -> list[PersonalTemplate]:
        """The templates of messages that belong to a person."""
        return [template for texts in self.personal.values() for template in texts.sms]

    def templates_by_code(self, own: Mapping[str, str] | None = None, page: str = "") -> dict[str, str]:
        """Template code to text, with the severity and the address of the page for answers filled in: what the
        vendor must have approved."""
        texts = {(own or {}).get(one.name) or one.code: one.filed(page) for one in self.personal_templates()}
        for template in self.sms:
            for severity in template.codes:
                text = template.text.replace("{level}", self.severities[severity])
                texts[template_code(template, severity, own or {})] = text
                texts[template_code(template, severity, own or {}, exercise=True)] = labelled(text)
        return texts


EXERCISE_SUFFIX: Final = "-exercise"


def template_code(template: SmsTemplate, severity: Severity, own: Mapping[str, str], *, exercise: bool = False) -> str:
    """The site's own code for `name.severity`, else for `name`, else the code written in the catalog.

    The text of an exercise begins with its label, so it is filed apart: `name-exercise`, the catalog's code with `E`.
    """
    name, suffix = (f"{template.name}{EXERCISE_SUFFIX}", "E") if exercise else (template.name, "")
    return own.get(f"{name}.{severity.value}") or own.get(name) or template.codes[severity] + suffix
