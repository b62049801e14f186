"""The rulebooks change while devices are in alarm: savepoint, new definitions, the same job goes on.

Run by `make test-scale`; skipped where Java and the tools of `make scale-tools` are not there.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.cluster.local import LocalCluster
from benchmarks.cluster.processes import missing_tools
from benchmarks.cluster.topics import EventWriter, FindingReader
from domain import MINUTE, Device, Finding, FindingPhase, Place, Reading, Value
from domain.findings import ENDED_BY_RULE_CHANGE
from domain.kind import Kind
from domain.people import community
from rules.hosts.flink.definitions import JobDefinitions
from rules.hosts.keyed.events import KeyedReadings, Registered
from rules.hosts.keyed.registry import registry_slice
from rules.rulebook.model import Rulebook
from rules.trials.model import START

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
TOWN = community([Place("b1", "1栋", "building"), Place("h1", "101", "household", parent="b1")])
NAMES = ("gas-1", "gas-2", "gas-3")
BEGAN, ENDED = FindingPhase.BEGAN, FindingPhase.ENDED


def without(books: dict[str, Rulebook], name: str) -> list[Rulebook]:
    return [
        book.model_copy(update={"version": 99, "rules": [rule for rule in book.rules if rule.name != name]})
        for book in books.values()
    ]


def write(writer: EventWriter, at: int, **values: Value) -> None:
    """A reading of each device, and the clock a minute later."""
    now = START + at
    writer.write((now, name, KeyedReadings(now, (Reading(name, "gas_alarm", now, now, values),))) for name in NAMES)
    writer.write_clock(now + MINUTE)
    writer.flush()


def findings_of(reader: FindingReader, rule: str, phase: FindingPhase, count: int) -> list[Finding]:
    def found() -> list[Finding]:
        return [one for one in reader.findings.values() if (one.rule, one.phase) == (rule, phase)]

    reader.read_until(lambda: len(found()) >= count, quiet_s=120, timeout_s=240)
    assert len(found()) == count, (rule, phase)
    return found()


@pytest.mark.skipif(bool(missing_tools()), reason=f"NO CLUSTER WAS STARTED: missing {missing_tools()}")
def test_a_job_goes_on_from_a_savepoint_under_changed_rulebooks(
    tmp_path: Path, books: dict[str, Rulebook], kinds: dict[str, Kind]
) -> None:
    first = JobDefinitions(kinds, list(books.values()))
    with LocalCluster(tmp_path, first) as cluster:
        writer, reader = cluster.writer(), cluster.reader()
        for name in NAMES:
            event = Registered(START, registry_slice([Device(name, "gas_alarm", place="h1")], TOWN))
            writer.write([(START, name, event)])
        write(writer, 1_000, alarm=True, lel_pct=60)
        began = findings_of(reader, "gas-alarm", BEGAN, 3)
        (building,) = findings_of(reader, "gas-building", BEGAN, 1)
        high = findings_of(reader, "gas-high", BEGAN, 3)

        cluster.upgrade(JobDefinitions(kinds, without(books, "gas-high")).after(first))
        write(writer, 5 * MINUTE, alarm=False, lel_pct=0)
        writer.write_clock(START + 120 * MINUTE)
        writer.flush()
        ended = findings_of(reader, "gas-alarm", ENDED, 3)
        assert {one.id for one in ended} == {one.id for one in began}
        removed = findings_of(reader, "gas-high", ENDED, 3)
        assert {one.id for one in removed} == {one.id for one in high}
        assert all(one.evidence[-1].quantity == ENDED_BY_RULE_CHANGE for one in removed)
        (over,) = findings_of(reader, "gas-building", ENDED, 1)
        assert over.id == building.id
        reader.close()
