"""What must work for a danger to reach a person, read from the running parts after each audit of open alerts."""

from __future__ import annotations

from collections.abc import Callable

from alerts.handling.audit import AuditResult
from app.pipeline.backlog import Backlog
from app.server.evaluation_progress import EvaluationProgress
from app.server.outbox_watch import OutboxWatch
from app.server.watchdog import STALLED_MS, Vitals, Watchdog, not_working
from domain import SECOND, Instant
from ingest.mqtt.consumer import MqttConsumer


class VitalSigns:
    """Reads them for the outside watchdog and for systemd's."""

    def __init__(
        self,
        consumer: MqttConsumer,
        backlog: Backlog,
        outbox: OutboxWatch,
        watchdog: Watchdog,
        clock: Callable[[], Instant],
    ) -> None:
        self._consumer, self._backlog, self._outbox, self._clock = consumer, backlog, outbox, clock
        self._watchdog, self._progress = watchdog, EvaluationProgress()

    async def report(self, audited: AuditResult) -> None:
        """Send the heartbeat when everything works, or say what does not."""
        await self._outbox.refresh()
        vitals = Vitals(
            self._consumer.ready,
            self._consumer.status().journal_error,
            self.stalled_ms(),
            self._outbox.waits_ms(critical=True),
            audited.stuck,
            audited.unnotified,
            audited.orphans,
        )
        await self._watchdog.report(not_working(vitals))

    def stalled_ms(self) -> int:
        """For how long evaluation has taken no entry from the journal although some wait."""
        position = sum(self._backlog.positions.values())
        return self._progress.stalled_ms(position, self._backlog.entries, self._clock())

    def why_stalled(self) -> str:
        """Why a restart may be needed; empty while evaluation goes on."""
        stalled_ms = self.stalled_ms()
        return f"evaluation has taken nothing for {stalled_ms // SECOND} s" if stalled_ms >= STALLED_MS else ""
