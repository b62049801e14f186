"""What people are told about the roster: a swap that waits for their answer, its end, and turns or leave that another
person registered for them.

Runs inside the transaction of the change of the roster. Nobody is told of what he did himself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from alerts.escalation.policy import QuietHours
from alerts.escalation.quiet_hours import end_of_quiet_hours
from alerts.handling.personal_messages import PersonalMessages
from alerts.message import Delivery, MessageKind
from alerts.messages.personal import PersonalMessage
from alerts.messages.renderer import MessageRenderer
from alerts.ports import Transaction
from domain import DAY, HOUR, Instant
from domain.people import Community
from domain.rosters import Override, OverrideKind, Swap, SwapState

NIGHT: Final = QuietHours(from_minute=22 * 60, to_minute=7 * 60)
"""A change of the roster wakes nobody, unless the answer would come too late."""
VALID_MS: Final = DAY
ANSWER_MS: Final = HOUR
"""Time that must remain for an answer; where the night leaves less, the message is sent at once."""


class RosterMessages:
    """Writes the messages, with the names of the community and the texts of the site."""

    def __init__(
        self, messages: PersonalMessages, renderer: MessageRenderer, community: Callable[[], Community]
    ) -> None:
        self._messages, self._renderer, self._community = messages, renderer, community

    def swap_asked(self, tx: Transaction, swap: Swap, code: str, link: str) -> Delivery | None:
        """Ask the other person: `code` is typed on the page for answers, `link` leads to it."""
        values = self._swap_values(tx.now, swap, swap.asker, swap.reason)
        values["until"] = self._renderer.format_time(swap.expires_at, tx.now)
        message = PersonalMessage(
            MessageKind.SWAP_ASKED,
            swap.other,
            _about_swap(swap),
            values,
            self._send_at(tx.now, swap.expires_at),
            swap.expires_at,
            code,
            link,
        )
        return self._messages.enqueue(tx, message)

    def swap_answered(self, tx: Transaction, swap: Swap) -> Delivery | None:
        """Tell the asker the answer."""
        self._messages.cancel(tx, _about_swap(swap), MessageKind.SWAP_ASKED)
        kind = MessageKind.SWAP_AGREED if swap.state is SwapState.ACCEPTED else MessageKind.SWAP_DECLINED
        values = self._swap_values(tx.now, swap, swap.other, swap.answer_reason)
        return self._enqueue(tx, kind, swap.asker, _about_swap(swap), values, swap.since)

    def swap_withdrawn(self, tx: Transaction, swap: Swap, by: str) -> list[Delivery]:
        """Tell both persons, except the one who withdrew it; `by` is the person or token that did."""
        self._messages.cancel(tx, _about_swap(swap), MessageKind.SWAP_ASKED)
        recipients = [person for person in (swap.asker, swap.other) if person != by]
        values = self._swap_values(tx.now, swap, by, swap.answer_reason)
        rows = [
            self._enqueue(tx, MessageKind.SWAP_WITHDRAWN, person, _about_swap(swap), values, swap.since)
            for person in recipients
        ]
        return [row for row in rows if row is not None]

    def override_registered(self, tx: Transaction, override: Override) -> list[Delivery]:
        """Tell the substitute whose turns he works, and the absent person that his leave is registered."""
        return self._about_override(tx, override, MessageKind.COVER, MessageKind.LEAVE, override.made_by)

    def override_removed(self, tx: Transaction, override: Override, by: str) -> list[Delivery]:
        """Tell both that the roster holds again."""
        return self._about_override(tx, override, MessageKind.COVER_ENDED, MessageKind.LEAVE_ENDED, by)

    def _about_override(
        self, tx: Transaction, override: Override, cover: MessageKind, leave: MessageKind, by: str
    ) -> list[Delivery]:
        words, about = self._renderer.catalog.roster_words, f"override:{override.id}"
        values = {"hours": self._hours(override.since, override.until, tx.now), "note": ""}
        rows = []
        if override.substitute not in (None, by):
            values_of_cover = {**values, "name": self._name(override.person)}
            rows.append(self._enqueue(tx, cover, str(override.substitute), about, values_of_cover, override.since))
        if override.kind is OverrideKind.LEAVE and override.person != by:
            values_of_leave = {**values, "what": override.leave or words.leave}
            rows.append(self._enqueue(tx, leave, override.person, about, values_of_leave, override.since))
        return [row for row in rows if row is not None]

    def _enqueue(
        self, tx: Transaction, kind: MessageKind, person: str, about: str, values: dict[str, str], begins: Instant
    ) -> Delivery | None:
        """`begins` is the turn that the message is about."""
        at = self._send_at(tx.now, begins)
        return self._messages.enqueue(tx, PersonalMessage(kind, person, about, values, at, at + VALID_MS))

    def _send_at(self, now: Instant, too_late: Instant) -> Instant:
        """In the morning, unless that leaves too little time until `too_late`."""
        morning = end_of_quiet_hours(now, NIGHT, self._renderer.tz)
        return morning if morning + ANSWER_MS <= too_late else now

    def _swap_values(self, now: Instant, swap: Swap, name: str, note: str) -> dict[str, str]:
        words = self._renderer.catalog.roster_words
        what = words.cover if swap.back_since is None else words.swap
        return {"name": self._name(name), "what": what, "hours": self._hours(swap.since, swap.until, now), "note": note}

    def _name(self, person: str) -> str:
        known = self._community().people.get(person)
        return self._renderer.catalog.roster_words.desk if known is None else known.name

    def _hours(self, since: Instant, until: Instant, now: Instant) -> str:
        """12月3日20:00起12小时; begin and end where the hours are no whole number, or many."""
        words, renderer, minutes = self._renderer.catalog.roster_words, self._renderer, (until - since) // 60_000
        begin = renderer.format_time(since, now)
        if minutes % 60 or minutes > 24 * 60:
            return words.days.format(begin=begin, end=renderer.format_time(until, since))
        return words.hours.format(begin=begin, span=renderer.catalog.spans.hour.format(n=minutes // 60))


def _about_swap(swap: Swap) -> str:
    return f"swap:{swap.id}"
