"""Alerts and deliveries that a transaction has read: the steps of one work read the same rows several times."""

from __future__ import annotations

from collections.abc import Callable

from alerts.alert import Alert
from alerts.message import Delivery
from alerts.silence import Silence
from domain import Instant


class RowCache:
    """Rows of one transaction. Whoever changes a row says so; a disabled cache reads every time."""

    def __init__(self, enabled: bool) -> None:
        self._enabled = enabled
        self._alerts: dict[int, Alert | None] = {}
        self._deliveries: dict[str, Delivery | None] = {}
        self._deliveries_of: dict[int, list[Delivery]] = {}
        self._silences: tuple[Instant, list[Silence]] | None = None

    def alert(self, alert: int, load: Callable[[], Alert | None]) -> Alert | None:
        """The alert with this id."""
        if not self._enabled:
            return load()
        if alert not in self._alerts:
            self._alerts[alert] = load()
        return self._alerts[alert]

    def delivery(self, delivery: str, load: Callable[[], Delivery | None]) -> Delivery | None:
        """The delivery with this id."""
        if not self._enabled:
            return load()
        if delivery not in self._deliveries:
            self._deliveries[delivery] = load()
        return self._deliveries[delivery]

    def deliveries_of(self, alert: int, load: Callable[[], list[Delivery]]) -> list[Delivery]:
        """All deliveries of an alert, in a list that the caller may change."""
        if not self._enabled:
            return load()
        if alert not in self._deliveries_of:
            self._deliveries_of[alert] = load()
        return list(self._deliveries_of[alert])

    def active_silences(self, now: Instant, load: Callable[[], list[Silence]]) -> list[Silence]:
        """The silences in force. No work both changes silences and asks for them."""
        if not self._enabled:
            return load()
        if self._silences is None or self._silences[0] != now:
            self._silences = (now, load())
        return list(self._silences[1])

    def alert_added(self, alert: Alert) -> None:
        """A new alert has no deliveries."""
        self._alerts[alert.id] = alert
        self._deliveries_of[alert.id] = []

    def alert_saved(self, alert: Alert) -> None:
        """The alert was stored as it is given."""
        self._alerts[alert.id] = alert

    def delivery_saved(self, delivery: Delivery) -> None:
        """The delivery was stored as it is given."""
        self._deliveries[delivery.id] = delivery
        self._deliveries_of.clear()

    def deliveries_changed(self) -> None:
        """Deliveries were added or changed."""
        self._deliveries.clear()
        self._deliveries_of.clear()
