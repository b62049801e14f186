"""Phone calls beside a rung (`phone: ROLE`): those of the role who were called before and have not answered.

They are no recipients of the rung: its people, its deputies and its wait are the same on sites without the channel
`voice`, and a call that fails delays nobody above.
"""

from __future__ import annotations

from collections.abc import Callable

from alerts.alert import Alert
from alerts.channel_specs import VOICE
from alerts.escalation.calls import CallWriter
from alerts.escalation.policy import Ladder, Recipient, Rung
from alerts.message import Delivery, MessageKind
from alerts.messages.deliveries import is_call_of_round
from alerts.ports import Transaction
from domain.people import Community


class PhoneCalls:
    """Enqueues the calls by voice of a rung."""

    def __init__(self, call_writer: CallWriter, community: Callable[[], Community]) -> None:
        self._call_writer, self._community = call_writer, community

    def notify(self, tx: Transaction, alert: Alert, ladder: Ladder, rung: Rung, step: int) -> None:
        """Call by voice, once a round. Nothing on a site without the channel."""
        if not rung.phone or VOICE not in self._call_writer.outbox.enabled:
            return
        recipient = Recipient(role=rung.phone, channels=(VOICE,))
        calls = [row for row in tx.store.deliveries(alert.id) if is_call_of_round(row, alert)]
        answered = {*alert.passed, *(one.person for one in alert.responders)}
        answered |= {row.person for row in calls if row.channel == VOICE}
        for person_id in dict.fromkeys(row.person for row in calls if row.role == rung.phone):
            person = self._community().people.get(person_id)
            if person is None or person_id in answered or not self._call_writer.channels(person, recipient):
                continue
            self._call_writer.call(tx, alert, ladder, person, recipient, step, MessageKind.ALERT)


def is_beside_the_rung(row: Delivery, rung: Rung) -> bool:
    """Whether a call was made by `phone`: the rung has no further channels for this person."""
    return row.channel == VOICE and bool(rung.phone) and row.role == rung.phone and rung.phone not in rung.roles
