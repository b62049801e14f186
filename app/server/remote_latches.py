"""Latched rules that are evaluated elsewhere (docs/scale.md): what is latched is known from the ledger, and a reset is
written to Kafka, where the rules read it.

A reset names its finding: one that is written again, after a crash or while the end of the finding is on its way, is
for no later one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from app.pipeline.latch_resets import POLL_S, LatchResets
from app.pipeline.retry import retry_until_writable
from app.reload.registry import RegistryCache
from app.scale.keys import keys_of_subjects
from app.scale.records import READINGS, Record
from app.server.rule_state import finding_subject
from console.dependencies import NotLatched, ResetResult
from domain import Instant
from rules.engine.engine import Engine
from rules.engine.latching import LatchedFinding
from rules.hosts.keyed.events import encode_event
from rules.hosts.replay import Reset
from store.database.alerts.latches import ActiveFinding, active_in_settled_alerts, active_of_rule, handled_findings
from store.database.database import Database
from store.errors import CannotWrite

if TYPE_CHECKING:
    from app.scale.kafka_journal import KafkaJournal

log = logging.getLogger("fengshao.latch_resets")
WRITE_WITHIN_S: Final = 10.0


class RemoteLatches:
    """Resets over Kafka. `bootstrap`: its address. What this process evaluates itself is reset by `own`."""

    def __init__(
        self,
        bootstrap: str,
        own: LatchResets,
        engine: Engine,
        registry: RegistryCache,
        database: Database,
        clock: Callable[[], Instant],
    ) -> None:
        self._bootstrap, self._own, self._engine = bootstrap, own, engine
        self._registry, self._database, self._clock = registry, database, clock
        self._journal: KafkaJournal | None = None
        self._reset: set[str] = set()
        """Findings whose reset is written and whose end is not reported yet."""
        self._changed, self._wakeup = set[int](), asyncio.Event()

    def alert_changed(self, alert: str) -> None:
        """It may have been settled."""
        self._changed.add(int(alert))
        self._wakeup.set()

    def tasks(self) -> dict[str, Coroutine[Any, Any, None]]:
        """The task that resets what people settled, by name; none without an address."""
        return {"remote latch resets": self._run()} if self._bootstrap else {}

    async def latched_findings(self) -> Sequence[LatchedFinding]:
        """Every finding that only a person ends, and that was not reset yet."""
        found = list[ActiveFinding]()
        for rule in sorted(self._latching_rules()):
            found += await self._database.read(partial(active_of_rule, rule=rule))
        self._reset.intersection_update(one.finding for one in found)
        return [_latched(one) for one in found if one.finding not in self._reset]

    async def reset(self, rule: str, device: str, by: str, reason: str) -> ResetResult:
        """As LatchResets.reset; returns when Kafka has it on all replicas in sync. Raises NotLatched, CannotWrite."""
        if self._engine.latched_devices(rule, [device]):
            return await self._own.reset(rule, device, by, reason)
        latched = [one for one in await self.latched_findings() if (one.rule, one.device) == (rule, device)]
        if not latched:
            raise NotLatched(device)
        await self._write(latched)
        return ResetResult(rule, device, self._clock(), ended=False)

    def _latching_rules(self) -> frozenset[str]:
        return frozenset(rule.name for book in self._engine.books for rule in book.rules if rule.latch)

    async def _run(self) -> None:
        """Reset rules whose alert a person settled, until cancelled; at first for all alerts, as after a crash.

        A rule that stayed latched would not report the next danger.
        """
        alerts: Sequence[int] | None = None
        try:
            while True:
                await retry_until_writable(partial(self._reset_settled, alerts), "resets")
                await asyncio.sleep(POLL_S)
                await self._wakeup.wait()
                self._wakeup.clear()
                alerts, self._changed = sorted(self._changed), set()
        finally:
            if self._journal is not None:
                await asyncio.to_thread(self._journal.close)

    async def _reset_settled(self, alerts: Sequence[int] | None) -> None:
        rules = self._latching_rules()
        if not rules:
            return
        active = await self._database.read(partial(active_in_settled_alerts, among=alerts))
        latched = {one.finding: one for one in map(_latched, active) if one.rule in rules}
        unwritten = [finding for finding in latched if finding not in self._reset]
        handled = await self._database.read(partial(handled_findings, findings=unwritten))
        await self._write([latched[finding] for finding, _, _ in handled])
        for finding, alert, _ in handled:
            log.info("reset of %s written: alert %s was settled", finding, alert)

    async def _write(self, findings: Sequence[LatchedFinding]) -> None:
        """Raises CannotWrite when Kafka does not confirm it in time; then it may be written nevertheless."""
        if not findings:
            return
        from confluent_kafka import KafkaException

        try:
            async with asyncio.timeout(WRITE_WITHIN_S):
                await self._write_records(findings)
        except TimeoutError as error:
            raise CannotWrite(f"Kafka {self._bootstrap} did not confirm a reset within {WRITE_WITHIN_S:g} s") from error
        except (OSError, KafkaException) as error:
            raise CannotWrite(f"Kafka {self._bootstrap}: {error}") from error
        self._reset.update(one.finding for one in findings)

    async def _write_records(self, findings: Sequence[LatchedFinding]) -> None:
        journal = await asyncio.to_thread(self._open)
        newest = await asyncio.to_thread(journal.newest)
        if newest is None:
            raise CannotWrite(f"Kafka {self._bootstrap}: no ingest worker has written to {READINGS} yet")
        await journal.write(await asyncio.to_thread(self._records, findings, min(newest, self._clock())))

    def _open(self) -> KafkaJournal:
        if self._journal is None:
            from app.scale.kafka_journal import KafkaJournal

            self._journal = KafkaJournal(self._bootstrap, lambda _frames: ())
        return self._journal

    def _records(self, findings: Sequence[LatchedFinding], at: Instant) -> Iterable[Record]:
        """Dated at the newest record of the workers: theirs alone drive the clock of the rules, and say until when
        messages could be received."""
        registry, engine = self._registry, self._engine
        subjects = {one.device for one in findings}
        keys = keys_of_subjects(subjects, engine.books, engine.state.kinds, registry.device_list(), registry.community)
        resets = [(keys[one.device], Reset(at, one.rule, one.device, one.finding)) for one in findings]
        return [Record(READINGS, key, encode_event(key, reset), at) for key, reset in resets]


def _latched(active: ActiveFinding) -> LatchedFinding:
    rule, device = finding_subject(active.finding, active.device)
    return LatchedFinding(active.finding, rule, device)
