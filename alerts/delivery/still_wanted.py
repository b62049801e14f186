"""Whether a message is still needed when it is about to be sent. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from alerts.alert import ACTIVE_STATES, OWNED_STATES, SETTLED_STATES, Alert, State
from alerts.escalation.policy import Occasion
from alerts.message import Delivery, MessageKind
from alerts.messages.together import MAY_WAIT
from domain import Severity

_LATER_OCCASIONS: Final = frozenset({Occasion.RESOLVED.value, Occasion.CLOSED.value})


def is_critical(alert: Alert | None) -> bool:
    """Whether a message is about a danger to life now. An exercise waits, and leaves the reserve of limits alone."""
    return alert is not None and alert.severity is Severity.CRITICAL and not alert.exercise


def is_still_wanted(row: Delivery, alert: Alert | None) -> bool:
    """Checked directly before sending: for example, an acknowledged alert needs no further calls.

    A message that belongs to a person is wanted until it is cancelled or expires.
    """
    if row.alert is None or alert is None:
        return row.alert is None
    wanted = _STILL_WANTED.get(row.kind)
    return wanted is None or wanted(row, alert)


def _is_waiting_for(row: Delivery, alert: Alert) -> bool:
    waits = alert.is_calling and alert.round == row.round
    return waits or alert.owner == row.person


def _is_waiting_and_settled(row: Delivery, alert: Alert) -> bool:
    """Whether it waited for others, and that it is dealt with has taken its place."""
    return row.payload.get(MAY_WAIT) is True and alert.state in SETTLED_STATES


def _is_information_current(row: Delivery, alert: Alert) -> bool:
    return alert.state not in SETTLED_STATES or row.key.rpartition(":")[2] in _LATER_OCCASIONS


_STILL_WANTED: Final[dict[MessageKind, Callable[[Delivery, Alert], bool]]] = {
    MessageKind.ALERT: _is_waiting_for,
    MessageKind.ESCALATE: _is_waiting_for,
    MessageKind.HANDOVER: lambda _row, alert: alert.returned_to is not None,
    MessageKind.ASSIST: lambda row, alert: alert.state in ACTIVE_STATES and alert.round == row.round,
    MessageKind.HELPING: lambda _row, alert: alert.state not in SETTLED_STATES,
    MessageKind.INFORM: _is_information_current,
    MessageKind.ADDED: lambda _row, alert: alert.state not in SETTLED_STATES,
    MessageKind.ACKNOWLEDGED: lambda row, alert: alert.owner is not None and not _is_waiting_and_settled(row, alert),
    MessageKind.OWNED: lambda row, alert: alert.owner == row.person,
    MessageKind.ARRIVED: lambda row, alert: alert.owner == row.person,
    MessageKind.OVERDUE: lambda _row, alert: alert.state in (State.ON_SITE, State.RESOLVED),
    MessageKind.LAPSED: lambda row, alert: alert.owner != row.person and alert.state not in SETTLED_STATES,
    MessageKind.SUPERVISE: lambda _row, alert: alert.state not in (State.VERIFIED, State.CLOSED),
    MessageKind.ORDER: lambda _row, alert: alert.state not in SETTLED_STATES,
    MessageKind.URGED: lambda row, alert: alert.state not in SETTLED_STATES and row.person == alert.owner,
    MessageKind.REALARM: lambda _row, alert: alert.state in OWNED_STATES,
    MessageKind.VERIFY: lambda _row, alert: alert.state is State.RESOLVED,
    MessageKind.VERIFY_STREET: lambda _row, alert: alert.second_check is not None and alert.second_check.is_awaited,
    MessageKind.DISPOSITION: lambda _row, alert: alert.disposition is None,
}
"""By kind, whether a message is still needed; a kind that is not listed always is."""
