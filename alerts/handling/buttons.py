"""Button presses on WeCom cards: finds alert and person, and applies the action. Runs inside the caller's
transaction."""

from __future__ import annotations

from typing import Final

from msgspec import Struct, structs

from alerts.alert import Actor, Alert, CaseDisposition, ResponseSource
from alerts.channel_specs import WECOM
from alerts.handling.person_actions import PersonActions
from alerts.lifecycle.event import InvalidField, InvalidTransition
from alerts.lifecycle.transitions import Signal
from alerts.message import CALL_KINDS, MessageKind
from alerts.ports import Outbox, Transaction
from domain.people import Community


class ButtonResult(Struct, frozen=True):
    """Whether the action was applied; `message` is the sentence when it was refused."""

    done: bool
    alert: int | None = None
    message: str = ""


_KEYS: Final = {
    "ack": Signal.ACKNOWLEDGE,
    "pass": Signal.DECLINE,
    "arrive": Signal.ARRIVE,
    "resolve": Signal.RESOLVE,
    "verify": Signal.VERIFY,
    "reopen": Signal.REOPEN,
}


_ANSWERS: Final = (Signal.ACKNOWLEDGE, Signal.DECLINE, Signal.ARRIVE)
"""Answers to a call."""
_HELPER_KEYS: Final = {"help": Signal.ACKNOWLEDGE, "nohelp": Signal.DECLINE, "helparrive": Signal.ARRIVE}
"""Buttons of those who assist."""


def handle_press(
    actions: PersonActions, community: Community, tx: Transaction, userid: str, key: str, handle: str = ""
) -> ButtonResult:
    """Apply a button press. The user is authenticated by WeCom; the person is found by his user id."""
    word, _, number = key.partition(":")
    person = next((person for person in community.people.values() if person.wecom == userid), None)
    alert = tx.store.alert(int(number)) if number.isdecimal() and len(number) < 18 else None
    signal = _KEYS.get(word) or _HELPER_KEYS.get(word)
    if person is None or alert is None or (signal is None and word not in set(CaseDisposition)):
        return ButtonResult(False)
    _store_handle(tx, alert, person.id, handle)
    alert = continued_alert(tx, alert, person.id, signal)
    actor = Actor(person.id, person.name, ResponseSource.WECOM, role_in_alert(tx.store, alert, person.id))
    if word in _HELPER_KEYS and actions.processor.assistance.request_to(tx.store, alert, person.id) is None:
        return ButtonResult(False, alert.id)
    try:
        if signal is None:
            actions.answer_disposition(tx, alert, actor, word)
        else:
            actions.answer(tx, alert, actor, signal)
    except (InvalidTransition, InvalidField) as refused:
        return ButtonResult(False, alert.id, str(refused))
    return ButtonResult(True, alert.id)


def continued_alert(tx: Transaction, alert: Alert, person: str, signal: Signal | None) -> Alert:
    """The alert that an answer counts for: of a merged one, that which goes on, while people are called for it or this
    person has it."""
    into = alert
    while into.merged_into is not None and (found := tx.store.alert(into.merged_into)) is not None:
        into = found
    return into if into.owner == person or (signal in _ANSWERS and into.is_calling) else alert


def _store_handle(tx: Transaction, alert: Alert, person: str, handle: str) -> None:
    """Store the new response code of the press, which updates this person's card."""
    cards = [row for row in tx.store.deliveries(alert.id) if row.person == person and row.channel == WECOM]
    calls = [row for row in cards if row.kind in (*CALL_KINDS, MessageKind.ASSIST)]
    if handle and calls:
        tx.store.update_delivery(calls[-1], structs.replace(calls[-1], handle=handle), tx.now, "pressed")


def role_in_alert(store: Outbox, alert: Alert, person: str) -> str:
    """The role in which a person was called for an alert; empty when he was not."""
    return next((row.role for row in store.deliveries(alert.id) if row.person == person), "")
