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
SENT_AGAIN: Final = "sent_again"
GIVEN_UP: Final = (TRIED_ON, SENT_AGAIN)
"""Outcomes of a call in whose place others were called; with SENT_AGAIN it was sent again in doubt. Kept until a
provider accepts it: attempts are counted when they begin, so their number does not tell what was done after them."""


def try_on(tx: Transaction, timeline: Timeline, row: Delivery, free: Delivery, outcome: SendOutcome) -> None:
    """The next attempt, or lookup of a message in doubt, TRIED_ON_MS later. Still in doubt after SEND_AGAIN_AFTER
    attempts it is sent once more now, by whichever provider works. `row` is stored; `free` is it without its lease."""
    mark = SENT_AGAIN if row.outcome == SENT_AGAIN else TRIED_ON
    later = structs.replace(free, not_before=tx.now + TRIED_ON_MS, outcome=mark)
    in_doubt = outcome is SendOutcome.UNKNOWN
    if in_doubt and row.attempts >= SEND_AGAIN_AFTER and mark != SENT_AGAIN:
        pending = DeliveryState.PENDING
        again = structs.replace(later, state=pending, provider=None, not_before=tx.now, outcome=SENT_AGAIN)
        tx.store.update_delivery(row, again, tx.now, "sent again in doubt")
        tx.store.add_timeline(timeline.message(again, "again_in_doubt", tx.now))
    else:
        state = DeliveryState.UNKNOWN if in_doubt else DeliveryState.PENDING
        tx.store.update_delivery(row, structs.replace(later, state=state), tx.now, "tried on")
