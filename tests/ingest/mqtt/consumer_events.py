"""What an MqttConsumer reports, recorded for tests."""

from __future__ import annotations

from domain import Instant


class RecordedEvents:
    """Implements ingest.mqtt.consumer.ConsumerEvents."""

    def __init__(self) -> None:
        self.connections: list[bool] = []
        self.journal_failures: list[tuple[Instant, Instant | None, str]] = []
        self.dropped: list[int] = []

    def connection_changed(self, connected: bool, at: Instant) -> None:
        self.connections.append(connected)

    def journal_write_failed(self, since: Instant, until: Instant | None, error: str) -> None:
        self.journal_failures.append((since, until, error))

    def messages_dropped(self, count: int, at: Instant) -> None:
        self.dropped.append(count)
