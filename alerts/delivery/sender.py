"""The courier: takes messages out of the outbox, hands them to their channel, writes down what the far end said.

The lease is committed before the network is touched and the answer after; what happens between is found again as
`sending` past its lease, and looked up before anything is sent twice. A stuck provider blocks only its own channel.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from msgspec import Struct, structs

from alerts.alert import Alert
from alerts.channels.channel import Channel, LookupResult, SendOutcome, SendResult
from alerts.delivery.outcomes import DeliveryOutcomes, is_still_wanted
from alerts.message import CALL_KINDS, FOLLOW_UP_KINDS, Delivery, DeliveryState, MessageKind
from alerts.messages.deliveries import LOGBOOK, SMS, WECOM, cancel_reason
from alerts.ports import AlertStore, Transact
from domain import DAY, HOUR, MINUTE, SECOND, Instant, Severity

LEASE_MS: Final = 13 * SECOND
"""Longer than connect 3 s, read 8 s and a margin: a row past it has lost its sender."""
MAX_CONCURRENT_SENDS: Final = 8
CARD_WAIT_MS: Final = 2 * SECOND
CARD_PAUSE_MS: Final = 20 * SECOND
CARD_KINDS: Final = (*CALL_KINDS, MessageKind.ADDED)
"""Kinds of which each is a card of its own with WeCom, where other kinds change one."""
MAX_SLEEP_S: Final = 5.0

_log = logging.getLogger("fengshao.courier")


class Budget(Struct, frozen=True):
    """Messages to one person. Calls and news are counted apart, so that news never uses up what calls need.

    A critical text has no limit of ours: what is left of the vendor's own limit is its reserve. Over the limit, calls
    and news go out as summaries. WeCom drops what is more than 30 a minute to one member without a word, so beyond the
    limit a card waits.
    """

    texts_per_quarter_hour: int = 5
    texts_per_hour: int = 11
    texts_per_day: int = 35
    news_per_quarter_hour: int = 6
    news_per_hour: int = 12
    news_per_day: int = 40
    cards_per_minute: int = 20
    critical_cards_per_minute: int = 30

    def limits(self, channel: str, kind: MessageKind, critical: bool) -> tuple[tuple[int, int], ...]:
        """Pairs of a span in ms and the most in it, of messages that count together with this kind."""
        if channel == WECOM and kind in CARD_KINDS:
            return ((MINUTE, self.critical_cards_per_minute if critical else self.cards_per_minute),)
        if channel != SMS or kind not in (*CALL_KINDS, *FOLLOW_UP_KINDS) or (critical and kind in CALL_KINDS):
            return ()
        if kind in FOLLOW_UP_KINDS:
            return (
                (15 * MINUTE, self.news_per_quarter_hour),
                (HOUR, self.news_per_hour),
                (DAY, self.news_per_day),
            )
        return (
            (15 * MINUTE, self.texts_per_quarter_hour),
            (HOUR, self.texts_per_hour),
            (DAY, self.texts_per_day),
        )


class LeasedBatch(Struct, frozen=True):
    """What a look into the outbox brought: what to send, how much was leased, and when to look again."""

    rows: tuple[Delivery, ...] = ()
    leased: int = 0
    more: bool = False
    """There may be more due now than this look took."""
    next_due: Instant | None = None


class OutboxSender:
    """One worker for each channel."""

    def __init__(
        self,
        transact: Transact,
        channels: Mapping[str, Channel],
        settling: DeliveryOutcomes,
        clock: Callable[[], Instant],
        on_change: Callable[[str], None] = lambda _alert: None,
        budget: Budget | None = None,
    ) -> None:
        # The ledger has one thread: those that wake people look into the outbox before the one that only writes down.
        ordered = sorted(channels.items(), key=lambda pair: pair[0] == LOGBOOK)
        self._transact, self._channels, self._outcomes = transact, dict(ordered), settling
        self._clock, self._on_change, self._budget = clock, on_change, budget or Budget()
        self._wakeups = {name: asyncio.Event() for name in self._channels}

    def wake(self) -> None:
        """There may be post: look now."""
        for bell in self._wakeups.values():
            bell.set()

    async def run(self) -> None:
        """Until cancelled. What is being sent then is found again by its lease."""
        async with asyncio.TaskGroup() as group:
            for name in self._channels:
                group.create_task(self._run_channel(name), name=f"courier {name}")

    async def send_due(self) -> int:
        """Everything that is due now, on every channel: what `run` does, once. Returns how many were handled."""
        total = 0
        while done := sum([await self._send_batch(name) for name in self._channels]):
            total += done
        return total

    async def _run_channel(self, name: str) -> None:
        """Only what can be sent at once is leased: a lease must not run out while its message waits its turn."""
        bell, flying = self._wakeups[name], set[asyncio.Task[None]]()
        async with asyncio.TaskGroup() as sends:
            while True:
                bell.clear()
                if len(flying) >= MAX_CONCURRENT_SENDS:
                    await asyncio.wait(flying, return_when=asyncio.FIRST_COMPLETED)
                taken = await self._try_lease(name, MAX_CONCURRENT_SENDS - len(flying))
                for row in taken.rows:
                    task = sends.create_task(self._try_deliver(row))
                    flying.add(task)
                    task.add_done_callback(flying.discard)
                if not taken.more:
                    await self._sleep(bell, taken.next_due)

    async def _try_lease(self, name: str, limit: int) -> LeasedBatch:
        """A ledger that cannot write now (a full disk) stops nobody: what was not leased is still there."""
        try:
            return await self._lease(name, limit)
        except Exception:  # noqa: BLE001 - logged, and nothing is lost
            _log.exception("outbox not read", extra={"channel": name})
            return LeasedBatch()

    async def _try_deliver(self, row: Delivery) -> None:
        """A message whose outcome could not be written is found again by its lease."""
        try:
            await self._deliver(row)
        except Exception:  # noqa: BLE001 - logged, and nothing is lost
            _log.exception("outcome not written", extra={"delivery": row.id})

    async def _sleep(self, bell: asyncio.Event, due: Instant | None) -> None:
        """Until the bell rings or the next message falls due."""
        nap = MAX_SLEEP_S if due is None else min(max((due - self._clock()) / SECOND, 0.05), MAX_SLEEP_S)
        try:
            async with asyncio.timeout(nap):
                await bell.wait()
        except TimeoutError:
            return

    async def _send_batch(self, name: str) -> int:
        taken = await self._lease(name, MAX_CONCURRENT_SENDS)
        await asyncio.gather(*(self._deliver(row) for row in taken.rows))
        return taken.leased

    async def _lease(self, name: str, limit: int) -> LeasedBatch:
        """Lease what is due, and in the same transaction look again whether it is still wanted."""
        now = self._clock()

        def work(book: AlertStore) -> LeasedBatch:
            leased = book.lease_deliveries(name, now, now + LEASE_MS, limit)
            ready = tuple(row for one in leased if (row := self._ready(book, one, now)) is not None)
            return LeasedBatch(ready, len(leased), len(leased) >= limit, book.next_delivery_due(name))

        return await self._transact(work)

    def _ready(self, book: AlertStore, row: Delivery, now: Instant) -> Delivery | None:
        alert = book.alert(row.alert)
        if row.expires_at <= now:
            self._outcomes.expire(book, row, now)
            return None
        if row.state is DeliveryState.PENDING and (alert is None or not is_still_wanted(row, alert)):
            self._outcomes.skip(book, row, cancel_reason(alert), now)
            return None
        if row.ref is not None:
            return self._with_card_handle(book, row, now)
        if row.state is DeliveryState.PENDING and alert is not None and self._is_over_budget(book, row, alert, now):
            if row.channel == WECOM:
                self._outcomes.postpone(book, row, now + CARD_PAUSE_MS, now, "cards of this minute")
            else:
                self._outcomes.replace_by_summary(book, row, alert, now)
            return None
        return row if row.state is not DeliveryState.PENDING else self._outcomes.refresh(book, row, now)

    def _with_card_handle(self, book: AlertStore, row: Delivery, now: Instant) -> Delivery | None:
        """A change of a card needs the handle that the card's own send brought."""
        card = book.delivery(row.ref or "")
        if card is not None and card.handle:
            return structs.replace(row, handle=card.handle)
        if card is not None and card.state in (DeliveryState.SENDING, DeliveryState.UNKNOWN, DeliveryState.PENDING):
            self._outcomes.postpone(book, row, now + CARD_WAIT_MS, now, "waits for its card")
        else:
            self._outcomes.skip(book, row, "card", now)
        return None

    def _is_over_budget(self, book: AlertStore, row: Delivery, alert: Alert, now: Instant) -> bool:
        limits = self._budget.limits(row.channel, row.kind, alert.severity is Severity.CRITICAL)
        kinds = CARD_KINDS if row.channel == WECOM else FOLLOW_UP_KINDS if row.kind in FOLLOW_UP_KINDS else CALL_KINDS
        return any(book.count_sent(row.channel, row.address, now - span, kinds) >= most for span, most in limits)

    async def _deliver(self, row: Delivery) -> None:
        """One message, from lease to outcome."""
        channel = self._channels[row.channel]
        if (
            row.state is not DeliveryState.PENDING
            and not channel.idempotent
            and not await self._was_never_sent(channel, row)
        ):
            return
        result = await self._send(channel, row)
        now = self._clock()
        for alert in await self._transact(partial(self._record_result, row, result, now)):
            self._on_change(str(alert))
        if result.outcome is not SendOutcome.ACCEPTED:
            _log.warning(
                "message not accepted", extra={"delivery": row.id, "said": result.outcome, "code": result.code}
            )
            self.wake()

    async def _was_never_sent(self, channel: Channel, row: Delivery) -> bool:
        """True when the provider has never seen this message."""
        found = await channel.lookup(row, self._clock())
        now = self._clock()
        again = await self._transact(partial(self._record_lookup, row, found, now))
        self._on_change(str(row.alert))
        return again

    async def _send(self, channel: Channel, row: Delivery) -> SendResult:
        try:
            return await channel.send(row, self._clock())
        except Exception as error:  # noqa: BLE001 - said aloud below, and the message is looked up
            # A fault of ours in one message must not stop the channel: it may have been sent, so it is looked up.
            _log.exception("channel failed", extra={"delivery": row.id, "channel": row.channel})
            return SendResult(SendOutcome.UNKNOWN, code=type(error).__name__)

    def _record_result(self, row: Delivery, result: SendResult, now: Instant, book: AlertStore) -> list[int]:
        return self._outcomes.on_send_result(book, row, result, now)

    def _record_lookup(self, row: Delivery, found: LookupResult, now: Instant, book: AlertStore) -> bool:
        return self._outcomes.on_lookup(book, row, found, now)
