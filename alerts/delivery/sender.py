"""The outbox sender: one worker per channel leases due messages, sends them, and records the outcomes.

A lease is committed before the network is used, the outcome after. A crash in between leaves the message `sending` past
its lease; then it is looked up before it is sent again. A provider that hangs blocks only its own channel.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Final

from msgspec import Struct, structs

from alerts.alert import Alert
from alerts.channel_specs import LOGBOOK, Limits, OverLimit
from alerts.channels.channel import Channel, LookupResult, SendOutcome, SendResult
from alerts.channels.providers import ProviderChain, chain_of
from alerts.delivery.attempts import ProviderAttempts
from alerts.delivery.budget import Budget, counted_with
from alerts.delivery.outcomes import DeliveryOutcomes
from alerts.delivery.still_wanted import is_still_wanted
from alerts.message import Delivery, DeliveryState, MessageKind
from alerts.messages.deliveries import cancel_reason
from alerts.ports import AlertStore, Transact, Transaction
from domain import MINUTE, SECOND, Instant, Severity

LEASE_MS: Final = 13 * SECOND
"""Longer than connecting (3 s) and reading (8 s) with a margin: past it, the sending process has died."""
MAX_CONCURRENT_SENDS: Final = 32
CARD_WAIT_MS: Final = 2 * SECOND
CARD_PAUSE_MS: Final = 20 * SECOND
PERSONAL_PAUSE_MS: Final = 5 * MINUTE
"""A message that belongs to a person waits this long when he is over his limit; no summary names it."""
MAX_SLEEP_S: Final = 5.0
GIVEN_BACK_MS: Final = SECOND // 2
"""A machine renews its lease every second; what was due meanwhile waits no longer than that."""

_log = logging.getLogger("fengshao.courier")


class LeasedBatch(Struct, frozen=True):
    """The result of one lease: what to send, how many rows were leased, and when the next one is due."""

    rows: tuple[Delivery, ...] = ()
    leased: int = 0
    more: bool = False
    """More rows may be due than the limit allowed to lease."""
    next_due: Instant | None = None


class OutboxSender:
    """Sends what is due in the outbox, with one worker for each channel."""

    def __init__(
        self,
        transact: Transact,
        channels: Mapping[str, Channel | ProviderChain],
        outcomes: DeliveryOutcomes,
        clock: Callable[[], Instant],
        on_change: Callable[[str], None] = lambda _alert: None,
        budget: Budget | None = None,
        on_accepted: Callable[[Delivery, Instant], None] = lambda _delivery, _at: None,
        max_sleep_s: float | None = None,
        may_send: Callable[[], bool] = lambda: True,
    ) -> None:
        """`may_send` is asked directly before a provider is called: a machine that was paused may not be the active one
        any more. What it has leased is then given back: to the one that is, or to itself once its lease is renewed."""
        self._in_flight, self._starting = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
        # The store has one thread: channels that alert people lease before the logbook does.
        ordered = sorted(channels.items(), key=lambda pair: pair[0] == LOGBOOK)
        self._transact, self._outcomes, self._attempts = transact, outcomes, ProviderAttempts(outcomes)
        self._chains = {name: chain_of(name, channel) for name, channel in ordered}
        for chain in self._chains.values():
            outcomes.router.add(chain)
        self._clock, self._on_change, self._budget = clock, on_change, budget or Budget()
        self._on_accepted, self._max_sleep_s, self._may_send_now = on_accepted, max_sleep_s, may_send
        self._wakeups = {name: asyncio.Event() for name in self._chains}

    def wake(self) -> None:
        """Check the outbox now. Called after a commit that may have enqueued messages."""
        for wakeup in self._wakeups.values():
            wakeup.set()

    async def run(self) -> None:
        """Run until cancelled. A message being sent at that moment is found again when its lease expires."""
        async with asyncio.TaskGroup() as group:
            for name in self._chains:
                group.create_task(self._run_channel(name), name=f"courier {name}")

    async def send_due(self) -> int:
        """Send everything that is due now on every channel; returns how many messages were handled."""
        total = 0
        while done := sum([await self._send_batch(name) for name in self._chains]):
            total += done
        return total

    async def _run_channel(self, name: str) -> None:
        """Leases only as many messages as can be sent at once, so that no lease expires while its message waits."""
        wakeup, sending = self._wakeups[name], set[asyncio.Task[None]]()
        async with asyncio.TaskGroup() as sends:
            while True:
                wakeup.clear()
                if len(sending) >= MAX_CONCURRENT_SENDS:
                    await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
                batch = await self._try_lease(name, MAX_CONCURRENT_SENDS - len(sending))
                for row in batch.rows:
                    task = sends.create_task(self._try_deliver(row))
                    sending.add(task)
                    task.add_done_callback(sending.discard)
                if not batch.more:
                    await self._sleep(wakeup, batch.next_due)

    async def _try_lease(self, name: str, limit: int) -> LeasedBatch:
        """An empty batch when the store cannot write now (a full disk): the messages stay due."""
        try:
            return await self._lease(name, limit)
        except Exception:  # noqa: BLE001 - logged, and nothing is lost
            _log.exception("outbox not read", extra={"channel": name})
            return LeasedBatch()

    async def _try_deliver(self, row: Delivery) -> None:
        """A message whose outcome could not be recorded is found again when its lease expires."""
        try:
            await self._deliver_counted(row)
        except Exception:  # noqa: BLE001 - logged, and nothing is lost
            _log.exception("outcome not written", extra={"delivery": row.id})

    async def _sleep(self, wakeup: asyncio.Event, due: Instant | None) -> None:
        """Until `wake` or the next due message, at most `max_sleep_s`, else MAX_SLEEP_S."""
        longest_s = self._max_sleep_s or MAX_SLEEP_S
        pause_s = longest_s if due is None else min(max((due - self._clock()) / SECOND, 0.05), longest_s)
        try:
            async with asyncio.timeout(pause_s):
                await wakeup.wait()
        except TimeoutError:
            return

    async def _send_batch(self, name: str) -> int:
        batch = await self._lease(name, MAX_CONCURRENT_SENDS)
        await asyncio.gather(*(self._deliver_counted(row) for row in batch.rows))
        return batch.leased

    async def _deliver_counted(self, row: Delivery) -> None:
        """The message counts against the limits of its address until its outcome is in the store."""
        try:
            await self._deliver(row)
        finally:
            self._in_flight[row.channel, row.address] -= 1

    async def _lease(self, name: str, limit: int) -> LeasedBatch:
        """Lease what is due, and in the same transaction drop what is no longer wanted."""
        now = self._clock()

        def work(store: AlertStore) -> LeasedBatch:
            tx = Transaction(store, now)
            leased = store.lease_deliveries(name, now, now + LEASE_MS, limit)
            ready = []
            # What is on its way is not in the store yet. Transactions run one at a time, so the count is of this one.
            self._starting = Counter(self._in_flight)
            for candidate in self._outcomes.combined.one_of_each(tx, leased):
                row = self._ready(tx, candidate)
                if row is not None and self._may_send(tx, row):
                    ready.append(row)
                    self._starting[row.channel, row.address] += 1
            return LeasedBatch(tuple(ready), len(leased), len(leased) >= limit, store.next_delivery_due(name))

        batch = await self._transact(work, urgent=name != LOGBOOK)
        self._in_flight.update((row.channel, row.address) for row in batch.rows)
        return batch

    def _may_send(self, tx: Transaction, row: Delivery) -> bool:
        """The last check of a message of an exercise: of the recipient, and of the text as it will be sent."""
        problem = self._outcomes.exercise_fault(row, tx.store.alert(row.alert))
        if problem is not None:
            self._outcomes.skip(tx, row, problem)
        return problem is None

    def _ready(self, tx: Transaction, row: Delivery) -> Delivery | None:
        alert = tx.store.alert(row.alert)
        if row.expires_at <= tx.now:
            self._outcomes.expire(tx, row)
            return None
        if row.state is DeliveryState.PENDING and not is_still_wanted(row, alert):
            self._outcomes.skip(tx, row, cancel_reason(alert))
            return None
        if row.state is DeliveryState.ACCEPTED:
            self._outcomes.no_receipt(tx, row)
            return None
        if row.ref is not None:
            row_with_handle = self._with_card_handle(tx, row)
            return None if row_with_handle is None else self._attempts.assign_provider(tx, row_with_handle, alert)
        over = self._over_budget(tx, row, alert) if row.state is DeliveryState.PENDING else None
        if over is not None:
            self._hold_back(tx, row, alert, over)
            return None
        current = row if row.state is not DeliveryState.PENDING else self._outcomes.refresh(tx, row)
        return None if current is None else self._attempts.assign_provider(tx, current, alert)

    def _hold_back(self, tx: Transaction, row: Delivery, alert: Alert | None, over: OverLimit) -> None:
        if alert is None:
            return self._outcomes.postpone(tx, row, tx.now + PERSONAL_PAUSE_MS, "over the limit of messages")
        if over is OverLimit.WAIT:
            self._outcomes.postpone(tx, row, tx.now + CARD_PAUSE_MS, "over the limit of this minute")
        elif over is OverLimit.REFUSE:
            self._outcomes.refuse_over_limit(tx, row)
        else:
            self._outcomes.replace_by_summary(tx, row, alert, calls_next=over is OverLimit.NEXT_PERSON)

    def _with_card_handle(self, tx: Transaction, row: Delivery) -> Delivery | None:
        """The update of a card, with the handle that the provider returned when the card was sent."""
        card = tx.store.delivery(row.ref or "")
        if card is not None and card.handle:
            return structs.replace(row, handle=card.handle)
        if card is not None and card.state in (DeliveryState.SENDING, DeliveryState.UNKNOWN, DeliveryState.PENDING):
            self._outcomes.postpone(tx, row, tx.now + CARD_WAIT_MS, "waits for its card")
        elif card is not None and row.kind is MessageKind.RESOLVED and row.payload.get("text"):
            # WeCom lets a card be changed once; that it was dealt with comes as a message of its own.
            return structs.replace(row, ref=None, payload={"text": row.payload["text"]})
        else:
            self._outcomes.skip(tx, row, "card")
        return None

    def _over_budget(self, tx: Transaction, row: Delivery, alert: Alert | None) -> OverLimit | None:
        """What happens to a message that is over a limit of its recipient; None when it may be sent."""
        critical = alert is not None and alert.severity is Severity.CRITICAL
        limits = self._budget.limits(row.channel, row.kind, critical)
        if self._is_reached(tx, row, limits, counted_with(row.channel, row.kind)):
            return self._budget.over(row.channel)
        variant, waited_ms = str(row.payload.get("summary", "")), tx.now - row.created_at
        together = self._budget.together(row.channel, row.kind, critical, waited_ms, variant)
        if self._is_reached(tx, row, together, tuple(MessageKind)):
            return self._budget.over_together(row.channel, row.kind, critical)
        return None

    def _is_reached(self, tx: Transaction, row: Delivery, limits: Limits, kinds: Collection[MessageKind]) -> bool:
        on_its_way = self._starting[row.channel, row.address]
        return any(
            tx.store.count_sent(row.channel, row.address, tx.now - span, kinds) + on_its_way >= limit
            for span, limit in limits
        )

    async def _deliver(self, row: Delivery) -> None:
        """Send one leased message and record the outcome; after an unknown outcome only if it was never sent.

        A provider that refuses is followed by the next one at once.
        """
        chain = self._chains[row.channel]
        in_doubt = row.state is not DeliveryState.PENDING and not chain.is_idempotent(row.provider)
        if in_doubt and not await self._was_never_sent(chain, row):
            return
        attempt: Delivery | None = row
        while attempt is not None:
            if not self._may_send_now():
                await self._transact(partial(self._give_back, attempt, self._clock()))
                return
            attempt = await self._attempt(chain, attempt)

    def _give_back(self, row: Delivery, now: Instant, store: AlertStore) -> None:
        """The message was surely not sent: it is due again, without the wait and the lookup of one in doubt. The store
        refuses this to a machine that was superseded."""
        leased = store.delivery(row.id)
        if leased is not None and leased.state is DeliveryState.SENDING:
            later = structs.replace(leased, attempts=leased.attempts - 1)
            self._outcomes.postpone(Transaction(store, now), later, now + GIVEN_BACK_MS, "the lease was not valid")

    async def _attempt(self, chain: ProviderChain, row: Delivery) -> Delivery | None:
        """Send by one provider and record the outcome; returns the message as it must be sent next, if at all."""
        result = await self._send(chain, row)
        now = self._clock()
        alerts, again = await self._transact(partial(self._record_result, row, result, now))
        for alert in alerts:
            self._on_change(str(alert))
        if result.outcome is SendOutcome.ACCEPTED:
            self._on_accepted(row, now)
        else:
            fields = {"delivery": row.id, "provider": row.provider, "outcome": result.outcome, "code": result.code}
            _log.warning("message not accepted", extra=fields)
            self.wake()
        return again

    async def _was_never_sent(self, channel: ProviderChain, row: Delivery) -> bool:
        """True when, by its lookup, the provider never received this message, and it is still wanted."""
        result = await channel.lookup(row, self._clock())
        now = self._clock()
        never_sent = await self._transact(partial(self._record_lookup, row, result, now))
        for alert in row.alerts:
            self._on_change(str(alert))
        return never_sent

    async def _send(self, channel: ProviderChain, row: Delivery) -> SendResult:
        try:
            return await channel.send(row, self._clock())
        except Exception as error:  # noqa: BLE001 - logged, and the message is looked up
            # A bug met by one message must not stop the channel. It may have been sent, so it is looked up.
            _log.exception("channel failed", extra={"delivery": row.id, "channel": row.channel})
            return SendResult(SendOutcome.UNKNOWN, code=type(error).__name__)

    def _record_result(
        self, row: Delivery, result: SendResult, now: Instant, store: AlertStore
    ) -> tuple[list[int], Delivery | None]:
        return self._attempts.on_attempt(Transaction(store, now), row, result)

    def _record_lookup(self, row: Delivery, result: LookupResult, now: Instant, store: AlertStore) -> bool:
        return self._outcomes.on_lookup(Transaction(store, now), row, result)
