"""Messages that belong to a person and to no alert: rendered for each channel that reaches one person. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct, convert, structs, to_builtins

from alerts.channel_specs import ChannelSpec, Content
from alerts.message import Delivery, MessageKind
from alerts.messages.filed_texts import VARIABLE, PersonalTemplate
from alerts.messages.keywords import KeywordTemplate, fitted, template_for
from alerts.messages.mails import mail_html, mail_text, subject_of
from alerts.messages.outside_words import uninstructed
from alerts.messages.renderer import MAX_VARIABLE, SEGMENT_LENGTH, MessageRenderer, Sms
from domain import Instant

EVENT_TYPE: Final = "cn.fengshao.person"
"""Types of events begin with it, a kind of message follows: `cn.fengshao.person.swap_asked`."""
MESSAGE: Final = "message"
"""The key of a payload under which the message itself is kept, to be rendered again for another channel."""
PATH: Final = "/s"
"""The path of the page on which a person types the code of a text message: short, and the same in every text."""

Payload = dict[str, object]


class PersonalMessage(Struct, frozen=True):
    """What a person is told. `about` identifies the matter: one message of a kind about it to one person is sent once.

    `values` fill the texts. `code` is what the person types on the page for answers, `link` the path that leads there
    without typing, for channels that may carry a link; both empty when no answer is asked for.
    """

    kind: MessageKind
    person: str
    about: str
    values: dict[str, str]
    not_before: Instant
    expires_at: Instant
    code: str = ""
    link: str = ""


def answer_page(public_url: str) -> str:
    """The address of the page for answers; empty for a site without a public address.

    >>> answer_page("https://fs.example.cn/"), answer_page("")
    ('https://fs.example.cn/s', '')
    """
    return f"{public_url.rstrip('/')}{PATH}" if public_url else ""


class PersonalRenderer:
    """Renders with the texts of a site; `public_url` is its address, or empty."""

    def __init__(
        self, renderer: MessageRenderer, public_url: str = "", templates: Mapping[str, KeywordTemplate] | None = None
    ) -> None:
        self._renderer, self._templates = renderer, dict(templates or {})
        self._base, self._page = public_url.rstrip("/"), answer_page(public_url)

    def payload(self, spec: ChannelSpec, message: PersonalMessage) -> Payload:
        """What the channel carries, and the message itself."""
        forms = {Content.TEXT: self._sms, Content.MAIL: self._mail, Content.EVENT: self._event}
        form = forms.get(spec.content, self._keywords if spec.content is Content.KEYWORDS else self._text)
        return {**form(message), MESSAGE: to_builtins(message)}

    def sms(self, message: PersonalMessage) -> Sms:
        """The first text whose variables are all known and that fits into one segment, else the last of them."""
        texts = [one for one in self._renderer.catalog.personal[message.kind].sms if self._is_known(one, message)]
        for template in texts:
            sms = self._filled(template, message)
            if len(sms.text) <= SEGMENT_LENGTH:
                return sms
        return self._filled(texts[-1], message)

    def sentence(self, message: PersonalMessage) -> str:
        """The whole sentence, for channels without a limit of length."""
        texts = self._renderer.catalog.personal[message.kind]
        note = message.values.get("note", "")
        reason = self._renderer.catalog.roster_words.note.format(note=note) if note else ""
        return texts.text.format_map({**_EMPTY, **message.values, "reason": reason})

    def link(self, message: PersonalMessage) -> str:
        """The URL on which the person answers; empty when there is none."""
        return f"{self._base}{message.link}" if self._base and message.link else ""

    def _is_known(self, template: PersonalTemplate, message: PersonalMessage) -> bool:
        is_linked = "{page}" in template.text or "{host}" in template.text
        known = self._values(message)
        return (bool(self._page) or not is_linked) and all(known.get(name) for name in VARIABLE.findall(template.text))

    def _filled(self, template: PersonalTemplate, message: PersonalMessage) -> Sms:
        filed, values = template.filed(self._page), self._values(message)
        params = {name: values[name][:MAX_VARIABLE] for name in VARIABLE.findall(filed)}
        text = VARIABLE.sub(lambda match: params[match[1]], filed)
        code = self._renderer.own_code(template.name) or template.code
        return Sms(code, params, f"【{self._renderer.sign}】{text}", template.name)

    def _values(self, message: PersonalMessage) -> dict[str, str]:
        return {**{name: uninstructed(text) for name, text in message.values.items()}, "code": message.code}

    def _sms(self, message: PersonalMessage) -> Payload:
        return structs.asdict(self.sms(message))

    def _text(self, message: PersonalMessage) -> Payload:
        link, text = self.link(message), self.sentence(message)
        return {"subject": self._title(message), "text": f"{text}\n{link}" if link else text}

    def _mail(self, message: PersonalMessage) -> Payload:
        texts, text = self._renderer.catalog.mail, self.sentence(message)
        parts = (text, (), texts.link, self.link(message), texts.view_footer.format(sign=self._renderer.sign))
        return {
            "subject": subject_of(text),
            "text": mail_text(*parts),
            "html": mail_html(*parts),
            "thread": message.about,
            "urgent": False,
        }

    def _event(self, message: PersonalMessage) -> Payload:
        data = {
            "kind": message.kind.value,
            "person": message.person,
            "text": self.sentence(message),
            "page": self.link(message) or None,
            **message.values,
        }
        return {"type": f"{EVENT_TYPE}.{message.kind.value}", "subject": message.person, "data": data}

    def _keywords(self, message: PersonalMessage) -> Payload:
        template = template_for(self._templates, message.kind.value) or KeywordTemplate("", {})
        renderer, text = self._renderer, self.sentence(message)
        known = {"title": self._title(message), "status": renderer.catalog.statuses["other"], "text": text}
        known |= {"name": message.values.get("name", "-"), "time": message.values.get("hours", "-")}
        known |= {"sign": renderer.sign}
        data = {
            keyword: renderer.full_time(message.not_before)
            if keyword.startswith(("time", "date"))
            else fitted(keyword, known.get(variable, "-"))
            for keyword, variable in template.data.items()
        }
        return {"template": template.id, "data": data, "url": self.link(message), "text": text}

    def _title(self, message: PersonalMessage) -> str:
        return self._renderer.catalog.personal[message.kind].title


_EMPTY: Final[Mapping[str, str]] = {"name": "", "what": "", "hours": "", "until": "", "reason": ""}


def message_of(row: Delivery) -> PersonalMessage:
    """The message in a delivery."""
    stored: Any = row.payload[MESSAGE]
    return convert(stored, PersonalMessage)
