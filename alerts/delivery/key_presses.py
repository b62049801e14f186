"""Keys pressed during our phone calls: only a key is an acknowledgement, a pick-up is none. Runs inside the caller's
transaction."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from alerts.alert import Actor, Alert, ResponseSource
from alerts.channels.channel import DeliveryReport, KeyPress
from alerts.delivery.outcomes import DeliveryOutcomes
from alerts.handling.processor import AlertProcessor
from alerts.lifecycle.event import AlertEvent, InvalidField, InvalidTransition
from alerts.lifecycle.transitions import Signal
from alerts.message import CALL_KINDS, Delivery, MessageKind
from alerts.ports import Transaction
from alerts.reply_parsing.codes import normalize_phone

KEYS: Final = {"1": Signal.ACKNOWLEDGE, "2": Signal.DECLINE}
"""1 接警, 2 无法到场. 3 (重听) is played again by the provider and changes nothing."""


class KeyResult(Struct, frozen=True):
    """Whether the key changed the alert; `message` is the sentence when it was refused."""

    done: bool
    alert: int
    message: str = ""


def handle_key(
    processor: AlertProcessor, outcomes: DeliveryOutcomes, tx: Transaction, press: KeyPress, channel: str
) -> KeyResult | None:
    """Apply a key that the called person pressed; None for a call that is not ours or about no alert, or was to another
    phone.

    The key also proves that the call was heard.
    """
    call = outcomes.find(tx, press.delivery, press.provider_id, channel)
    if call is None or call.alert is None or (press.phone and normalize_phone(press.phone) != call.address):
        return None
    outcomes.on_report(tx, DeliveryReport(True, tx.now, delivery=call.id), channel)
    alert, signal = tx.store.alert(call.alert), KEYS.get(press.key)
    if alert is None or signal is None or not _asks(call, alert):
        return KeyResult(False, call.alert)
    actor = Actor(call.person, call.name, ResponseSource.VOICE, call.role)
    try:
        processor.apply(tx, alert, AlertEvent(signal, actor))
    except (InvalidTransition, InvalidField) as refused:
        return KeyResult(False, call.alert, str(refused))
    return KeyResult(True, call.alert)


def _asks(call: Delivery, alert: Alert) -> bool:
    """Whether the call asked for a key: also about a danger that joined, unless the called person has acknowledged."""
    return call.kind in CALL_KINDS or (call.kind is MessageKind.ADDED and alert.owner != call.person)
