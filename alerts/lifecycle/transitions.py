"""The life of an alert as one total table: what each signal does in each state, or the sentence that refuses it.

It decides nothing about people, time or messages; `lifecycle.advance` does. A pair left out fails a test.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from alerts.alert import State


class Signal(StrEnum):
    """What can happen to an alert: ten things people do, eight that happen by themselves."""

    ACKNOWLEDGE = "acknowledge"
    ARRIVE = "arrive"
    RESOLVE = "resolve"
    VERIFY = "verify"
    CLOSE = "close"
    RETURN = "return"
    REOPEN = "reopen"
    SHELVE = "shelve"
    ASSIGN = "assign"
    PASS = "pass"  # noqa: S105 - 无法到场, not a password
    DUE = "due"
    """The moment waited for came: nobody took it, nobody arrived, the shelf time is over."""
    RECOVERED = "recovered"
    """Every finding ended. A danger stays with people: a sensor that calmed down opened no window."""
    HEALED = "healed"
    """The same in the health ledger: a device that talks again needs nobody."""
    WORSENED = "worsened"
    """A danger that asks for more: worse, or the same people within less time. Its ladder begins anew."""
    RECURRED = "recurred"
    """The very danger of this alert began anew."""
    ADDED = "added"
    """Another danger joined the alert."""
    PERSISTS = "persists"
    """Said to be dealt with, and the device, heard since then, still says otherwise."""
    UNREACHED = "unreached"
    """No message about a danger that joined reaches its owner: others must be asked."""


_BY_ITSELF: Final = ("due", "recovered", "healed", "worsened", "recurred", "added", "persists", "unreached")
ACTIONS: Final = tuple(signal for signal in Signal if signal.value not in _BY_ITSELF)


class Refusal(StrEnum):
    """Why not now. The sentences are in wording.zh.yaml."""

    NOT_TAKEN = "not_taken"
    ALREADY_TAKEN = "already_taken"
    ALREADY_ON_SITE = "already_on_site"
    NOT_RESOLVED = "not_resolved"
    ALREADY_RESOLVED = "already_resolved"
    ALREADY_VERIFIED = "already_verified"
    CLOSED = "closed"
    STILL_OPEN = "still_open"
    SHELVED = "shelved"
    RETURNED = "returned"
    ON_SITE_STAYS = "on_site_stays"
    SAME_PERSON = "same_person"
    NEEDS_VERIFYING = "needs_verifying"
    STILL_BURNING = "still_burning"
    NOT_YOURS = "not_yours"


_OPEN: Final[dict[Signal, State | Refusal]] = {
    Signal.ACKNOWLEDGE: State.ACKNOWLEDGED,
    Signal.ARRIVE: State.ON_SITE,
    Signal.RESOLVE: Refusal.NOT_TAKEN,
    Signal.VERIFY: Refusal.NOT_RESOLVED,
    Signal.CLOSE: Refusal.NOT_TAKEN,
    Signal.RETURN: State.RETURNED,
    Signal.REOPEN: Refusal.STILL_OPEN,
    Signal.SHELVE: State.SHELVED,
    Signal.ASSIGN: State.OPEN,
    Signal.PASS: State.OPEN,
    Signal.DUE: State.OPEN,
    Signal.RECOVERED: State.OPEN,
    Signal.HEALED: State.CLOSED,
    Signal.WORSENED: State.OPEN,
    Signal.RECURRED: State.OPEN,
    Signal.ADDED: State.OPEN,
    Signal.PERSISTS: State.OPEN,
    Signal.UNREACHED: State.OPEN,
}
_ACKNOWLEDGED: Final[dict[Signal, State | Refusal]] = {
    Signal.ACKNOWLEDGE: Refusal.ALREADY_TAKEN,
    Signal.ARRIVE: State.ON_SITE,
    Signal.RESOLVE: State.RESOLVED,
    Signal.VERIFY: Refusal.NOT_RESOLVED,
    Signal.CLOSE: Refusal.NOT_RESOLVED,
    Signal.RETURN: State.RETURNED,
    Signal.REOPEN: State.OPEN,
    Signal.SHELVE: State.SHELVED,
    Signal.ASSIGN: State.OPEN,
    Signal.PASS: State.OPEN,
    Signal.DUE: State.OPEN,
    Signal.RECOVERED: State.ACKNOWLEDGED,
    Signal.HEALED: State.ACKNOWLEDGED,
    Signal.WORSENED: State.OPEN,
    Signal.RECURRED: State.ACKNOWLEDGED,
    Signal.ADDED: State.ACKNOWLEDGED,
    Signal.PERSISTS: State.ACKNOWLEDGED,
    Signal.UNREACHED: State.OPEN,
}
_ON_SITE: Final[dict[Signal, State | Refusal]] = {
    Signal.ACKNOWLEDGE: Refusal.ALREADY_ON_SITE,
    Signal.ARRIVE: Refusal.ALREADY_ON_SITE,
    Signal.RESOLVE: State.RESOLVED,
    Signal.VERIFY: Refusal.NOT_RESOLVED,
    Signal.CLOSE: Refusal.NOT_RESOLVED,
    Signal.RETURN: State.RETURNED,
    Signal.REOPEN: State.OPEN,
    Signal.SHELVE: Refusal.ON_SITE_STAYS,
    Signal.ASSIGN: State.OPEN,
    Signal.PASS: Refusal.ALREADY_ON_SITE,
    Signal.DUE: State.ON_SITE,
    Signal.RECOVERED: State.ON_SITE,
    Signal.HEALED: State.ON_SITE,
    Signal.WORSENED: State.ON_SITE,
    Signal.RECURRED: State.ON_SITE,
    Signal.ADDED: State.ON_SITE,
    Signal.PERSISTS: State.ON_SITE,
    Signal.UNREACHED: State.OPEN,
}
_RESOLVED: Final[dict[Signal, State | Refusal]] = {
    Signal.ACKNOWLEDGE: Refusal.ALREADY_RESOLVED,
    Signal.ARRIVE: Refusal.ALREADY_RESOLVED,
    Signal.RESOLVE: Refusal.ALREADY_RESOLVED,
    Signal.VERIFY: State.VERIFIED,
    Signal.CLOSE: State.CLOSED,
    Signal.RETURN: Refusal.ALREADY_RESOLVED,
    Signal.REOPEN: State.OPEN,
    Signal.SHELVE: Refusal.ALREADY_RESOLVED,
    Signal.ASSIGN: Refusal.ALREADY_RESOLVED,
    Signal.PASS: Refusal.ALREADY_RESOLVED,
    Signal.DUE: State.RESOLVED,
    Signal.RECOVERED: State.RESOLVED,
    Signal.HEALED: State.RESOLVED,
    Signal.WORSENED: State.OPEN,
    Signal.RECURRED: State.OPEN,
    Signal.ADDED: State.OPEN,
    Signal.PERSISTS: State.OPEN,
    Signal.UNREACHED: State.RESOLVED,
}
_VERIFIED: Final[dict[Signal, State | Refusal]] = {
    Signal.ACKNOWLEDGE: Refusal.ALREADY_VERIFIED,
    Signal.ARRIVE: Refusal.ALREADY_VERIFIED,
    Signal.RESOLVE: Refusal.ALREADY_VERIFIED,
    Signal.VERIFY: Refusal.ALREADY_VERIFIED,
    Signal.CLOSE: State.CLOSED,
    Signal.RETURN: Refusal.ALREADY_VERIFIED,
    Signal.REOPEN: State.OPEN,
    Signal.SHELVE: Refusal.ALREADY_VERIFIED,
    Signal.ASSIGN: Refusal.ALREADY_VERIFIED,
    Signal.PASS: Refusal.ALREADY_VERIFIED,
    Signal.DUE: State.CLOSED,
    Signal.RECOVERED: State.VERIFIED,
    Signal.HEALED: State.VERIFIED,
    Signal.WORSENED: State.OPEN,
    Signal.RECURRED: State.OPEN,
    Signal.ADDED: State.OPEN,
    Signal.PERSISTS: State.OPEN,
    Signal.UNREACHED: State.VERIFIED,
}
_CLOSED: Final[dict[Signal, State | Refusal]] = {
    Signal.ACKNOWLEDGE: Refusal.CLOSED,
    Signal.ARRIVE: Refusal.CLOSED,
    Signal.RESOLVE: Refusal.CLOSED,
    Signal.VERIFY: Refusal.CLOSED,
    Signal.CLOSE: Refusal.CLOSED,
    Signal.RETURN: Refusal.CLOSED,
    Signal.REOPEN: State.OPEN,
    Signal.SHELVE: Refusal.CLOSED,
    Signal.ASSIGN: Refusal.CLOSED,
    Signal.PASS: Refusal.CLOSED,
    Signal.DUE: State.CLOSED,
    Signal.RECOVERED: State.CLOSED,
    Signal.HEALED: State.CLOSED,
    Signal.WORSENED: State.OPEN,
    Signal.RECURRED: State.OPEN,
    Signal.ADDED: State.OPEN,
    Signal.PERSISTS: State.OPEN,
    Signal.UNREACHED: State.CLOSED,
}
_RETURNED: Final[dict[Signal, State | Refusal]] = {
    Signal.ACKNOWLEDGE: State.ACKNOWLEDGED,
    Signal.ARRIVE: State.ON_SITE,
    Signal.RESOLVE: Refusal.RETURNED,
    Signal.VERIFY: Refusal.RETURNED,
    Signal.CLOSE: State.CLOSED,
    Signal.RETURN: Refusal.RETURNED,
    Signal.REOPEN: State.OPEN,
    Signal.SHELVE: State.SHELVED,
    Signal.ASSIGN: State.OPEN,
    Signal.PASS: State.RETURNED,
    Signal.DUE: State.RETURNED,
    Signal.RECOVERED: State.RETURNED,
    Signal.HEALED: State.CLOSED,
    Signal.WORSENED: State.OPEN,
    Signal.RECURRED: State.RETURNED,
    Signal.ADDED: State.RETURNED,
    Signal.PERSISTS: State.RETURNED,
    Signal.UNREACHED: State.RETURNED,
}
_SHELVED: Final[dict[Signal, State | Refusal]] = {
    Signal.ACKNOWLEDGE: State.ACKNOWLEDGED,
    Signal.ARRIVE: State.ON_SITE,
    Signal.RESOLVE: Refusal.SHELVED,
    Signal.VERIFY: Refusal.SHELVED,
    Signal.CLOSE: Refusal.SHELVED,
    Signal.RETURN: Refusal.SHELVED,
    Signal.REOPEN: State.OPEN,
    Signal.SHELVE: State.SHELVED,
    Signal.ASSIGN: State.OPEN,
    Signal.PASS: Refusal.SHELVED,
    Signal.DUE: State.OPEN,
    Signal.RECOVERED: State.SHELVED,
    Signal.HEALED: State.CLOSED,
    Signal.WORSENED: State.OPEN,
    Signal.RECURRED: State.OPEN,
    Signal.ADDED: State.SHELVED,
    Signal.PERSISTS: State.SHELVED,
    Signal.UNREACHED: State.SHELVED,
}

_ROWS: Final = {
    State.OPEN: _OPEN,
    State.ACKNOWLEDGED: _ACKNOWLEDGED,
    State.ON_SITE: _ON_SITE,
    State.RESOLVED: _RESOLVED,
    State.VERIFIED: _VERIFIED,
    State.CLOSED: _CLOSED,
    State.RETURNED: _RETURNED,
    State.SHELVED: _SHELVED,
}

TRANSITIONS: Final[dict[tuple[State, Signal], State | Refusal]] = {
    (state, signal): outcome for state, row in _ROWS.items() for signal, outcome in row.items()
}


def diagram() -> str:
    """The table as a Mermaid state diagram; refusals and steps that lead nowhere are left out."""
    lines = ["stateDiagram-v2", "    [*] --> open"]
    for (state, signal), outcome in TRANSITIONS.items():
        if isinstance(outcome, State) and outcome is not state:
            lines.append(f"    {state} --> {outcome}: {signal}")
    return "\n".join(lines)
