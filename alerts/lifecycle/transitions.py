"""The transition table of an alert: for each state and signal the next state, or the reason to refuse.

Total: a missing pair fails a test. `advance` computes the other fields and the effects.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from alerts.alert import State


class Signal(StrEnum):
    """Events of an alert: twelve actions of people, nine automatic ones. Values are stored as kinds of timeline
    entries."""

    ACKNOWLEDGE = "acknowledge"
    ARRIVE = "arrive"
    RESOLVE = "resolve"
    VERIFY = "verify"
    CLOSE = "close"
    RETURN = "return"
    REOPEN = "reopen"
    SHELVE = "shelve"
    ASSIGN = "assign"
    DECLINE = "pass"
    GIVE_BACK = "back"
    """The body to which the alert was returned gives it back."""
    MERGE = "merge"
    """Another alert takes over its findings (by hand)."""
    DEADLINE = "due"
    """The deadline of the state passed: not acknowledged, not arrived, shelf time over."""
    RECOVERED = "recovered"
    """Every finding of a danger ended. The alert stays open: a sensor back to normal does not prove that it is safe."""
    HEALTH_RECOVERED = "healed"
    """Every finding of a health alert ended; nobody needs to act."""
    SEVERITY_RAISED = "worsened"
    """A danger that is more severe, or allows the same people less time. The escalation restarts."""
    RECURRED = "recurred"
    """The alert's own danger began again."""
    ADDED = "added"
    """Another danger joined the alert."""
    STILL_FIRING = "persists"
    """Reported as dealt with, but the device, received since then, still reports the danger."""
    OWNER_UNREACHABLE = "unreached"
    """No message about a danger that joined can reach the owner: others are notified."""
    RETURN_EXPIRED = "return_expired"
    """The body to which the alert was returned did not answer in time, or cannot be reached."""


_AUTOMATIC: Final = frozenset(
    {"due", "recovered", "healed", "worsened", "recurred", "added", "persists", "unreached", "return_expired"}
)
ACTIONS: Final = tuple(signal for signal in Signal if signal.value not in _AUTOMATIC and signal is not Signal.MERGE)
"""The actions of people that need no second alert."""


class ActionRefusal(StrEnum):
    """Why an action is refused. The sentences are in wording.zh.yaml, by value."""

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
    STILL_DANGEROUS = "still_burning"
    NOT_YOURS = "not_yours"
    ENOUGH_HELPERS = "enough_helpers"
    NOT_ASKED = "not_asked"
    """By phone only the people who were asked to verify can."""
    NOT_ASKED_STREET = "not_asked_street"
    """Only the people of the street who were asked to verify a citizen's report can."""
    SAME_PRINCIPAL = "same_principal"
    ON_BEHALF = "on_behalf"
    """The token that reported it as dealt with verifies on behalf of another person."""
    SHELVED_ONCE = "shelved_once"
    """A critical danger is shelved a second time by a person who is no supervisor."""
    NOT_HANDED_OVER = "not_handed_over"
    RETURNED_OFTEN = "returned_often"
    """It went back and forth: a supervisor decides."""
    BODY_UNREACHABLE = "body_unreachable"
    MERGED = "merged"
    MERGE_SELF = "merge_self"
    MERGE_LEDGER = "merge_ledger"
    MERGE_EXERCISE = "merge_exercise"
    MERGE_INACTIVE = "merge_inactive"
    """The alert to merge into is shelved, handed over, or dealt with: nobody would act on the danger."""
    MERGE_OTHERS = "merge_others"
    """The alert to merge into calls other people."""
    SPLIT_ALL = "split_all"
    SPLIT_UNKNOWN = "split_unknown"
    SPLIT_OLD = "split_old"
    """The finding was recorded before findings were stored whole."""


