"""A play: all that the devices of one incident report, relative to its begin, and what of it is true."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from domain import Instant, Value
from simulators.events import GroundTruth, Measurement, TimedEvent


class Report(Struct, frozen=True):
    """What a device reports `after_ms` the begin."""

    after_ms: int
    device: str
    values: Mapping[str, Value]
    urgent: bool = False


class Truth(Struct, frozen=True):
    """What happens `after_ms` the begin, whether or not a device measures it."""

    after_ms: int
    device: str
    what: str


class Play(Struct, frozen=True):
    """The reports of one incident in order of time, its length, and until when a person has to be notified.

    `notify_ms` is None when no danger was reached.
    """

    reports: tuple[Report, ...]
    ends_ms: int
    notify_ms: int | None = None
    truths: tuple[Truth, ...] = ()


def joined(plays: Sequence[Play]) -> Play:
    """Several plays that begin together as one: the first danger counts."""
    notify = [play.notify_ms for play in plays if play.notify_ms is not None]
    return Play(
        tuple(sorted((report for play in plays for report in play.reports), key=lambda report: report.after_ms)),
        max(play.ends_ms for play in plays),
        min(notify, default=None),
        tuple(sorted((truth for play in plays for truth in play.truths), key=lambda truth: truth.after_ms)),
    )


def timed_events(play: Play, begin: Instant) -> Iterator[TimedEvent]:
    """The events of a play that begins at `begin`, in order of time."""
    reports = [
        TimedEvent(begin + report.after_ms, Measurement(report.device, report.values, report.urgent))
        for report in play.reports
    ]
    truths = [TimedEvent(begin + truth.after_ms, GroundTruth(truth.device, truth.what)) for truth in play.truths]
    return iter(sorted([*truths, *reports], key=lambda timed: timed.at))
