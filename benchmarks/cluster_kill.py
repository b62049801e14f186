"""kill -9 of a task manager, the job manager and Kafka under load: are the findings those of an undisturbed run?

    python -m benchmarks.cluster_kill [--copies N] [--rate EVENTS_PER_S]

The load are the trials of the rulebooks, `copies` times under names of their own, so that every rule takes part. Prints
a JSON object for each run, and the comparison: findings by id, phase and time.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from app.config.catalog import RULEBOOKS, load_kinds, load_rulebook_files, overlay_files
from app.config.yaml_files import read_model
from benchmarks.cluster.local import LocalCluster
from benchmarks.cluster.topics import FindingReader, Identity, records_kept
from benchmarks.cluster.trials import KeyedTrial, TimedEvent, keyed_trials
from rules.hosts.flink.definitions import JobDefinitions
from rules.trials.model import TrialBook

QUIET_S = 180.0
"""A cluster that recovers is silent for longer than one that has nothing to tell."""
DOWN_S = 3.0
"""How long a killed process stays away."""


def kill_task_manager(cluster: LocalCluster, job: str) -> str:
    """Its slots are lost; the job waits for another and goes on from the last checkpoint."""
    victim = cluster.flink.task_managers[0]
    victim.kill()
    time.sleep(DOWN_S)
    victim.start()
    time.sleep(DOWN_S)
    cluster.flink.wait_until_running(job)
    return job


def kill_job_manager(cluster: LocalCluster, _job: str) -> str:
    """Without ZooKeeper or Kubernetes nobody remembers the job: it is submitted again from its newest checkpoint."""
    cluster.flink.job_manager.kill()
    time.sleep(DOWN_S)
    cluster.flink.job_manager.start()
    cluster.flink.wait_until_complete()
    print(json.dumps({"resumes_from": str(cluster.flink.newest_checkpoint())}))
    return cluster.submit(resume=True)


def kill_kafka(cluster: LocalCluster, job: str) -> str:
    """Writers and the job wait for it."""
    cluster.kafka.server.kill()
    time.sleep(DOWN_S)
    cluster.kafka.start()
    time.sleep(DOWN_S)
    cluster.flink.wait_until_running(job)
    return job


KILLS: Sequence[tuple[str, Callable[[LocalCluster, str], str]]] = (
    ("task manager", kill_task_manager),
    ("job manager", kill_job_manager),
    ("kafka", kill_kafka),
)


def run(
    folder: Path, definitions: JobDefinitions, trials: Sequence[KeyedTrial], rate: int, kills: bool
) -> FindingReader:
    """Writes all events at a rate, with the kills one after another, and reads all findings."""
    events = timed_events(trials)
    with LocalCluster(folder, definitions) as cluster, ThreadPoolExecutor(1) as threads:
        writer, job = cluster.writer(), cluster.job
        writing = threads.submit(writer.write_paced, events, rate)
        for name, kill in KILLS if kills else ():
            time.sleep(DOWN_S)
            under_load, began = not writing.done(), time.monotonic()
            job = kill(cluster, job)
            print(json.dumps({"killed": name, "under_load": under_load, "back_s": round(time.monotonic() - began, 1)}))
        writing.result()
        writer.write_clock(events[-1][0] + 60_000)
        writer.flush()
        reader = cluster.reader()
        reader.read_until(lambda: not wrong_trials(trials, reader), quiet_s=QUIET_S, timeout_s=900)
        reader.read_until(lambda: False, quiet_s=15, timeout_s=120)  # what should not come
        reader.close()
        kept = records_kept(cluster.kafka.bootstrap) - cluster.partitions  # without the clocks
        print(json.dumps({"job_runs": cluster.flink.all_tasks_run(job), "events_kept": kept, "of": len(events)}))
        return reader


def timed_events(trials: Sequence[KeyedTrial]) -> list[TimedEvent]:
    """The events of all trials in order of time."""
    return sorted((event for trial in trials for event in trial.events()), key=lambda event: event[0])


def wrong_trials(trials: Sequence[KeyedTrial], reader: FindingReader) -> list[str]:
    """Trials whose findings are not the expected ones."""
    found = reader.by_trial()
    return [trial.name for trial in trials if trial.got(found.get(trial.prefix, [])) != trial.expected()]


def main() -> None:
    """Both runs, and their comparison."""
    parser = argparse.ArgumentParser(prog="benchmarks.cluster_kill", description=__doc__)
    parser.add_argument("--copies", type=int, default=4)
    parser.add_argument("--rate", type=int, default=600)
    options = parser.parse_args()
    kinds = load_kinds()
    files = overlay_files(RULEBOOKS, None)
    books = {file.stem: book for file, book in zip(files, load_rulebook_files(kinds, files), strict=True)}
    written = {name: read_model(RULEBOOKS / f"{name}_test.yaml", TrialBook) for name in books}
    trials = keyed_trials(books, written, kinds, options.copies)
    definitions = JobDefinitions(dict(kinds), list(books.values()), emit_shadow=True)
    results: dict[str, set[Identity]] = {}
    for name, kills in (("undisturbed", False), ("killed", True)):
        with tempfile.TemporaryDirectory() as folder:
            reader = run(Path(folder), definitions, trials, options.rate if kills else 10 * options.rate, kills)
        results[name] = set(reader.findings)
        wrong = wrong_trials(trials, reader)
        print(json.dumps({
            "run": name, "trials": len(trials), "events": len(timed_events(trials)), "findings": len(reader.findings),
            "written_again": reader.repeated, "trials_not_as_expected": len(wrong), "first": wrong[:3],
        }, ensure_ascii=False), flush=True)  # fmt: skip
    lost, added = results["undisturbed"] - results["killed"], results["killed"] - results["undisturbed"]
    print(json.dumps({"lost": len(lost), "added": len(added), "equal": not lost and not added}))


if __name__ == "__main__":
    main()
