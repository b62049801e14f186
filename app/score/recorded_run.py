"""What a run records of its rules, so that its findings can be replayed (app.score.replay): which findings reached the
alert service and when, the reports of residents, and how the rules of open findings stood in between.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct, field

from alerts.handling.finding_status import FindingStatus
from app.pipeline.ports import FindingSink
from app.server.rule_state import finding_subject, rule_standing, status_by
from domain import Finding, Instant, Lane, Reading
from rules.engine.engine import Engine
from rules.lifecycle.state_machine import ACTIVE_PHASES
from rules.lifecycle.transitions import Phase
from simulators.events import CitizenReport

FOLDER: Final = "recorded"


class RuleChange(Struct, frozen=True):
    """From `at` on a rule of a device or group stands so; `received` is when its device was received last."""

    at: Instant
    rule: str
    subject: str
    phase: Phase
    received: Instant


class RecordedArrival(Struct, frozen=True):
    """Findings that were given to the alert service together, or a resident's report."""

    at: Instant
    findings: list[Finding]
    reports: list[CitizenReport] = []


class RecordedDay(Struct):
    """A day of a run, each list in order of time."""

    arrivals: list[RecordedArrival] = field(default_factory=list)
    changes: list[RuleChange] = field(default_factory=list)


Standing = dict[str, RuleChange]
"""By rule and subject: how the rule of a finding that has not ended stands; carried from one day to the next."""


class Recorder:
    """Records one start of the service. `standing` grows and shrinks with the findings that are open."""

    def __init__(self, clock: Callable[[], Instant], standing: Standing) -> None:
        self.day = RecordedDay()
        self._clock, self._standing = clock, standing
        self._keys_of: dict[str, set[str]] = {}
        self._groups: set[str] = set()
        for key, one in standing.items():
            self._watch(key, one.subject)
        self._engine: Engine
        self._sink: FindingSink

    def attach(self, engine: Engine, sink: FindingSink) -> None:
        """Record what this engine finds, which is given to `sink`."""
        self._engine, self._sink = engine, sink

    def reported(self, report: CitizenReport) -> None:
        """A resident's report was submitted."""
        self.day.arrivals.append(RecordedArrival(self._clock(), [], [report]))

    async def process_findings(
        self, findings: Sequence[Finding], lane: Lane | None = None, pos: int | None = None
    ) -> Any:
        """See FindingSink."""
        self.day.arrivals.append(RecordedArrival(self._clock(), list(findings)))
        for finding in findings:
            self._observe(*finding_subject(finding.id, finding.device))
        return await self._sink.process_findings(findings, lane, pos)

    def received(self, readings: Sequence[Reading]) -> None:
        """These readings were evaluated: what they changed of open findings, of their devices and of groups."""
        if not self._keys_of:
            return
        concerned = {reading.device for reading in readings if reading.device in self._keys_of}
        for subject in sorted(concerned | self._groups):
            for key in sorted(self._keys_of[subject]):
                self._observe(self._standing[key].rule, subject)

    def _observe(self, rule: str, subject: str) -> None:
        """Take down how a rule stands, if that changed; one that is quiet is no longer watched."""
        phase, received = rule_standing(self._engine, rule, subject)
        key, change = f"{rule}/{subject}", RuleChange(self._clock(), rule, subject, phase, received)
        before = self._standing.get(key)
        if before is not None and (before.phase, before.received) == (change.phase, change.received):
            return
        self.day.changes.append(change)
        if phase in ACTIVE_PHASES:
            self._standing[key] = change
            self._watch(key, subject)
        elif before is not None:
            del self._standing[key]
            self._keys_of[subject].discard(key)
            if not self._keys_of[subject]:
                del self._keys_of[subject]
                self._groups.discard(subject)

    def _watch(self, key: str, subject: str) -> None:
        self._keys_of.setdefault(subject, set()).add(key)
        if "/" in subject:
            self._groups.add(subject)


class RecordedRules:
    """How the rules of a run stood at the present time (app.server.alerting.RuleState)."""

    def __init__(self, changes: Sequence[RuleChange], clock: Callable[[], Instant]) -> None:
        """`changes` in order of time."""
        self._clock = clock
        self._changes: dict[tuple[str, str], list[RuleChange]] = {}
        for change in changes:
            self._changes.setdefault((change.rule, change.subject), []).append(change)

    def finding_status(self, finding: str, device: str | None, received_since: Instant | None) -> FindingStatus:
        """See RuleState."""
        now = self._clock()
        # Deadlines of an instant are processed before the messages that arrive at it.
        changes = self._changes.get(finding_subject(finding, device), [])
        if not (passed := bisect_left(changes, now, key=attrgetter("at"))):
            return FindingStatus.OVER
        stands = changes[passed - 1]
        return status_by(stands.phase, stands.received, received_since)


def write_recorded(data: Path, number: int, day: RecordedDay) -> None:
    """Keep a day in the folder of its run."""
    (data / FOLDER).mkdir(exist_ok=True)
    (data / FOLDER / f"{number:04}.msgpack").write_bytes(msgspec.msgpack.encode(day))


def read_recorded(data: Path, days: int) -> list[RecordedDay] | None:
    """The days of a run; None for one that was made before they were recorded."""
    files = [data / FOLDER / f"{number:04}.msgpack" for number in range(days)]
    if not all(file.exists() for file in files):
        return None
    return [msgspec.msgpack.decode(file.read_bytes(), type=RecordedDay) for file in files]
