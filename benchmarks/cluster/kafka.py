"""LocalKafka: one Kafka node in KRaft mode on 127.0.0.1, with a small heap."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from benchmarks.cluster.processes import TOOLS, Server, free_ports, wait_until

CLUSTER_ID = "ZmVuZ3NoYW8tdHJpYWwtMQ"
"""Any 16 bytes in base64 that do not begin like an option."""
CONFIG = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder}/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
log.message.timestamp.type=CreateTime
log.message.timestamp.before.max.ms=9223372036854775807
log.message.timestamp.after.max.ms=9223372036854775807
log.retention.ms=-1
"""
"""Records bear the time of arrival as their timestamp, in trials one of months ago: the broker must neither refuse it,
nor delete the record as older than its retention when the segment is full or the broker starts again.
"""


class LocalKafka:
    """A broker; `bootstrap` is its address."""

    def __init__(self, folder: Path, heap_mb: int = 256) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        port, controller = free_ports(2)
        self.bootstrap = f"127.0.0.1:{port}"
        config = folder / "server.properties"
        config.write_text(CONFIG.format(port=port, controller=controller, folder=folder))
        java = ["java", f"-Xmx{heap_mb}m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", f"{TOOLS}/kafka/*"]
        format_storage = [*java, "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(config)]
        subprocess.run(format_storage, check=True, capture_output=True, timeout=600)
        self.server = Server("kafka", [*java, "kafka.Kafka", str(config)], folder)

    def start(self) -> None:
        """Starts it and waits until it answers."""
        self.server.start()
        wait_until(self._answers, "Kafka")

    def _answers(self) -> bool:
        self.server.check()
        try:
            self.admin().list_topics(timeout=2)
        except KafkaException:
            return False
        return True

    def admin(self) -> AdminClient:
        """A client for topics."""
        return AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})

    def create_topics(self, partitions: Mapping[str, int]) -> None:
        """Creates topics, by name the number of partitions."""
        topics = [NewTopic(name, num_partitions=count, replication_factor=1) for name, count in partitions.items()]
        admin = self.admin()
        for made in admin.create_topics(topics).values():
            made.result(30)

    def stop(self) -> None:
        """Ends it at once: its folder is thrown away."""
        self.server.kill()
