"""Timeline entries: sentences about a transition of an alert, and about a message that was sent for it."""

from __future__ import annotations

from alerts.alert import Alert, State, TimelineEntry
from alerts.lifecycle.event import AlertEvent
from alerts.lifecycle.transitions import Signal
from alerts.message import Delivery
from alerts.messages.renderer import MessageRenderer
from domain import Instant


class Timeline:
    """Builds entries with the texts of the site. Pure."""

    def __init__(self, renderer: MessageRenderer) -> None:
        self.renderer = renderer

    def message(self, row: Delivery, line: str, now: Instant, problem: str = "") -> list[TimelineEntry]:
        """The entry about a delivery; `line` and `problem` (why it failed) are keys of the text catalog.

        None for a message that belongs to a person: its event log is its history.
        """
        if row.alert is None:
            return []
        catalog = self.renderer.catalog
        text = self.renderer.timeline_text(
            line,
            channel=catalog.channels.get(row.channel, row.channel),
            name=row.name,
            role=catalog.role_name(row.role),
            problem=catalog.problems.get(problem, problem),
            provider=catalog.providers.get(row.provider or "", row.provider or ""),
        )
        entry = TimelineEntry(
            row.alert,
            now,
            "message",
            text,
            person=row.person,
            channel=row.channel,
            state=row.state.value,
            delivery=row.id,
        )
        return [entry]

    def transition(
        self, old: Alert, new: Alert, event: AlertEvent, now: Instant, assignee: str | None
    ) -> TimelineEntry | None:
        """The entry about a step from `old` to `new`; None where the finding has written its own."""
        if event.signal is Signal.ADDED or (event.signal is Signal.RECURRED and new.state is old.state):
            return None
        text = self._sentence(old, new, event, now, assignee)
        if event.disposition is not None:
            word = self.renderer.catalog.dispositions[event.disposition]
            text = self.renderer.timeline_text("disposed", text=text, disposition=word)
        if event.reason:
            text = self.renderer.timeline_text("reason", text=text, reason=event.reason)
        return TimelineEntry(old.id, now, event.signal.value, text, person=event.actor.id)

    def _sentence(self, old: Alert, new: Alert, event: AlertEvent, now: Instant, assignee: str | None) -> str:
        signal, text = event.signal, self.renderer.timeline_text
        if signal is Signal.DEADLINE:
            waited = self.renderer.format_duration(now - old.state_since)
            return text(f"due_{old.state}", span=waited, owner=old.owner_name or "")
        if signal is Signal.SEVERITY_RAISED:
            return text("raised", level=self.renderer.catalog.severities[new.severity], title=new.title)
        if signal is Signal.HEALTH_RECOVERED and new.state is not State.CLOSED:
            return text("recovered")
        if signal is Signal.RECURRED and new.state is not old.state:
            return text("recalled")
        line = signal.value
        if signal is Signal.RETURN and event.to is not None:
            line = "extended" if old.returned_to == event.to else "return_to"
        return text(
            line,
            who=event.actor.name,
            via=self.renderer.source_text(event.actor),
            until=self.renderer.format_time(event.until or new.due_at or now, now),
            to=assignee or event.to_name or event.to or "",
        )
