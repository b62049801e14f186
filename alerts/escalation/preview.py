"""Who would be notified of a danger, and when: the rows of a ladder, and the people on duty at one instant. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from zoneinfo import ZoneInfo

from msgspec import Struct

from alerts.alert import Alert
from alerts.channel_specs import LOGBOOK, VOICE, stored_address
from alerts.escalation.deputies import DEPUTY_RANKS, first_share
from alerts.escalation.ladder_choice import LadderChoice
from alerts.escalation.policy import EscalationPolicy, Ladder, Occasion, Recipient
from alerts.escalation.recipients import RecipientFinder
from domain import Person
from domain.people import Community
from domain.roles import Roles


class LadderRow(Struct, frozen=True):
    """One recipient of a ladder: notified so many milliseconds after the opening, or on an occasion."""

    recipient: Recipient
    after_ms: int = 0
    occasion: Occasion = Occasion.OPENED
    rung: int | None = None
    """Index of the rung; None for an extra recipient."""
    wait_ms: int = 0
    is_phone_call: bool = False
    """`phone` of the rung: those of a role who were called before and have not answered are also called by voice."""


class CallPreview(Struct, frozen=True):
    """People who would be notified together, each by the channels that lead to him; none where nobody is found."""

    row: LadderRow
    after_ms: int
    people: tuple[tuple[Person, tuple[str, ...]], ...] = ()


def ladder_rows(ladder: Ladder) -> list[LadderRow]:
    """Every recipient of a ladder, in the order of time, if nobody answers."""
    rows, begin = [], 0
    for step, rung in enumerate(ladder.rungs):
        rows += [LadderRow(one, begin, rung=step, wait_ms=rung.wait) for one in rung.everybody]
        begin += rung.wait
    rows += [LadderRow(one, one.after, one.at) for one in ladder.notify]
    return _in_order(rows)


def phone_rows(ladder: Ladder) -> list[LadderRow]:
    """The phone calls beside the rungs, of roles that an earlier rung calls."""
    rows, begin, called = [], 0, set[str]()
    for step, rung in enumerate(ladder.rungs):
        if rung.phone in called:
            recipient = Recipient(role=rung.phone, channels=(VOICE,))
            rows.append(LadderRow(recipient, begin, rung=step, wait_ms=rung.wait, is_phone_call=True))
        called |= {one.role for one in rung.responsible}
        begin += rung.wait
    return rows


def _in_order(rows: Sequence[LadderRow]) -> list[LadderRow]:
    return sorted(rows, key=lambda row: (list(Occasion).index(row.occasion), row.after_ms))


class EscalationPreview:
    """Plans the calls of an alert without sending anything."""

    def __init__(
        self,
        policy: EscalationPolicy,
        community: Community,
        roles: Roles,
        affected: Callable[[Alert], Sequence[Person]],
        tz: ZoneInfo,
        channels: Collection[str],
    ) -> None:
        self._policy, self._community, self._roles, self._affected, self._tz = policy, community, roles, affected, tz
        self._enabled = frozenset(channels) | {LOGBOOK}
        self.choice = LadderChoice(policy, lambda: community, affected, tz)

    def ladder(self, alert: Alert) -> Ladder:
        return self.choice.of_alert(alert)

    def calls(self, alert: Alert) -> Iterator[CallPreview]:
        """The calls if nobody answers, with the people on duty at the opening."""
        ladder = self.ladder(alert)
        at = alert.opened_at
        rule = alert.ladder_rule
        wanted = [one for occasion in Occasion for one in self.choice.notices(alert, ladder, rule, occasion, at)]
        finder = RecipientFinder(self._community, self._roles, at, self._tz, self._policy.position_max_age)
        rows = [
            row for row in ladder_rows(ladder) if row.rung is not None or any(row.recipient is one for one in wanted)
        ]
        if VOICE in self._enabled:
            rows = _in_order([*rows, *phone_rows(ladder)])
        for row in rows:
            yield from self._phone_call(finder, alert, row) if row.is_phone_call else self._groups(finder, alert, row)

    def _groups(self, finder: RecipientFinder, alert: Alert, row: LadderRow) -> Iterator[CallPreview]:
        groups = finder.groups(alert, row.recipient, self._affected(alert))
        if not groups:
            yield CallPreview(row, row.after_ms)
        share_ms = first_share(row.wait_ms, self._policy.deputy_after)
        is_called = row.recipient in self.ladder(alert).rungs[row.rung].responsible if row.rung is not None else False
        for index, group in enumerate(groups[: DEPUTY_RANKS if is_called else 1]):
            people = tuple((person, self._channels_to(person, row.recipient)) for person in group)
            yield CallPreview(row, row.after_ms + index * share_ms, people)

    def _phone_call(self, finder: RecipientFinder, alert: Alert, row: LadderRow) -> Iterator[CallPreview]:
        """Those of the role whom an earlier rung called, first and deputies, all at once; only who has a phone."""
        groups = finder.groups(alert, row.recipient, self._affected(alert))
        people = [person for group in groups[:DEPUTY_RANKS] for person in group]
        calls = tuple((person, (VOICE,)) for person in people if stored_address(person, VOICE))
        yield CallPreview(row, row.after_ms, calls)

    def _channels_to(self, person: Person, recipient: Recipient) -> tuple[str, ...]:
        """The channels that lead to a person: the regular ones, else the first fallback."""
        if self._enabled == {LOGBOOK}:
            return (LOGBOOK,)
        regular = [way for way in recipient.channels if way in self._enabled and stored_address(person, way)]
        other = [way for way in recipient.fallback if way in self._enabled and stored_address(person, way)]
        return tuple(regular or other[:1])