_OPEN: Final[dict[Signal, State | ActionRefusal]] = {
    Signal.ACKNOWLEDGE: State.ACKNOWLEDGED,
    Signal.ARRIVE: State.ON_SITE,
    Signal.RESOLVE: ActionRefusal.NOT_TAKEN,
    Signal.VERIFY: ActionRefusal.NOT_RESOLVED,
    Signal.CLOSE: ActionRefusal.NOT_TAKEN,
    Signal.RETURN: State.RETURNED,
    Signal.REOPEN: ActionRefusal.STILL_OPEN,
    Signal.SHELVE: State.SHELVED,
    Signal.ASSIGN: State.OPEN,
    Signal.DECLINE: State.OPEN,
    Signal.DEADLINE: State.OPEN,
    Signal.RECOVERED: State.OPEN,
    Signal.HEALTH_RECOVERED: State.CLOSED,
    Signal.SEVERITY_RAISED: State.OPEN,
    Signal.RECURRED: State.OPEN,
    Signal.ADDED: State.OPEN,
    Signal.STILL_FIRING: State.OPEN,
    Signal.OWNER_UNREACHABLE: State.OPEN,
    Signal.GIVE_BACK: ActionRefusal.NOT_HANDED_OVER,
    Signal.MERGE: State.CLOSED,
    Signal.RETURN_EXPIRED: State.OPEN,
}
_ACKNOWLEDGED: Final[dict[Signal, State | ActionRefusal]] = {
    Signal.ACKNOWLEDGE: ActionRefusal.ALREADY_TAKEN,
    Signal.ARRIVE: State.ON_SITE,
    Signal.RESOLVE: State.RESOLVED,
    Signal.VERIFY: ActionRefusal.NOT_RESOLVED,
    Signal.CLOSE: ActionRefusal.NOT_RESOLVED,
    Signal.RETURN: State.RETURNED,
    Signal.REOPEN: State.OPEN,
    Signal.SHELVE: State.SHELVED,
    Signal.ASSIGN: State.OPEN,
    Signal.DECLINE: State.OPEN,
    Signal.DEADLINE: State.OPEN,
    Signal.RECOVERED: State.ACKNOWLEDGED,
    Signal.HEALTH_RECOVERED: State.ACKNOWLEDGED,
    Signal.SEVERITY_RAISED: State.OPEN,
    Signal.RECURRED: State.ACKNOWLEDGED,
    Signal.ADDED: State.ACKNOWLEDGED,
    Signal.STILL_FIRING: State.ACKNOWLEDGED,
    Signal.OWNER_UNREACHABLE: State.OPEN,
    Signal.GIVE_BACK: ActionRefusal.NOT_HANDED_OVER,
    Signal.MERGE: State.CLOSED,
    Signal.RETURN_EXPIRED: State.ACKNOWLEDGED,
}
_ON_SITE: Final[dict[Signal, State | ActionRefusal]] = {
    Signal.ACKNOWLEDGE: ActionRefusal.ALREADY_ON_SITE,
    Signal.ARRIVE: ActionRefusal.ALREADY_ON_SITE,
    Signal.RESOLVE: State.RESOLVED,
    Signal.VERIFY: ActionRefusal.NOT_RESOLVED,
    Signal.CLOSE: ActionRefusal.NOT_RESOLVED,
    Signal.RETURN: State.RETURNED,
    Signal.REOPEN: State.OPEN,
    Signal.SHELVE: ActionRefusal.ON_SITE_STAYS,
    Signal.ASSIGN: State.OPEN,
    Signal.DECLINE: ActionRefusal.ALREADY_ON_SITE,
    Signal.DEADLINE: State.ON_SITE,
    Signal.RECOVERED: State.ON_SITE,
    Signal.HEALTH_RECOVERED: State.ON_SITE,
    Signal.SEVERITY_RAISED: State.ON_SITE,
    Signal.RECURRED: State.ON_SITE,
    Signal.ADDED: State.ON_SITE,
    Signal.STILL_FIRING: State.ON_SITE,
    Signal.OWNER_UNREACHABLE: State.OPEN,
    Signal.GIVE_BACK: ActionRefusal.NOT_HANDED_OVER,
    Signal.MERGE: State.CLOSED,
    Signal.RETURN_EXPIRED: State.ON_SITE,
}
_RESOLVED: Final[dict[Signal, State | ActionRefusal]] = {
    Signal.ACKNOWLEDGE: ActionRefusal.ALREADY_RESOLVED,
    Signal.ARRIVE: ActionRefusal.ALREADY_RESOLVED,
    Signal.RESOLVE: ActionRefusal.ALREADY_RESOLVED,
    Signal.VERIFY: State.VERIFIED,
    Signal.CLOSE: State.CLOSED,
    Signal.RETURN: ActionRefusal.ALREADY_RESOLVED,
    Signal.REOPEN: State.OPEN,
    Signal.SHELVE: ActionRefusal.ALREADY_RESOLVED,
    Signal.ASSIGN: ActionRefusal.ALREADY_RESOLVED,
    Signal.DECLINE: ActionRefusal.ALREADY_RESOLVED,
    Signal.DEADLINE: State.RESOLVED,
    Signal.RECOVERED: State.RESOLVED,
    Signal.HEALTH_RECOVERED: State.RESOLVED,
    Signal.SEVERITY_RAISED: State.OPEN,
    Signal.RECURRED: State.OPEN,
    Signal.ADDED: State.OPEN,
    Signal.STILL_FIRING: State.OPEN,
    Signal.OWNER_UNREACHABLE: State.RESOLVED,
    Signal.GIVE_BACK: ActionRefusal.NOT_HANDED_OVER,
    Signal.MERGE: State.CLOSED,
    Signal.RETURN_EXPIRED: State.RESOLVED,
}
_VERIFIED: Final[dict[Signal, State | ActionRefusal]] = {
    Signal.ACKNOWLEDGE: ActionRefusal.ALREADY_VERIFIED,
    Signal.ARRIVE: ActionRefusal.ALREADY_VERIFIED,
    Signal.RESOLVE: ActionRefusal.ALREADY_VERIFIED,
    Signal.VERIFY: ActionRefusal.ALREADY_VERIFIED,
    Signal.CLOSE: State.CLOSED,
    Signal.RETURN: ActionRefusal.ALREADY_VERIFIED,
    Signal.REOPEN: State.OPEN,
    Signal.SHELVE: ActionRefusal.ALREADY_VERIFIED,
    Signal.ASSIGN: ActionRefusal.ALREADY_VERIFIED,
    Signal.DECLINE: ActionRefusal.ALREADY_VERIFIED,
    Signal.DEADLINE: State.CLOSED,
    Signal.RECOVERED: State.VERIFIED,
    Signal.HEALTH_RECOVERED: State.VERIFIED,
    Signal.SEVERITY_RAISED: State.OPEN,
    Signal.RECURRED: State.OPEN,
    Signal.ADDED: State.OPEN,
    Signal.STILL_FIRING: State.OPEN,
    Signal.OWNER_UNREACHABLE: State.VERIFIED,
    Signal.GIVE_BACK: ActionRefusal.NOT_HANDED_OVER,
    Signal.MERGE: State.CLOSED,
    Signal.RETURN_EXPIRED: State.VERIFIED,
}
_CLOSED: Final[dict[Signal, State | ActionRefusal]] = {
    Signal.ACKNOWLEDGE: ActionRefusal.CLOSED,
    Signal.ARRIVE: ActionRefusal.CLOSED,
    Signal.RESOLVE: ActionRefusal.CLOSED,
    Signal.VERIFY: ActionRefusal.CLOSED,
    Signal.CLOSE: ActionRefusal.CLOSED,
    Signal.RETURN: ActionRefusal.CLOSED,
    Signal.REOPEN: State.OPEN,
    Signal.SHELVE: ActionRefusal.CLOSED,
    Signal.ASSIGN: ActionRefusal.CLOSED,
    Signal.DECLINE: ActionRefusal.CLOSED,
    Signal.DEADLINE: State.CLOSED,
    Signal.RECOVERED: State.CLOSED,
    Signal.HEALTH_RECOVERED: State.CLOSED,
    Signal.SEVERITY_RAISED: State.OPEN,
    Signal.RECURRED: State.OPEN,
    Signal.ADDED: State.OPEN,
    Signal.STILL_FIRING: State.OPEN,
    Signal.OWNER_UNREACHABLE: State.CLOSED,
    Signal.GIVE_BACK: ActionRefusal.NOT_HANDED_OVER,
    Signal.MERGE: ActionRefusal.CLOSED,
    Signal.RETURN_EXPIRED: State.CLOSED,
}
_RETURNED: Final[dict[Signal, State | ActionRefusal]] = {
    Signal.ACKNOWLEDGE: State.ACKNOWLEDGED,
    Signal.ARRIVE: State.ON_SITE,
    Signal.RESOLVE: ActionRefusal.RETURNED,
    Signal.VERIFY: ActionRefusal.RETURNED,
    Signal.CLOSE: State.CLOSED,
    Signal.RETURN: State.RETURNED,
    Signal.REOPEN: State.OPEN,
    Signal.SHELVE: State.SHELVED,
    Signal.ASSIGN: State.OPEN,
    Signal.DECLINE: State.RETURNED,
    Signal.DEADLINE: State.RETURNED,
    Signal.RECOVERED: State.RETURNED,
    Signal.HEALTH_RECOVERED: State.CLOSED,
    Signal.SEVERITY_RAISED: State.OPEN,
    Signal.RECURRED: State.RETURNED,
    Signal.ADDED: State.RETURNED,
    Signal.STILL_FIRING: State.RETURNED,
    Signal.OWNER_UNREACHABLE: State.RETURNED,
    Signal.GIVE_BACK: State.OPEN,
    Signal.MERGE: State.CLOSED,
    Signal.RETURN_EXPIRED: State.OPEN,
}
_SHELVED: Final[dict[Signal, State | ActionRefusal]] = {
    Signal.ACKNOWLEDGE: State.ACKNOWLEDGED,
    Signal.ARRIVE: State.ON_SITE,
    Signal.RESOLVE: ActionRefusal.SHELVED,
    Signal.VERIFY: ActionRefusal.SHELVED,
    Signal.CLOSE: ActionRefusal.SHELVED,
    Signal.RETURN: ActionRefusal.SHELVED,
    Signal.REOPEN: State.OPEN,
    Signal.SHELVE: State.SHELVED,
    Signal.ASSIGN: State.OPEN,
    Signal.DECLINE: ActionRefusal.SHELVED,
    Signal.DEADLINE: State.OPEN,
    Signal.RECOVERED: State.SHELVED,
    Signal.HEALTH_RECOVERED: State.CLOSED,
    Signal.SEVERITY_RAISED: State.OPEN,
    Signal.RECURRED: State.OPEN,
    Signal.ADDED: State.SHELVED,
    Signal.STILL_FIRING: State.SHELVED,
    Signal.OWNER_UNREACHABLE: State.SHELVED,
    Signal.GIVE_BACK: ActionRefusal.NOT_HANDED_OVER,
    Signal.MERGE: State.CLOSED,
    Signal.RETURN_EXPIRED: State.SHELVED,
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

TRANSITIONS: Final[dict[tuple[State, Signal], State | ActionRefusal]] = {
    (state, signal): outcome for state, row in _ROWS.items() for signal, outcome in row.items()
}


def diagram() -> str:
    """The table as a Mermaid state diagram, without refusals and without steps that keep the state."""
    lines = ["stateDiagram-v2", "    [*] --> open"]
    for (state, signal), outcome in TRANSITIONS.items():
        if isinstance(outcome, State) and outcome is not state:
            lines.append(f"    {state} --> {outcome}: {signal}")
    return "\n".join(lines)
