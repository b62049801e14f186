"""WeCom cards: title, address, reason, and the buttons for the recipient's next actions."""

from __future__ import annotations

from typing import Final

from alerts.alert import Alert, State
from alerts.message import MessageKind
from alerts.messages.exercise import labelled
from alerts.messages.renderer import MessageContext, MessageRenderer
from domain import Instant
from domain.addresses import shortened
from domain.roles import RoleKind

VOLUNTEER: Final = RoleKind.VOLUNTEER.value
MAX_VALUE: Final = 30
"""Characters that WeCom shows of one value."""
MAX_DESC: Final = 44
"""Characters of a card's second line."""


class CardRenderer:
    """Renders cards with the texts of a site."""

    def __init__(self, renderer: MessageRenderer) -> None:
        self.renderer = renderer

    def call_card(self, alert: Alert, context: MessageContext, task: str, page: str = "") -> dict[str, object]:
        """The card of a call, with its two buttons; `page` is the URL of this person's page for this alert."""
        texts, level = self.renderer.catalog.card, self.renderer.catalog.severities[alert.severity]
        titles = {
            MessageKind.ALERT: texts.title,
            MessageKind.ESCALATE: texts.escalated,
            MessageKind.ASSIST: texts.nearby if context.variant.startswith(VOLUNTEER) else texts.assist,
            MessageKind.HANDOVER: texts.handover_title,
        }
        title = titles.get(context.kind, texts.overdue)
        if context.kind is MessageKind.ASSIST:
            return self._assist_card(alert, context, task, page, title.format(level=level, title=alert.title))
        rows = [
            {"keyname": texts.time, "value": self.renderer.event_time(alert, context.now)},
            {
                "keyname": texts.limit,
                "value": texts.within.format(span=self.renderer.format_duration(context.limit_ms)),
            },
        ]
        if context.kind is MessageKind.ESCALATE:
            rows.append(
                {"keyname": texts.reason, "value": self.renderer.escalation_reason(alert, context.now)[:MAX_VALUE]}
            )
        if alert.recovered_at is not None:
            rows.append({"keyname": texts.data, "value": texts.recovered})
        if context.affected_name:
            rows.append({"keyname": texts.person, "value": context.affected_name})
        return self._card(
            alert,
            task,
            page,
            title.format(level=level, title=alert.title),
            rows,
            self._call_buttons(alert, context.kind),
        )

    def _assist_card(
        self, alert: Alert, context: MessageContext, task: str, page: str, title: str
    ) -> dict[str, object]:
        """A card that asks for help: no deadline, and buttons to accept or not."""
        texts = self.renderer.catalog.card
        rows = [{"keyname": texts.time, "value": self.renderer.event_time(alert, context.now)}]
        if context.affected_name:
            rows.append({"keyname": texts.person, "value": context.affected_name})
        buttons: list[dict[str, object]] = [
            {"text": texts.help, "style": 1, "key": f"help:{alert.id}"},
            {"text": texts.no_help, "style": 4, "key": f"nohelp:{alert.id}"},
        ]
        return self._card(alert, task, page, title, rows, buttons)

    def helper_card(self, alert: Alert, now: Instant, task: str, page: str = "") -> dict[str, object]:
        """The card of a helper who accepted, with the address down to the door."""
        texts = self.renderer.catalog.card
        rows = [{"keyname": texts.time, "value": self.renderer.event_time(alert, now)}]
        buttons: list[dict[str, object]] = [
            {"text": texts.arrive, "style": 1, "key": f"helparrive:{alert.id}"},
            {"text": texts.no_help, "style": 4, "key": f"nohelp:{alert.id}"},
        ]
        return self._card(alert, task, page, texts.helping.format(title=alert.title), rows, buttons)

    def question_card(self, alert: Alert, context: MessageContext, task: str, page: str = "") -> dict[str, object]:
        """A card that asks: to verify, or what the case turned out to be."""
        texts, words = self.renderer.catalog.card, self.renderer.catalog.dispositions
        rows = [{"keyname": texts.time, "value": self.renderer.event_time(alert, context.now)}]
        if context.kind in (MessageKind.VERIFY, MessageKind.VERIFY_STREET):
            buttons: list[dict[str, object]] = [
                {"text": texts.verified, "style": 1, "key": f"verify:{alert.id}"},
                {"text": texts.still_dangerous, "style": 3, "key": f"reopen:{alert.id}"},
                {"text": texts.pass_, "style": 4, "key": f"pass:{alert.id}"},
            ]
            title = texts.verify_title if context.kind is MessageKind.VERIFY else texts.verify_street_title
            return self._card(alert, task, page, title.format(title=alert.title), rows, buttons)
        buttons = [{"text": word, "style": 4, "key": f"{name}:{alert.id}"} for name, word in words.items()]
        return self._card(alert, task, page, f"{texts.cleared} · {alert.title}", rows, buttons)

    def joined_card(self, alert: Alert, context: MessageContext, task: str, page: str = "") -> dict[str, object]:
        """The card about dangers that joined, with the recipient's buttons."""
        texts, level = self.renderer.catalog.card, self.renderer.catalog.severities[alert.severity]
        rows = [
            {"keyname": texts.time, "value": self.renderer.event_time(alert, context.now)},
            {
                "keyname": texts.limit,
                "value": texts.within.format(span=self.renderer.format_duration(context.limit_ms)),
            },
        ]
        title = texts.added.format(level=level, title=alert.title)
        buttons = self._owner_buttons(alert) if context.variant.endswith("owner") else self._call_buttons(alert)
        return self._card(alert, task, page, title, rows, buttons)

    def _call_buttons(self, alert: Alert, kind: MessageKind = MessageKind.ALERT) -> list[dict[str, object]]:
        texts = self.renderer.catalog.card
        handed = kind is MessageKind.HANDOVER
        return [
            {"text": texts.accept if handed else texts.take, "style": 1, "key": f"ack:{alert.id}"},
            {"text": texts.give_back if handed else texts.pass_, "style": 4, "key": f"pass:{alert.id}"},
        ]

    def _owner_buttons(self, alert: Alert) -> list[dict[str, object]]:
        texts = self.renderer.catalog.card
        buttons: list[dict[str, object]] = [{"text": texts.resolve, "style": 3, "key": f"resolve:{alert.id}"}]
        if alert.state is State.ACKNOWLEDGED:
            buttons.insert(0, {"text": texts.arrive, "style": 1, "key": f"arrive:{alert.id}"})
        return buttons

    def owner_card(self, alert: Alert, now: Instant, task: str, page: str = "") -> dict[str, object]:
        """The updated card of the person who acknowledged."""
        texts = self.renderer.catalog.card
        title = texts.taken_by.format(name=alert.owner_name)
        rows = [{"keyname": texts.time, "value": self.renderer.event_time(alert, now)}]
        return self._card(alert, task, page, f"{title} · {alert.title}", rows, self._owner_buttons(alert))

    def button_text(self, kind: MessageKind, name: str) -> str:
        """The text that replaces the buttons on everybody else's card."""
        texts = self.renderer.catalog.card
        if kind is MessageKind.HELPED:
            return texts.helped
        return texts.taken_by.format(name=name)[:10] if kind is MessageKind.ACKNOWLEDGED else texts.cleared

    def _card(
        self,
        alert: Alert,
        task: str,
        page: str,
        title: str,
        rows: list[dict[str, str]],
        buttons: list[dict[str, object]],
    ) -> dict[str, object]:
        title = labelled(title) if alert.exercise else title
        card: dict[str, object] = {
            "card_type": "button_interaction",
            "task_id": task,
            "source": {"desc": self.renderer.catalog.card.source.format(sign=self.renderer.sign)[:20], "desc_color": 2},
            "main_title": {
                "title": title[:36],
                "desc": shortened(self.renderer.address(alert), MAX_DESC),
            },
            "horizontal_content_list": rows,
            "button_list": buttons,
        }
        if alert.advice:
            card["sub_title_text"] = alert.advice[:160]
        if page:
            card["jump_list"] = [{"type": 1, "title": self.renderer.catalog.card.details, "url": page}]
        return card
