"""Exercises (drills): started on the path of a real case, ended at any state of it."""

from __future__ import annotations

from msgspec import structs

from alerts.alert import Actor, Alert, CaseDisposition, State, TimelineEntry
from alerts.cases.exercise_scenarios import Scenario, exercise_request
from alerts.message import DeliveryState
from alerts.messages.deliveries import cancelled
from alerts.ports import AlertStore
from alerts.service import AlertService
from domain import Instant


class Drills:
    """Starts and ends exercises of one alert service."""

    def __init__(self, service: AlertService) -> None:
        self._service = service

    async def start(self, scenario: Scenario, place: str | None, actor: Actor, text: str = "") -> Alert:
        """Open the case of an exercise and call the first rung of its ladder."""
        return await self._service.open_case(exercise_request(scenario, place, text), actor)

    async def end(self, alert_id: int, now: Instant) -> Alert | None:
        """End one exercise; None when this is no exercise."""

        def work(store: AlertStore) -> Alert | None:
            alert = store.alert(alert_id)
            return None if alert is None or not alert.exercise else end_exercise(self._service, store, alert, now)

        ended = await self._service.transact(work)
        if ended is not None:
            self._service.on_change(str(ended.id))
        return ended


def end_exercise(service: AlertService, store: AlertStore, alert: Alert, now: Instant) -> Alert:
    """Close the alert whatever its state, and cancel what has not been sent. An ended exercise stays as it is."""
    if alert.state is State.CLOSED:
        return alert
    closed = structs.replace(
        alert,
        state=State.CLOSED,
        state_since=now,
        updated_at=now,
        climb_at=None,
        due_at=None,
        supervise_at=None,
        realarm_at=None,
        overdue_since=None,
        disposition=CaseDisposition.TEST.value,
    )
    store.save_alert(closed)
    for row in store.deliveries(alert.id):
        if row.state is DeliveryState.PENDING:
            store.update_delivery(row, cancelled(row, "settled"), now, "exercise ended")
    text = service.renderer.timeline_text("exercise_ended")
    store.add_timeline([TimelineEntry(alert.id, now, "exercise_ended", text)])
    return closed
