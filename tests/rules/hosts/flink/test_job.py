"""All trials on a Kafka broker and a Flink cluster of two task managers: one job, every trial with keys of its own.

Run by `make test-scale`; skipped where Java and the tools of `make scale-tools` are not there.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.cluster.local import LocalCluster
from benchmarks.cluster.processes import missing_tools
from benchmarks.cluster.trials import keyed_trials
from domain.kind import Kind
from rules.hosts.flink.definitions import JobDefinitions
from rules.rulebook.model import Rulebook
from rules.trials.model import TrialBook

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]


@pytest.mark.skipif(bool(missing_tools()), reason=f"NO CLUSTER WAS STARTED: missing {missing_tools()}")
def test_every_trial_gives_the_same_findings_on_a_cluster_of_two_task_managers(
    tmp_path: Path, books: dict[str, Rulebook], trials: dict[str, TrialBook], kinds: dict[str, Kind]
) -> None:
    played = keyed_trials(books, trials, kinds)
    events = sorted((event for trial in played for event in trial.events()), key=lambda event: event[0])
    with LocalCluster(tmp_path, JobDefinitions(kinds, list(books.values()), emit_shadow=True)) as cluster:
        writer, reader = cluster.writer(), cluster.reader()
        writer.write(events)
        writer.write_clock(events[-1][0] + 60_000)
        writer.flush()

        def got() -> dict[str, tuple[str, ...]]:
            found = reader.by_trial()
            return {trial.name: trial.got(found.get(trial.prefix, [])) for trial in played}

        expected = {trial.name: trial.expected() for trial in played}
        reader.read_until(lambda: got() == expected, quiet_s=60, timeout_s=300)
        assert got() == expected
        reader.close()
