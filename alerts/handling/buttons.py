"""Button presses on WeCom cards: finds the alert and the person, and moves the alert, in the host's transaction."""

from __future__ import annotations

from typing import Final

from msgspec import Struct, structs

from alerts.alert import Actor, Alert, Via
from alerts.handling.processor import Casework
from alerts.lifecycle.advance import Happening, Incomplete, NotNow
from alerts.lifecycle.transitions import Signal
from alerts.message import CALLS
from alerts.messages.outbox import WECOM
from alerts.ports import Book
from domain import Instant


class ButtonResult(Struct, frozen=True):
    """Whether a button did something; `message` is the sentence when it did not."""

    done: bool
    alert: int | None = None
    message: str = ""


_KEYS: Final = {
    "ack": Signal.ACKNOWLEDGE,
    "pass": Signal.PASS,
    "arrive": Signal.ARRIVE,
    "resolve": Signal.RESOLVE,
}


def press(casework: Casework, book: Book, userid: str, key: str, now: Instant, handle: str = "") -> ButtonResult:
    """A button of a card; the user is authenticated by WeCom, the person is found by his id there."""
    word, _, number = key.partition(":")
    people = casework.dispatch.community().people.values()
    person = next((one for one in people if one.wecom == userid), None)
    alert = book.alert(int(number)) if number.isdecimal() and len(number) < 18 else None
    if person is None or alert is None or word not in _KEYS:
        return ButtonResult(False)
    _keep_handle(book, alert, person.id, handle, now)
    role = role_of(book, alert, person.id)
    happening = Happening(_KEYS[word], Actor(person.id, person.name, Via.WECOM, role))
    try:
        casework.happen(book, alert, happening, now)
    except (NotNow, Incomplete) as refused:
        return ButtonResult(False, alert.id, str(refused))
    return ButtonResult(True, alert.id)


def _keep_handle(book: Book, alert: Alert, person: str, handle: str, now: Instant) -> None:
    """A press brings a fresh handle for the presser's card."""
    mine = [row for row in book.deliveries(alert.id) if row.person == person and row.channel == WECOM]
    calls = [row for row in mine if row.kind in CALLS]
    if handle and calls:
        book.settle(calls[-1], structs.replace(calls[-1], handle=handle), now, "pressed")


def role_of(book: Book, alert: Alert, person: str) -> str:
    """In which role a person was told of an alert; empty when he was not."""
    return next((row.role for row in book.deliveries(alert.id) if row.person == person), "")
