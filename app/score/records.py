"""What a run records, and what is saved between two simulated days."""

from __future__ import annotations

from msgspec import Struct

from domain import Instant
from simulators.providers.carrier import SubmittedMessage


class Danger(Struct, frozen=True):
    """A finding of an alert at the time a text about the alert arrived. `place` and the places above it are `places`,
    the nearest first. `begin` is by the device's clock, `received` is when its message arrived, 0 for unknown."""

    rule: str
    hazard: str
    severity: str
    begin: Instant
    device: str | None
    places: tuple[str, ...] = ()
    person: str | None = None
    received: Instant = 0


class Text(Struct, frozen=True):
    """A text on a phone of a person. `calls`: it tells of a danger or a fault, rather than of what others did."""

    at: Instant
    phone: str
    person: str
    role: str
    kind: str
    alert: int
    ledger: str
    severity: str
    title: str
    text: str
    calls: bool
    dangers: tuple[Danger, ...] = ()


class NetworkEvent(Struct, order=True):
    """Something that will happen to a message: `deliver`, `report`, or `reply` of the person at `phone`.

    A reply `means` what simulators.workers says, and answers a text that he read at `asked_at`; with `reads_first` he
    reads what has come since before he sends it. He replies to the number of the provider that carried the text.
    """

    at: Instant
    number: int
    what: str
    message: SubmittedMessage | None = None
    phone: str = ""
    text: str = ""
    alert: int = 0
    means: str = ""
    asked_at: Instant = 0
    reads_first: bool = True
    provider: str = ""


class Explanation(Struct, frozen=True):
    """Why an incident had told nobody when somebody ought to have been told: what each rule of its hazard says."""

    incident: str
    at: Instant
    rules: tuple[dict[str, object], ...]
