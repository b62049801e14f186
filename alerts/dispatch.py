"""Climbing the ladder: finds who is on duty for the place, calls them, and says in the timeline what it did.

It works on a book inside the host's transaction. It knows no network and no clock.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo

from msgspec import structs

from alerts import roster
from alerts.alert import CALLS, REACHING, Alert, Delivery, Entry, Kind
from alerts.ladder import Ladder, LadderBook, Rung
from alerts.outbox import Call, Outbox
from alerts.ports import Book
from domain import Instant, Person, Role
from domain.people import Community


class Dispatch:
    """Who is told next. Every way out leaves the alert with the moment at which it goes on."""

    def __init__(self, ladders: LadderBook, outbox: Outbox, community: Callable[[], Community], tz: ZoneInfo) -> None:
        self.ladders, self.outbox, self.community, self.tz = ladders, outbox, community, tz
        self.wording = outbox.wording

    def ladder(self, alert: Alert) -> Ladder:
        return self.ladders.ladder(alert.ledger, alert.severity, alert.rule)

    def climb(self, book: Book, alert: Alert, now: Instant, kind: Kind | None = None) -> Alert:
        """Tell the next rung on which somebody can be reached; at the top, the top again."""
        ladder = self.ladder(alert)
        step = alert.rung + 1
        while step < len(ladder.rungs):
            if self._tell_rung(book, alert, ladder.rungs[step], step, now, kind):
                return self._wait(alert, step, ladder.rungs[step].wait, now)
            step += 1
        return self._top(book, alert, step, now, kind)

    def next_person(self, book: Book, alert: Alert, now: Instant) -> Alert:
        """The deputies on the same rung, else the next rung."""
        ladder = self.ladder(alert)
        step = min(max(alert.rung, 0), len(ladder.rungs) - 1)
        if self._tell_rung(book, alert, ladder.rungs[step], alert.rung, now, None):
            return self._wait(alert, alert.rung, ladder.rungs[step].wait, now)
        return self.climb(book, alert, now)

    def tell_person(self, book: Book, alert: Alert, person: Person, now: Instant) -> Alert:
        """One person named by a dispatcher. The ladder goes on above the present rung if he does not answer."""
        ladder = self.ladder(alert)
        rung = ladder.rungs[min(max(alert.rung, 0), len(ladder.rungs) - 1)]
        self._call(book, alert, person, rung, alert.rung, now, Kind.ALERT)
        return self._wait(alert, alert.rung, rung.wait, now)

    def fall_back(self, book: Book, alert: Alert, failed: Delivery, now: Instant) -> Alert | None:
        """After a hard failure: the person's next channel, else the next person now. None: others may still hear."""
        rows = [row for row in book.deliveries(alert.id) if row.round == failed.round and row.rung == failed.rung]
        mine = [row for row in rows if row.person == failed.person and row.kind in CALLS]
        if any(row.state in REACHING for row in mine):
            return None
        if self.other_channel(book, alert, failed, now):
            return None
        if any(row.state in REACHING for row in rows if row.kind in CALLS) or failed.rung != alert.rung:
            return None
        if alert.rung >= len(self.ladder(alert).rungs):
            # The top has been called before: it is called again when its time comes, not as fast as it can fail.
            return None
        return self.next_person(book, alert, now)

    def other_channel(self, book: Book, alert: Alert, doubtful: Delivery, now: Instant) -> bool:
        """The same person by a channel not yet tried on this rung. False when there is none."""
        ladder = self.ladder(alert)
        rung = ladder.rungs[min(max(doubtful.rung, 0), len(ladder.rungs) - 1)]
        person = self.community().people.get(doubtful.person)
        tried = {
            row.channel
            for row in book.deliveries(alert.id)
            if (row.round, row.rung, row.person) == (doubtful.round, doubtful.rung, doubtful.person)
            and row.kind in CALLS
        }
        left = [way for way in (*rung.channels, *rung.fallback) if way not in tried]
        ways = [way for way in self.outbox.ways(person, left) if way not in tried] if person is not None else []
        if person is None or not ways:
            return False
        call = self._described(alert, person, Role(doubtful.role), doubtful.rung, doubtful.kind, now)
        return bool(self.outbox.call(book, alert, call, ways[:1], now))

    def _top(self, book: Book, alert: Alert, step: int, now: Instant, kind: Kind | None) -> Alert:
        """Everybody has been told: the highest who can be reached hears it again, for as long as it takes."""
        ladder = self.ladder(alert)
        for rung in reversed(ladder.rungs):
            if self._tell_rung(book, alert, rung, step, now, kind, again=True):
                break
        else:
            book.note([Entry(alert.id, now, "nobody", self.wording.say("nobody_at_all"))])
        return self._wait(alert, step, ladder.repeat, now)

    def _wait(self, alert: Alert, rung: int, wait_ms: int, now: Instant) -> Alert:
        begin = roster.after_quiet(now, self.ladder(alert).quiet, self.tz)
        return structs.replace(alert, rung=rung, climb_at=begin + wait_ms)

    def _tell_rung(
        self,
        book: Book,
        alert: Alert,
        rung: Rung,
        step: int,
        now: Instant,
        kind: Kind | None,
        again: bool = False,
    ) -> bool:
        """True when at least one person of the rung was called."""
        fresh = alert.rung < 0 and alert.round == 0
        rows = [] if again or fresh else book.deliveries(alert.id)
        people = self._people(alert, rung.role, rows, now)
        if not people:
            if not again and not self._called(rows, alert, rung.role):
                role = self.wording.book.roles[rung.role]
                book.note([Entry(alert.id, now, "nobody", self.wording.say("nobody", role=role))])
            return False
        kind = kind or (Kind.ALERT if step <= 0 else Kind.ESCALATE)
        reached = [person for person in people if self._call(book, alert, person, rung, step, now, kind)]
        if not reached:
            return False
        names = "、".join(person.name for person in reached)
        line = "calling" if kind is Kind.ALERT else "climbing"
        text = self.wording.say(line, role=self.wording.book.roles[rung.role], names=f" {names}")
        book.note([Entry(alert.id, now, "told", text)])
        return True

    def _people(self, alert: Alert, role: Role, rows: Sequence[Delivery], now: Instant) -> list[Person]:
        """The first in rank among those on duty who were not yet called for this role and did not pass."""
        ranked = roster.ranked(self.community(), alert.cell, role, now, self.tz)
        gone = {row.person for row in rows if row.kind in CALLS and row.round == alert.round and row.role == role.value}
        left = [(rank, person) for rank, person in ranked if person.id not in gone and person.id not in alert.passed]
        return [person for rank, person in left if rank == left[0][0]]

    def _called(self, rows: Sequence[Delivery], alert: Alert, role: Role) -> bool:
        return any(row.role == role.value and row.round == alert.round for row in rows)

    def _call(self, book: Book, alert: Alert, person: Person, rung: Rung, step: int, now: Instant, kind: Kind) -> bool:
        ways = self.outbox.ways(person, rung.channels) or self.outbox.ways(person, rung.fallback)[:1]
        call = self._described(alert, person, rung.role, step, kind, now)
        if ways and self.outbox.call(book, alert, call, ways, now):
            if call.not_before > now:
                book.note([self._later(alert, call, now)])
            return True
        words = self.wording.say("unreachable", name=person.name, role=self.wording.book.roles[rung.role])
        book.note([Entry(alert.id, now, "unreachable", words, person=person.id)])
        return False

    def _described(self, alert: Alert, person: Person, role: Role, step: int, kind: Kind, now: Instant) -> Call:
        ladder = self.ladder(alert)
        return Call(
            person=person,
            role=role,
            rung=step,
            kind=kind,
            limit_ms=ladder.arrive_within,
            not_before=roster.after_quiet(now, ladder.quiet, self.tz),
        )

    def _later(self, alert: Alert, call: Call, now: Instant) -> Entry:
        until = self.wording.clock(call.not_before, now)
        role = self.wording.book.roles[call.role]
        text = self.wording.say("queued", until=until, name=call.person.name, role=role)
        return Entry(alert.id, now, "queued", text, person=call.person.id)
