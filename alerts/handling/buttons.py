"""Button presses on WeCom cards: finds the alert and the person, and moves the alert, in the host's transaction."""

from __future__ import annotations

from typing import Final

from msgspec import Struct, structs

from alerts.alert import Actor, Alert, ResponseSource
from alerts.handling.processor import AlertProcessor
from alerts.lifecycle.event import AlertEvent, InvalidField, InvalidTransition
from alerts.lifecycle.transitions import Signal
from alerts.message import CALL_KINDS
from alerts.messages.deliveries import WECOM
from alerts.ports import AlertStore
from domain import Instant


class ButtonResult(Struct, frozen=True):
    """Whether a button did something; `message` is the sentence when it did not."""

    done: bool
    alert: int | None = None
    message: str = ""


_KEYS: Final = {
    "ack": Signal.ACKNOWLEDGE,
    "pass": Signal.DECLINE,
    "arrive": Signal.ARRIVE,
    "resolve": Signal.RESOLVE,
}


def handle_press(
    casework: AlertProcessor, book: AlertStore, userid: str, key: str, now: Instant, handle: str = ""
) -> ButtonResult:
    """A button of a card; the user is authenticated by WeCom, the person is found by his id there."""
    word, _, number = key.partition(":")
    people = casework.escalator.community().people.values()
    person = next((one for one in people if one.wecom == userid), None)
    alert = book.alert(int(number)) if number.isdecimal() and len(number) < 18 else None
    if person is None or alert is None or word not in _KEYS:
        return ButtonResult(False)
    _store_handle(book, alert, person.id, handle, now)
    role = role_in_alert(book, alert, person.id)
    happening = AlertEvent(_KEYS[word], Actor(person.id, person.name, ResponseSource.WECOM, role))
    try:
        casework.apply(book, alert, happening, now)
    except (InvalidTransition, InvalidField) as refused:
        return ButtonResult(False, alert.id, str(refused))
    return ButtonResult(True, alert.id)


def _store_handle(book: AlertStore, alert: Alert, person: str, handle: str, now: Instant) -> None:
    """A press brings a fresh handle for the presser's card."""
    mine = [row for row in book.deliveries(alert.id) if row.person == person and row.channel == WECOM]
    calls = [row for row in mine if row.kind in CALL_KINDS]
    if handle and calls:
        book.update_delivery(calls[-1], structs.replace(calls[-1], handle=handle), now, "pressed")


def role_in_alert(book: AlertStore, alert: Alert, person: str) -> str:
    """In which role a person was told of an alert; empty when he was not."""
    return next((row.role for row in book.deliveries(alert.id) if row.person == person), "")
