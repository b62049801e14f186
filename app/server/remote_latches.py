"""Latched rules that are evaluated elsewhere (docs/scale.md): what is latched is known from the ledger, and a reset is
written to Kafka, where the rules read it.

A reset names its finding: one that is written again, after a crash or because the end of the finding has not come, is
for no later one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from app.pipeline.latch_resets import POLL_S, LatchResets
from app.pipeline.retry import retry_until_writable
from app.reload.registry import RegistryCache
from app.scale.keys import keys_of_subjects
from app.scale.records import READINGS, Record
from app.server.rule_state import finding_subject
from console.dependencies import NotLatched, ResetResult
from domain import MINUTE, SECOND, Instant
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
READ_WITHIN_S: Final = 5.0
WRITE_WITHIN_S: Final = 5.0
REPEAT_MS: Final = 5 * MINUTE
"""A reset whose finding has not ended is written again: rules in Flink that were not yet started with the rulebooks of
this desk have other keys, and the first one had no effect."""


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
        self._thread, self._writing = ThreadPoolExecutor(1, "latch-resets"), asyncio.Lock()
        self._written: dict[str, Instant] = {}
        """When a reset was written, by finding; until the finding has ended."""
        self._changed, self._wakeup = set[int](), asyncio.Event()

    def alert_changed(self, alert: str) -> None:
        """It may have been settled."""
        self._changed.add(int(alert))
        self._wakeup.set()

    def tasks(self) -> dict[str, Coroutine[Any, Any, None]]:
        """The task that resets what people settled, by name; none without an address."""
        return {"remote latch resets": self._run()} if self._bootstrap else {}

    async def latched_findings(self) -> Sequence[LatchedFinding]:
        """Every finding that only a person ends. One whose reset was written is left out for REPEAT_MS."""
        return [one for one in await self._active_findings() if self._is_due(one.finding)]

    async def reset(self, rule: str, device: str, by: str, reason: str) -> ResetResult:
        """As LatchResets.reset; returns when Kafka has it on all replicas in sync. Raises NotLatched, CannotWrite."""
        if self._engine.latched_devices(rule, [device]):
            return await self._own.reset(rule, device, by, reason)
        latched = [one for one in await self._active_findings() if (one.rule, one.device) == (rule, device)]
        if not latched:
            raise NotLatched(device)
        await self._write(latched)
        return ResetResult(rule, device, self._clock(), ended=False)

    def _latching_rules(self) -> frozenset[str]:
        return frozenset(rule.name for book in self._engine.books for rule in book.rules if rule.latch)

    async def _active_findings(self) -> Sequence[LatchedFinding]:
        """Those of rules that latch, whether their reset was written or not; forgets the resets of those that ended."""
        found = list[ActiveFinding]()
        for rule in sorted(self._latching_rules()):
            found += await self._database.read(partial(active_of_rule, rule=rule))
        self._written = {one.finding: at for one in found if (at := self._written.get(one.finding)) is not None}
        return [_latched(one) for one in found]

    def _is_due(self, finding: str) -> bool:
        return self._written.get(finding, 0) + REPEAT_MS <= self._clock()

    async def _run(self) -> None:
        """Reset rules whose alert a person settled, until cancelled: all of them at first, as after a crash, and every
        REPEAT_MS; meanwhile those whose alert changed.

        A rule that stayed latched would not report the next danger.
        """
        alerts: Sequence[int] | None = None
        try:
            while True:
                await retry_until_writable(partial(self._reset_settled, alerts), "resets")
                await asyncio.sleep(POLL_S)
                alerts = await self._next_changed()
        finally:
            await self._close()

    async def _next_changed(self) -> Sequence[int] | None:
        """Alerts that changed; None when REPEAT_MS have passed."""
        try:
            async with asyncio.timeout(REPEAT_MS / SECOND):
                await self._wakeup.wait()
        except TimeoutError:
            return None
        self._wakeup.clear()
        changed, self._changed = self._changed, set()
        return sorted(changed)

    async def _close(self) -> None:
        if self._journal is not None:
            await asyncio.to_thread(self._journal.close)
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _reset_settled(self, alerts: Sequence[int] | None) -> None:
        rules = self._latching_rules()
        if not rules:
            return
        if alerts is None:
            await self._active_findings()
        active = await self._database.read(partial(active_in_settled_alerts, among=alerts))
        latched = {one.finding: _latched(one) for one in active if one.finding.split("@", 1)[0] in rules}
        due = [finding for finding in latched if self._is_due(finding)]
        handled = await self._database.read(partial(handled_findings, findings=due))
        await self._write([latched[finding] for finding, _, _ in handled])
        for finding, alert, _ in handled:
            log.info("reset of %s written: alert %s was settled", finding, alert)

    async def _write(self, findings: Sequence[LatchedFinding]) -> None:
        """Raises CannotWrite when Kafka does not confirm it in time: then it is given up, and has no effect later."""
        if not findings:
            return
        from confluent_kafka import KafkaException

        try:
            async with self._writing:  # one at a time: while Kafka is away each of them waits for its answer
                await self._write_records(findings)
        except (OSError, KafkaException) as error:
            raise CannotWrite(f"Kafka {self._bootstrap}: {error}") from error
        self._written |= dict.fromkeys((one.finding for one in findings), self._clock())

    async def _write_records(self, findings: Sequence[LatchedFinding]) -> None:
        """Reads in a thread of its own: those of `asyncio.to_thread` are few, and renew the lease of this machine."""
        loop = asyncio.get_running_loop()
        newest = await loop.run_in_executor(self._thread, self._newest_record)
        if newest is None:
            raise CannotWrite(f"Kafka {self._bootstrap}: no ingest worker has written to {READINGS} yet")
        at = min(newest, self._clock())
        assert self._journal is not None
        await self._journal.write(await loop.run_in_executor(self._thread, self._records, findings, at))

    def _newest_record(self) -> Instant | None:
        if self._journal is None:
            from app.scale.kafka_journal import KafkaJournal

            self._journal = KafkaJournal(self._bootstrap, lambda _frames: (), round(WRITE_WITHIN_S * SECOND))
        return self._journal.newest(READINGS, READ_WITHIN_S)

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
