"""LocalCluster: Kafka, Flink with two task managers, topics and the job, on this machine."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from benchmarks.cluster.flink import LocalFlink
from benchmarks.cluster.kafka import LocalKafka
from benchmarks.cluster.topics import FINDINGS, READINGS, EventWriter, FindingReader
from rules.hosts.flink.definitions import JobDefinitions


class LocalCluster:
    """A context: everything is started on entry and killed on exit."""

    def __init__(
        self, folder: Path, definitions: JobDefinitions, partitions: int = 2, parallelism: int = 2,
        checkpoint_ms: int = 2_000, heap_mb: int = 256, task_managers: int = 2,
    ) -> None:  # fmt: skip
        folder.mkdir(parents=True, exist_ok=True)
        self.partitions, self.job = partitions, ""
        self.kafka = LocalKafka(folder / "kafka")
        self.flink = LocalFlink(folder / "flink", task_managers, heap_mb=heap_mb)
        self.definitions = folder / "definitions.json"
        self.definitions.write_bytes(definitions.dump())
        self._arguments = [
            f"--bootstrap={self.kafka.bootstrap}", f"--definitions={self.definitions}", f"--parallelism={parallelism}",
            f"--checkpoint-ms={checkpoint_ms}",
        ]  # fmt: skip

    def __enter__(self) -> LocalCluster:
        try:
            self.flink.start_processes()
            self.kafka.start()
            self.kafka.create_topics({READINGS: self.partitions, FINDINGS: self.partitions})
            self.flink.wait_until_complete()
            self.submit()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def submit(self, resume: bool = False, savepoint: str | None = None) -> str:
        """Starts the job; with `resume` from its newest checkpoint, or from a savepoint."""
        self.job = self.flink.submit(self._arguments, resume, savepoint)
        return self.job

    def upgrade(self, definitions: JobDefinitions) -> str:
        """Goes on under other definitions: a savepoint, the file written anew, the job from the savepoint."""
        savepoint = self.flink.stop_job(self.job)
        self.definitions.write_bytes(definitions.dump())
        return self.submit(savepoint=savepoint)

    def writer(self) -> EventWriter:
        """Writes to the topic of readings."""
        return EventWriter(self.kafka.bootstrap, self.partitions)

    def reader(self) -> FindingReader:
        """Reads the topic of findings from its beginning."""
        return FindingReader(self.kafka.bootstrap)

    def stop(self) -> None:
        """Kills everything."""
        self.flink.stop()
        self.kafka.stop()
