"""WeCom cards: what and where, why it is called, and the buttons that make sense for whoever gets the card."""

from __future__ import annotations

from typing import Final

from alerts.alert import Alert, State
from alerts.message import Kind
from alerts.messages.renderer import Speech, Wording
from domain import Instant
from domain.addresses import shortened

LONGEST_VALUE: Final = 30
"""Signs that WeCom shows of one value of a card."""
LONGEST_DESC: Final = 44
"""Signs of a card's second line."""


class Cards:
    """The cards of a site, in the words of its word book."""

    def __init__(self, wording: Wording) -> None:
        self.wording = wording

    def card(self, alert: Alert, speech: Speech, task: str, page: str = "") -> dict[str, object]:
        """The WeCom card with its two buttons; `page` is where this person works on this alert."""
        words, level = self.wording.book.card, self.wording.book.severities[alert.severity]
        title = {Kind.ALERT: words.title, Kind.ESCALATE: words.escalated}.get(speech.kind, words.overdue)
        rows = [
            {"keyname": words.time, "value": self.wording.when(alert, speech.now)},
            {"keyname": words.limit, "value": words.within.format(span=self.wording.span(speech.limit_ms))},
        ]
        if speech.kind is Kind.ESCALATE:
            rows.append({"keyname": words.reason, "value": self.wording.reason(alert, speech.now)[:LONGEST_VALUE]})
        if alert.recovered_at is not None:
            rows.append({"keyname": words.data, "value": words.recovered})
        if speech.who:
            rows.append({"keyname": words.person, "value": speech.who})
        return self._card(alert, task, page, title.format(level=level, title=alert.title), rows, self._call(alert))

    def added_card(self, alert: Alert, speech: Speech, task: str, page: str = "") -> dict[str, object]:
        """The card about dangers that joined, with the buttons of whoever gets it."""
        words, level = self.wording.book.card, self.wording.book.severities[alert.severity]
        rows = [
            {"keyname": words.time, "value": self.wording.when(alert, speech.now)},
            {"keyname": words.limit, "value": words.within.format(span=self.wording.span(speech.limit_ms))},
        ]
        title = words.added.format(level=level, title=alert.title)
        buttons = self._next(alert) if speech.variant.endswith("owner") else self._call(alert)
        return self._card(alert, task, page, title, rows, buttons)

    def _call(self, alert: Alert) -> list[dict[str, object]]:
        words = self.wording.book.card
        return [
            {"text": words.take, "style": 1, "key": f"ack:{alert.id}"},
            {"text": words.pass_, "style": 4, "key": f"pass:{alert.id}"},
        ]

    def _next(self, alert: Alert) -> list[dict[str, object]]:
        words = self.wording.book.card
        buttons: list[dict[str, object]] = [{"text": words.resolve, "style": 3, "key": f"resolve:{alert.id}"}]
        if alert.state is State.ACKNOWLEDGED:
            buttons.insert(0, {"text": words.arrive, "style": 1, "key": f"arrive:{alert.id}"})
        return buttons

    def owner_card(self, alert: Alert, now: Instant, task: str, page: str = "") -> dict[str, object]:
        """What the card of the one who took it becomes."""
        words = self.wording.book.card
        title = words.taken_by.format(name=alert.owner_name)
        rows = [{"keyname": words.time, "value": self.wording.when(alert, now)}]
        return self._card(alert, task, page, f"{title} · {alert.title}", rows, self._next(alert))

    def button(self, kind: Kind, name: str) -> str:
        """What everybody else's button becomes."""
        words = self.wording.book.card
        return words.taken_by.format(name=name)[:10] if kind is Kind.TAKEN else words.cleared

    def _card(
        self,
        alert: Alert,
        task: str,
        page: str,
        title: str,
        rows: list[dict[str, str]],
        buttons: list[dict[str, object]],
    ) -> dict[str, object]:
        card: dict[str, object] = {
            "card_type": "button_interaction",
            "task_id": task,
            "source": {"desc": self.wording.book.card.source.format(sign=self.wording.sign)[:20], "desc_color": 2},
            "main_title": {"title": title[:36], "desc": shortened(self.wording.place(alert), LONGEST_DESC)},
            "horizontal_content_list": rows,
            "button_list": buttons,
        }
        if alert.advice:
            card["sub_title_text"] = alert.advice[:160]
        if page:
            card["jump_list"] = [{"type": 1, "title": self.wording.book.card.details, "url": page}]
        return card
