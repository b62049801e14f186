"""Hand-over of an alert to a chosen body: a role, a person or an outside system. Finds the body and tells it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from alerts.alert import Alert
from alerts.escalation.escalator import Escalator
from alerts.escalation.notices import Notices
from alerts.message import MessageKind
from alerts.messages.outbox import CallRequest
from alerts.ports import Transaction
from alerts.roster import on_duty as roster
from domain import Instant, Person

OutsideSystems = Callable[[], Mapping[str, str]]
"""Names of the outside systems that take alerts over, by id."""


class Body(Struct, frozen=True):
    """A body that can take an alert: its id and name, and the people to tell with their role. An outside system has no
    people: it reads the alert's state through the API or its webhook."""

    id: str
    name: str
    people: tuple[tuple[Person, str], ...] = ()
    outside: bool = False

    @property
    def is_reachable(self) -> bool:
        return self.outside or bool(self.people)


class Handover:
    """Finds bodies and tells them. Their calls have buttons and codes for 受理 and 退回."""

    def __init__(self, escalator: Escalator, outside: OutsideSystems) -> None:
        self.escalator, self.outside, self.notices = escalator, outside, Notices(escalator)

    def body(self, alert: Alert, to: str, now: Instant) -> Body | None:
        """The body of this id for this alert; None when there is none of that name."""
        outside, person = self.outside().get(to), self.escalator.community().people.get(to)
        if outside is not None:
            return Body(to, outside, outside=True)
        role = self.escalator.renderer.catalog.roles.get(to)
        if role is not None:
            return Body(to, role, self._people_of(alert, to, now))
        if person is None:
            return None
        reachable = bool(self.notices.channels(alert, person))
        return Body(to, person.name, ((person, self._role_of(person)),) if reachable else ())

    def notify(self, tx: Transaction, alert: Alert, body: Body) -> bool:
        """Call everybody of the body; True when somebody was called, or the body is an outside system."""
        limit_ms = (alert.due_at or tx.now) - tx.now
        called = False
        for person, role in body.people:
            call = CallRequest(
                person,
                role,
                alert.rung,
                MessageKind.HANDOVER,
                limit_ms,
                self.notices.not_before(alert, tx.now),
            )
            rows = self.escalator.outbox.enqueue_call(tx, alert, call, self.notices.channels(alert, person))
            called = bool(rows) or called
        return called or body.outside

    def _people_of(self, alert: Alert, role: str, now: Instant) -> tuple[tuple[Person, str], ...]:
        """The first rank of this role on duty in which a person can be reached."""
        community, tz = self.escalator.community(), self.escalator.tz
        ranked = roster.on_duty_ranked(community, alert.cell, role, now, tz, alert.hazard)
        reachable = [(rank, person) for rank, person in ranked if self.notices.channels(alert, person)]
        return tuple((person, role) for rank, person in reachable if rank == reachable[0][0])

    def _role_of(self, person: Person) -> str:
        """The role of this person's first duty; empty without one."""
        return next(iter(self.escalator.community().roles_of(person.id)), "")
