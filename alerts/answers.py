"""What people answer: a text from a phone, a button on a card. Finds the alert meant and the person, and moves it.

It works on a book inside the host's transaction. It trusts a phone number only with what was sent to it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from msgspec import Struct, structs

from alerts import codes
from alerts.alert import CALLS, UNSETTLED, UNTAKEN, Actor, Alert, Entry, Kind, State, Via
from alerts.casework import Casework
from alerts.codes import Answer, Meaning
from alerts.lifecycle import Happening, Incomplete, NotNow
from alerts.outbox import WECOM, told
from alerts.ports import Book, Coded
from alerts.transitions import Signal
from alerts.wording import clean
from domain import Instant


class Heard(StrEnum):
    """What a text from a phone came to."""

    DONE = "done"
    REFUSED = "refused"
    UNKNOWN_PHONE = "unknown_phone"
    UNCLEAR = "unclear"
    OPT_OUT = "opt_out"
    REPEATED = "repeated"
    """The provider pushed it before."""


class Replied(Struct, frozen=True):
    heard: Heard
    alert: int | None = None


class Pressed(Struct, frozen=True):
    """Whether a button did something; `message` is the sentence when it did not."""

    done: bool
    alert: int | None = None
    message: str = ""


SHOWN: Final = 20
_SIGNALS: Final = {Meaning.TAKE: Signal.ACKNOWLEDGE, Meaning.PASS: Signal.PASS}
_KEYS: Final = {
    "ack": Signal.ACKNOWLEDGE,
    "pass": Signal.PASS,
    "arrive": Signal.ARRIVE,
    "resolve": Signal.RESOLVE,
}


def reply(casework: Casework, book: Book, phone: str, text: str, now: Instant) -> Replied:
    """`31`, `32`, or a bare `收到` when only one alert can be meant."""
    number = codes.plain_phone(phone)
    held = book.coded(number)
    if not held:
        return Replied(Heard.UNKNOWN_PHONE)
    answer = codes.read(text)
    if answer.meaning is Meaning.OPT_OUT:
        return _opted_out(casework, book, held[0], now)
    alert = _meant(book, held, answer)
    if alert is None or answer.meaning not in _SIGNALS:
        return _unclear(casework, book, held, number, text, now)
    person = next(one.person for one in held if one.alert == alert.id)
    return _answer(casework, book, alert, person, number, _SIGNALS[answer.meaning], now)


def press(casework: Casework, book: Book, userid: str, key: str, now: Instant, handle: str = "") -> Pressed:
    """A button of a card; the user is authenticated by WeCom, the person is found by his id there."""
    word, _, number = key.partition(":")
    people = casework.dispatch.community().people.values()
    person = next((one for one in people if one.wecom == userid), None)
    alert = book.alert(int(number)) if number.isdecimal() and len(number) < 18 else None
    if person is None or alert is None or word not in _KEYS:
        return Pressed(False)
    _keep_handle(book, alert, person.id, handle, now)
    role = _role(book, alert, person.id)
    happening = Happening(_KEYS[word], Actor(person.id, person.name, Via.WECOM, role))
    try:
        casework.happen(book, alert, happening, now)
    except (NotNow, Incomplete) as refused:
        return Pressed(False, alert.id, str(refused))
    return Pressed(True, alert.id)


def _answer(
    casework: Casework, book: Book, alert: Alert, person: str, phone: str, signal: Signal, now: Instant
) -> Replied:
    known = casework.dispatch.community().people.get(person) or book.person_of(phone)
    name = known.name if known is not None else person
    actor = Actor(person, name, Via.SMS, _role(book, alert, person))
    try:
        casework.happen(book, alert, Happening(signal, actor), now)
    except NotNow as refused:
        book.note([Entry(alert.id, now, "refused", f"{name}：{refused.message}", person=person)])
        _tell_late(casework, book, alert, person, now)
        return Replied(Heard.REFUSED, alert.id)
    return Replied(Heard.DONE, alert.id)


def _tell_late(casework: Casework, book: Book, alert: Alert, person: str, now: Instant) -> None:
    """Too late: he hears who has it. The outbox key lets him hear it once."""
    if alert.state not in (State.ACKNOWLEDGED, State.ON_SITE):
        return
    for row in told(book.deliveries(alert.id)):
        if row.person == person and row.channel != WECOM:
            casework.dispatch.outbox.tell(book, alert, row, Kind.TAKEN, alert.owner_name or "", now)


def _unclear(casework: Casework, book: Book, held: list[Coded], phone: str, text: str, now: Instant) -> Replied:
    """He answered, so he believes he has it: say so in the story, and tell him how to answer."""
    waiting = [alert for one in held if (alert := book.alert(one.alert)) is not None and alert.state in UNTAKEN]
    if not waiting:
        return Replied(Heard.UNCLEAR)
    worst = min(waiting, key=lambda alert: (alert.severity.rank, -alert.opened_at))
    calls = [row for row in told(book.deliveries(worst.id)) if row.address == phone]
    if calls:
        line = casework.wording.say("unclear", name=calls[0].name, text=clean(text)[:SHOWN])
        book.note([Entry(worst.id, now, "unclear", line, person=calls[0].person)])
        casework.dispatch.outbox.hint(book, worst, calls[0], len(waiting), now)
    return Replied(Heard.UNCLEAR, worst.id)


def _opted_out(casework: Casework, book: Book, held: Coded, now: Instant) -> Replied:
    """The carrier may now block every text to this worker: his alerts say so, where his lead reads."""
    person = casework.dispatch.community().people.get(held.person)
    text = casework.wording.say("opted_out", name=person.name if person is not None else held.person)
    book.note([Entry(held.alert, now, "opted_out", text, person=held.person)])
    return Replied(Heard.OPT_OUT, held.alert)


def _meant(book: Book, held: list[Coded], answer: Answer) -> Alert | None:
    """The alert a number stands for; without a number, the only one open."""
    if answer.number is not None:
        found = next((one.alert for one in held if one.number == answer.number), None)
        return None if found is None else book.alert(found)
    alerts = [alert for one in held if (alert := book.alert(one.alert)) is not None and alert.state in UNSETTLED]
    return alerts[0] if len(alerts) == 1 else None


def _keep_handle(book: Book, alert: Alert, person: str, handle: str, now: Instant) -> None:
    """A press brings a fresh handle for the presser's card."""
    mine = [row for row in book.deliveries(alert.id) if row.person == person and row.channel == WECOM]
    calls = [row for row in mine if row.kind in CALLS]
    if handle and calls:
        book.settle(calls[-1], structs.replace(calls[-1], handle=handle), now, "pressed")


def _role(book: Book, alert: Alert, person: str) -> str:
    return next((row.role for row in book.deliveries(alert.id) if row.person == person), "")
