"""What a channel carries of a message, by the content that its specification names: a text, a mail, an event, keywords.

Every form contains the same sentence, the text message of this kind without reply codes, so that wording, audience and
the mark of an exercise are decided in one place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import structs

from alerts.alert import Alert
from alerts.channel_specs import ChannelSpec, Content
from alerts.message import CALL_KINDS, MessageKind
from alerts.messages import exercise
from alerts.messages.keywords import MAX_THING, KeywordTemplate, fitted, template_for
from alerts.messages.mails import Facts, mail_html, mail_text, subject_of
from alerts.messages.renderer import MessageContext, MessageRenderer
from alerts.messages.speech import INSTEAD, spoken, spoken_instead
from domain import MINUTE, Severity

EVENT_TYPE: Final = "cn.fengshao.alert"
"""Types of events begin with it, a kind of message follows: `cn.fengshao.alert.escalate`."""
_COLOURS: Final = {Severity.CRITICAL: "warning", Severity.HIGH: "warning"}
_ASKING_NOTHING: Final = (
    MessageKind.INFORM,
    MessageKind.ACKNOWLEDGED,
    MessageKind.RESOLVED,
    MessageKind.DIGEST,
)
_OTHER_COLOUR: Final = "comment"

Payload = dict[str, object]


class ContentRenderer:
    """Renders payloads of deliveries with the texts of a site and the keyword templates of its WeChat account."""

    def __init__(
        self, renderer: MessageRenderer, keyword_templates: Mapping[str, KeywordTemplate] | None = None
    ) -> None:
        self.renderer, self._templates = renderer, dict(keyword_templates or {})
        self._forms: dict[Content, Callable[[Alert, MessageContext, str], Payload]] = {
            Content.MAIL: self._mail,
            Content.NOTICE: self._notice,
            Content.EVENT: self._event,
            Content.GROUP: self._group,
            Content.KEYWORDS: self._keywords,
            Content.SPEECH: self._speech,
        }

    def payload(self, spec: ChannelSpec, alert: Alert, context: MessageContext, page: str = "") -> Payload:
        """The payload of a message that is no card; `page` is the URL of the recipient's page for this alert."""
        form = self._forms.get(spec.content)
        return structs.asdict(self.renderer.sms(alert, context)) if form is None else form(alert, context, page)

    def sentence(self, alert: Alert, context: MessageContext) -> str:
        """The text message without signature and reply codes."""
        uncoded = structs.replace(context, coded=False, number=None)
        return self.renderer.sms(alert, uncoded).text.removeprefix(f"【{self.renderer.sign}】")

    def _mail(self, alert: Alert, context: MessageContext, page: str) -> Payload:
        texts, text = self.renderer.catalog.mail, self.sentence(alert, context)
        asks_nothing = context.kind in _ASKING_NOTHING
        link, footer = (texts.view, texts.view_footer) if asks_nothing else (texts.link, texts.footer)
        parts = (text, self._facts(alert, context), link, page, footer.format(sign=self.renderer.sign))
        return {
            "subject": subject_of(text),
            "text": mail_text(*parts),
            "html": mail_html(*parts),
            "thread": f"alert-{alert.id}",
            "urgent": alert.severity is Severity.CRITICAL and context.kind in CALL_KINDS,
        }

    def _notice(self, alert: Alert, context: MessageContext, page: str) -> Payload:
        text = self.sentence(alert, context)
        return {"subject": subject_of(text), "text": f"{text}\n{page}" if page else text}

    def _event(self, alert: Alert, context: MessageContext, page: str) -> Payload:
        data: Payload = {
            "alert": alert.id,
            "kind": context.kind.value,
            "text": self.sentence(alert, context),
            "title": alert.title,
            "severity": alert.severity.value,
            "ledger": alert.ledger.value,
            "hazard": alert.hazard,
            "state": alert.state.value,
            "address": self.renderer.address(alert),
            "place": alert.place,
            "device": alert.device,
            "started_at": self.renderer.iso_time(alert.danger_at),
            "opened_at": self.renderer.iso_time(alert.opened_at),
            "arrive_within_minutes": context.limit_ms // MINUTE or None,
            "owner": alert.owner_name,
            "page": page or None,
        }
        return {"type": f"{EVENT_TYPE}.{context.kind.value}", "subject": str(alert.id), "data": data}

    def _group(self, alert: Alert, context: MessageContext, page: str) -> Payload:
        del page  # a page belongs to one person, and a group is many
        texts, colour = self.renderer.catalog.mail, _COLOURS.get(alert.severity, _OTHER_COLOUR)
        lines = [f'<font color="{colour}">{_plain(self.sentence(alert, context))}</font>']
        lines += [f"> {_plain(label)}：{_plain(value)}" for label, value in self._facts(alert, context, is_brief=True)]
        if context.kind in CALL_KINDS:
            lines.append(texts.group)
        return {"markdown": "\n".join(lines)}

    def _keywords(self, alert: Alert, context: MessageContext, page: str) -> Payload:
        template = template_for(self._templates, context.kind.value) or KeywordTemplate("", {})
        values = self._values(alert, context)
        data = {
            keyword: self.renderer.full_time(context.at or alert.danger_at)
            if keyword.startswith(("time", "date"))
            else fitted(keyword, values.get(variable, variable))
            for keyword, variable in template.data.items()
        }
        if alert.exercise:
            data |= _with_label(data)
        return {"template": template.id, "data": data, "url": page, "text": self.sentence(alert, context)}

    def _speech(self, alert: Alert, context: MessageContext, page: str) -> Payload:
        del page
        call = structs.asdict(spoken(self.renderer, alert, context))
        return {**call, INSTEAD: spoken_instead(self.renderer, alert)} if context.kind is MessageKind.ADDED else call

    def _values(self, alert: Alert, context: MessageContext) -> dict[str, str]:
        renderer, texts = self.renderer, self.renderer.catalog
        return {
            "title": alert.title,
            "level": texts.severities[alert.severity],
            "time": renderer.event_time(alert, context.now),
            "place": renderer.address(alert),
            "limit": renderer.format_duration(context.limit_ms) if context.limit_ms else "-",
            "name": context.name or alert.owner_name or "-",
            "status": texts.statuses.get(context.kind.value, texts.statuses["other"]),
            "text": self.sentence(alert, context),
            "advice": alert.advice or "-",
            "number": str(alert.id),
            "sign": renderer.sign,
        }

    def _facts(self, alert: Alert, context: MessageContext, is_brief: bool = False) -> Facts:
        card, renderer = self.renderer.catalog.card, self.renderer
        mail = renderer.catalog.mail
        facts = [(mail.level, renderer.catalog.severities[alert.severity]), (mail.place, renderer.address(alert))]
        facts.append((card.time, renderer.event_time(alert, context.now)))
        if context.kind in CALL_KINDS and context.limit_ms:
            facts.append((card.limit, card.within.format(span=renderer.format_duration(context.limit_ms))))
        if context.kind is MessageKind.ESCALATE:
            facts.append((card.reason, renderer.escalation_reason(alert, context.now)))
        if context.affected_name:
            facts.append((card.person, context.affected_name))
        if alert.advice:
            facts.append((mail.advice, alert.advice))
        return [fact for fact in facts if fact[0] == mail.advice] if is_brief else facts


def _with_label(data: Mapping[str, str]) -> dict[str, str]:
    """The first keyword of free text, labelled as an exercise: a value that is too long is cut at its beginning."""
    first = next((keyword for keyword in data if keyword.startswith("thing")), None)
    return {} if first is None else {first: exercise.labelled(data[first])[:MAX_THING]}


def _plain(text: str) -> str:
    """The text without the signs that would be a mention, a colour or a link in WeCom's markdown."""
    return text.replace("<", "＜").replace(">", "＞").replace("[", "［").replace("]", "］")
