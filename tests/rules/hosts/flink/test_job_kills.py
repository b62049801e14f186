"""kill -9 of a task manager, the job manager and Kafka under load: the findings of an undisturbed run.

Run by `make test-scale`; skipped where Java and the tools of `make scale-tools` are not there. The same at a larger
size: `python -m benchmarks.cluster_kill --copies 8 --rate 800`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.cluster.processes import missing_tools
from benchmarks.cluster.trials import keyed_trials
from benchmarks.cluster_kill import run, timed_events, wrong_trials
from domain.kind import Kind
from rules.hosts.flink.definitions import JobDefinitions
from rules.rulebook.model import Rulebook
from rules.trials.model import TrialBook
from tests.support.keyed_hosts import KeyedHosts

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]
EVENTS_PER_S = 230


@pytest.mark.skipif(bool(missing_tools()), reason=f"NO CLUSTER WAS STARTED: missing {missing_tools()}")
def test_kills_lose_no_finding_and_add_none(
    tmp_path: Path, books: dict[str, Rulebook], trials: dict[str, TrialBook], kinds: dict[str, Kind]
) -> None:
    played = keyed_trials(books, trials, kinds)
    reader = run(tmp_path, JobDefinitions(kinds, list(books.values()), emit_shadow=True), played, EVENTS_PER_S, True)
    assert wrong_trials(played, reader) == []

    events = timed_events(played)
    undisturbed = KeyedHosts(books.values(), kinds, cached_keys=100_000)
    undisturbed.play(events, events[-1][0] + 59_000)
    expected = {(one.id, one.phase.value, one.at) for one in undisturbed.findings}
    assert set(reader.findings) == expected
