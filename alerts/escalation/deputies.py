"""When the deputies of a rung are called, and who of a role is called first: whoever has no danger in hand."""

from __future__ import annotations

from typing import Final

from alerts.escalation.recipients import Groups
from alerts.ports import Transaction

DEPUTY_RANKS: Final = 2
"""Without an answer, the first rank and one rank of deputies are called before the next rung, and share the rung's
wait. Who declines is always replaced.
"""


def first_share(wait_ms: int, deputy_after_ms: int) -> int:
    """How long the first rank is waited for before its deputies are called: half of the rung's wait, and no less than
    `deputy_after_ms`. Where that is the whole wait, deputies and the next rung are called together.

    >>> [first_share(wait, 60) for wait in (60, 90, 300)]
    [60, 60, 150]
    """
    return max(wait_ms // DEPUTY_RANKS, min(deputy_after_ms, wait_ms))


def free_first(tx: Transaction, groups: Groups, busy_from: int) -> Groups:
    """The groups in the order in which they are called: those of whom everybody has so many dangers in hand (0: no
    number is too many) behind the others."""
    if len(groups) < 2 or not busy_from:
        return groups
    in_hand = tx.store.dangers_in_hand([person.id for group in groups for person in group])
    return sorted(groups, key=lambda group: all(in_hand.get(person.id, 0) >= busy_from for person in group))
