"""Further attempts of a critical call after its last ordinary one, when others have been called in its place.

Runs inside the caller's transaction; decision 0038 has the reasons.
"""

from __future__ import annotations

from typing import Final

from msgspec import structs

from alerts.channels.channel import SendOutcome
from alerts.delivery.retries import SEND_AGAIN_AFTER, TRIED_ON_MS
from alerts.handling.timeline import Timeline
from alerts.message import Delivery, DeliveryState
from alerts.ports import Transaction

TRIED_ON: Final = "tried_on"
"""Outcome of a call after which others were called in its place; also tells that this was done."""


def try_on(tx: Transaction, timeline: Timeline, row: Delivery, free: Delivery, outcome: SendOutcome) -> None:
    """The next attempt, or lookup of a message in doubt, TRIED_ON_MS later. Still in doubt after SEND_AGAIN_AFTER
    attempts it is sent once more now, by whichever provider works. `row` is stored; `free` is it without its lease."""
    later = structs.replace(free, not_before=tx.now + TRIED_ON_MS, outcome=TRIED_ON)
    in_doubt = outcome is SendOutcome.UNKNOWN
    if in_doubt and row.attempts == SEND_AGAIN_AFTER:
        again = structs.replace(later, state=DeliveryState.PENDING, provider=None, not_before=tx.now)
        tx.store.update_delivery(row, again, tx.now, "sent again in doubt")
        tx.store.add_timeline(timeline.message(again, "again_in_doubt", tx.now))
    else:
        state = DeliveryState.UNKNOWN if in_doubt else DeliveryState.PENDING
        tx.store.update_delivery(row, structs.replace(later, state=state), tx.now, "tried on")
