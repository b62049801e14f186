"""What happens in a simulated community: incidents, what devices measure of them, and what residents report."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from domain import Instant, Value


class Measurement(Struct, frozen=True):
    """The values of a device, before a platform encodes them. `urgent`: an alarm bit has changed."""

    device: str
    values: Mapping[str, Value]
    urgent: bool = False


class TimedValues(Struct, frozen=True, gc=False):
    """What a device measured at one instant and kept."""

    at: Instant
    values: Mapping[str, Value]


class Batch(Struct, frozen=True):
    """Values that a device kept and sends in one message, oldest first, never empty: the day of a water meter that
    uploads once a day, or what was measured during an outage.

    A platform encodes it as one message where its format carries several instants (native: a JSON array of objects with
    `ts`), else as one message per entry in this order, all received together.
    """

    device: str
    entries: tuple[TimedValues, ...]
    urgent: bool = False


class GroundTruth(Struct, frozen=True):
    """What really happened, whether or not a device measured it."""

    device: str
    what: str


class CitizenReport(Struct, frozen=True):
    """A report by a resident (随手报).

    `category` is an id of the categories of reports, `incident` the id of the incident it is about.
    """

    place: str
    category: str
    text: str
    person: str | None = None
    photos: int = 0
    incident: str | None = None


class TimedEvent(Struct, frozen=True):
    """An event at one instant; a batch is sent at that instant."""

    at: Instant
    event: Measurement | Batch | GroundTruth | CitizenReport


class Incident(Struct, frozen=True):
    """The ground truth of one incident.

    `kind` names the model that plays it (`kitchen_leak`), `hazard` is that of the alert it ought to open (gas, fire,
    person, water, manhole, street, device). It is about `devices`, and `people` where it concerns persons. Someone on
    duty has to be notified between `begin` and `notify_by`. With `notify_by` None nobody may be notified, although it
    looks like a danger (a boil-over, a wristband taken off): such an incident measures false alarms. `roles` are
    the ids of the roles that ought to be notified first, empty when anyone on duty will do.
    """

    id: str
    kind: str
    title: str
    hazard: str
    begin: Instant
    end: Instant
    devices: tuple[str, ...]
    notify_by: Instant | None
    place: str | None = None
    people: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    life_safety: bool = False
