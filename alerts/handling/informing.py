"""Alerts under a notify-only silence: recorded and told to the first rung for information; nobody is called.

Such an alert is shelved until its silence ends. What still fires then is called like any alert; what ended before is
closed. Runs inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import structs

from alerts.alert import Alert, State, TimelineEntry
from alerts.escalation.escalator import Escalator
from alerts.escalation.notices import Notice, Notices
from alerts.handling.processor import AlertProcessor
from alerts.lifecycle.event import AlertEvent
from alerts.lifecycle.transitions import Signal
from alerts.message import MessageKind
from alerts.ports import Transaction
from alerts.roster import on_duty as roster
from alerts.silence import Silence
from domain import Finding, Instant, Person

NewAlert = Callable[[Finding, str | None, Instant], Alert]


class InformingAlerts:
    """Opens, joins and ends alerts that only inform."""

    def __init__(
        self,
        processor: AlertProcessor,
        escalator: Escalator,
        new_alert: NewAlert,
        opened_text: Callable[[Alert], str],
    ) -> None:
        self.processor, self.escalator, self.renderer = processor, escalator, escalator.renderer
        self._new_alert, self._opened_text, self.notices = new_alert, opened_text, Notices(escalator)

    def inform(self, tx: Transaction, finding: Finding, silence: Silence) -> int:
        """The alert that records this finding; a new one informs the first rung once."""
        same = [one for one in tx.store.informing_alerts() if _is_same(one, finding, silence)]
        if same:
            tx.store.record_finding(finding, same[0].id)
            text = self.renderer.timeline_text("again", title=finding.title)
            tx.store.add_timeline([TimelineEntry(same[0].id, tx.now, "again", text)])
            tx.store.save_alert(structs.replace(same[0], joined=same[0].joined + 1, updated_at=tx.now))
            return same[0].id
        building = self.escalator.community().building_of(finding.place)
        draft = self._new_alert(finding, None if building is None else building.id, tx.now)
        shelved = structs.replace(draft, state=State.SHELVED, silence=silence.id, due_at=silence.over_at)
        alert = tx.store.add_alert(shelved)
        tx.store.record_finding(finding, alert.id)
        tx.store.add_timeline([TimelineEntry(alert.id, tx.now, "opened", self._opened_text(alert))])
        reason = self.renderer.catalog.lapses["informed"].format(note=silence.reason)
        notice = Notice(MessageKind.INFORM, silence.id, "planned", reason=reason)
        names = "、".join(self.notices.notify_all(tx, alert, self._first_rung(alert, tx.now), notice))
        text = self.renderer.timeline_text("informed", names=names or self.renderer.catalog.lapses["nobody"])
        tx.store.add_timeline([TimelineEntry(alert.id, tx.now, "informed", text)])
        return alert.id

    def has_recovered(self, tx: Transaction, alert: Alert) -> bool:
        """Whether this alert only informed; then its last finding ended and it is closed."""
        if alert.state is not State.SHELVED or alert.silence is None:
            return False
        text = self.renderer.timeline_text("inform_ended")
        tx.store.add_timeline([TimelineEntry(alert.id, tx.now, "inform_ended", text)])
        self.processor.apply(tx, alert, AlertEvent(Signal.HEALTH_RECOVERED))
        return True

    def end_silences(self, tx: Transaction) -> list[int]:
        """Call people for what still fires under silences that are over, also those ended early."""
        over = [alert for alert in tx.store.informing_alerts() if not self._is_covered(tx, alert)]
        for alert in over:
            text = self.renderer.timeline_text("inform_over")
            tx.store.add_timeline([TimelineEntry(alert.id, tx.now, "inform_over", text)])
            self.processor.apply(tx, alert, AlertEvent(Signal.DEADLINE))
        return [alert.id for alert in over]

    def _is_covered(self, tx: Transaction, alert: Alert) -> bool:
        silence = None if alert.silence is None else tx.store.silence(alert.silence)
        return silence is not None and silence.is_active(tx.now)

    def _first_rung(self, alert: Alert, now: Instant) -> list[tuple[Person, str]]:
        community, tz = self.escalator.community(), self.escalator.tz
        found: list[tuple[Person, str]] = []
        for role in dict.fromkeys(one.role for one in self.escalator.ladder(alert).rungs[0].responsible):
            ranked = roster.on_duty_ranked(community, alert.cell, role, now, tz, alert.hazard)
            found += [(person, role) for rank, person in ranked if rank == ranked[0][0]]
        return found


def _is_same(alert: Alert, finding: Finding, silence: Silence) -> bool:
    return (alert.silence, alert.rule, alert.subject) == (silence.id, finding.rule, finding.subject)
