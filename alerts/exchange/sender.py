"""Sends messages to their targets: one worker per target, so that a slow or dead one delays no other.

Messages of one subject (a case) go in order, one at a time; different subjects go side by side. A message stays in the
database until its target accepts it or it is given up, so nothing is lost by a crash: after one it is sent again with
the same id. A target that fails as a whole is paused, and tried with one message at a time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

from msgspec import Struct

from alerts.exchange.messages import Failure, MessageState, OutgoingMessage
from alerts.exchange.ports import ExchangeStore, ExchangeTransact
from alerts.exchange.retries import (
    Response,
    RetryPolicy,
    failure_of,
    is_given_up,
    is_refused,
    transport_failure,
    wait_ms,
)
from alerts.exchange.targets import Request, Target
from alerts.ports import AlertStore
from domain import MINUTE, SECOND, Instant

MAX_CONCURRENT: Final = 8
"""Requests to one target at a time; also how many messages are in memory for it."""
FAILING_AFTER_MS: Final = 10 * MINUTE
"""A target whose requests have all failed for so long is reported."""
MAX_SLEEP_S: Final = 5.0
_ERROR_MAX: Final = 200

_log = logging.getLogger("fengshao.exchange")

Post = Callable[[Request], Awaitable[tuple[int, Mapping[str, str], bytes]]]
"""Sends one request: status, headers, body. Raises for a failure of transport."""
OnHandedOver = Callable[[OutgoingMessage, Response, ExchangeStore], None]
"""Called in the transaction that records an accepted message."""


class TargetCounts(Struct):
    """Requests to one target since the start."""

    accepted: int = 0
    failed: int = 0
    refused: int = 0
    dead: int = 0


class TargetHealth(Struct, frozen=True):
    """Called when a target has failed for ten minutes, and when it accepts again."""

    failing: Callable[[str, Instant, str], Awaitable[None]]
    recovered: Callable[[str, Instant], Awaitable[None]]


class ExchangeSender:
    """Sends what is due. `wake` after a commit that may have added messages."""

    def __init__(
        self,
        transact: ExchangeTransact,
        targets: Iterable[Target],
        post: Post,
        clock: Callable[[], Instant],
        health: TargetHealth,
        policy: RetryPolicy | None = None,
        on_accepted: OnHandedOver = lambda _message, _response, _store: None,
    ) -> None:
        self._transact, self._post, self._clock = transact, post, clock
        self._health, self._policy, self._on_accepted = health, policy or RetryPolicy(), on_accepted
        self._targets = {target.id: target for target in targets}
        self.counts = {name: TargetCounts() for name in self._targets}
        self._failures = dict.fromkeys(self._targets, 0)
        self._paused_until = dict.fromkeys(self._targets, 0)
        self._reported: set[str] = set()
        self._wakeups = {name: asyncio.Event() for name in self._targets}

    def wake(self) -> None:
        """Look for messages now."""
        for wakeup in self._wakeups.values():
            wakeup.set()

    def resume(self, target: str) -> None:
        """Try a paused target now: a person asked for it."""
        self._paused_until[target] = 0
        self._wakeups[target].set()

    async def run(self) -> None:
        """Run until cancelled."""
        async with asyncio.TaskGroup() as group:
            for name in self._targets:
                group.create_task(self._run_target(name), name=f"exchange {name}")

    async def send_due(self) -> int:
        """Send everything that is due now; returns the number of requests. For tests with a virtual clock."""
        total = 0
        while done := sum([await self._send_batch(name) for name in self._targets]):
            total += done
        return total

    async def next_due(self) -> Instant | None:
        """When the next request is due; None when nothing waits."""
        dues = [due for name in self._targets if (due := await self._due_at(name)) is not None]
        return min(dues, default=None)

    async def _run_target(self, name: str) -> None:
        wakeup = self._wakeups[name]
        while True:
            wakeup.clear()
            try:
                done = await self._send_batch(name)
                due = await self._due_at(name) if not done else self._clock()
            except Exception:  # noqa: BLE001 - logged; the store may be full for now, and every message stays due
                _log.exception("exchange stopped for a moment", extra={"target": name})
                done, due = 0, None
            if not done:
                await self._sleep(wakeup, due)

    async def _sleep(self, wakeup: asyncio.Event, due: Instant | None) -> None:
        """Until `wake` or the next message, at most MAX_SLEEP_S."""
        pause_s = MAX_SLEEP_S if due is None else min(max((due - self._clock()) / SECOND, 0.05), MAX_SLEEP_S)
        try:
            async with asyncio.timeout(pause_s):
                await wakeup.wait()
        except TimeoutError:
            return

    async def _due_at(self, name: str) -> Instant | None:
        due = await self._transact(lambda _alerts, store: store.next_due(name))
        return None if due is None else max(due, self._paused_until[name])

    async def _send_batch(self, name: str) -> int:
        """Send up to MAX_CONCURRENT due messages, each of another subject; one only to a target that fails."""
        now = self._clock()
        if self._paused_until[name] > now:
            return 0
        limit = 1 if self._failures[name] else MAX_CONCURRENT
        batch = await self._transact(lambda _alerts, store: store.due_messages(name, now, limit))
        target = self._targets[name]
        self._pause(name, await asyncio.gather(*(self._deliver(target, message) for message in batch)))
        return len(batch)

    def _pause(self, name: str, responses: Sequence[Response]) -> None:
        """Pause a target of which no request of a batch was accepted or refused: it fails as a whole."""
        failed = [response for response in responses if not response.accepted and not is_refused(response)]
        if len(failed) < len(responses):
            self._failures[name] = 0
        elif failed:
            self._failures[name] += 1
            wait = max(wait_ms(self._failures[name], response) for response in failed)
            self._paused_until[name] = self._clock() + wait

    async def _deliver(self, target: Target, message: OutgoingMessage) -> Response:
        response = await self._request(target, message)
        now, counts = self._clock(), self.counts[target.id]
        if response.accepted:
            counts.accepted += 1
            since = await self._transact(partial(self._record_accepted, message, response, now))
            if since is not None or target.id in self._reported:
                self._reported.discard(target.id)
                await self._health.recovered(target.id, now)
            return response
        counts.refused += is_refused(response)
        counts.failed += not is_refused(response)
        since = await self._transact(partial(self._record_failed, message, response, now))
        _log.warning("not accepted", extra={"target": target.id, "message_no": message.n, "error": response.error})
        await self._report_failing(target.id, since, response.error, now)
        return response

    async def _request(self, target: Target, message: OutgoingMessage) -> Response:
        try:
            request = target.request(message, self._clock())
        except Exception as error:  # noqa: BLE001 - a message that cannot be written down must not stop the others
            return Response(False, error=_described(error), refused=True, failure=Failure.CONTENT)
        try:
            status, headers, body = await self._post(request)
        except Exception as error:  # noqa: BLE001 - whatever the failure of transport is, the message is sent again
            return Response(False, error=_described(error), failure=transport_failure(_causes(error)))
        return target.read(status, headers, body)

    def _record_accepted(
        self, message: OutgoingMessage, response: Response, now: Instant, _alerts: AlertStore, store: ExchangeStore
    ) -> Instant | None:
        store.settle(message.n, MessageState.DELIVERED, now, response.status, "")
        self._on_accepted(message, response, store)
        return store.record_success(message.target, now)

    def _record_failed(
        self, message: OutgoingMessage, response: Response, now: Instant, _alerts: AlertStore, store: ExchangeStore
    ) -> Instant:
        attempts, failure = message.attempts + 1, failure_of(response)
        if is_given_up(response, attempts, message.created_at, now, self._policy):
            self.counts[message.target].dead += 1
            store.settle(message.n, MessageState.DEAD, now, response.status, response.error, failure)
        else:
            store.postpone(message.n, now + wait_ms(attempts, response), response.status, response.error, failure)
        return store.record_failure(message.target, now, response.error)

    async def _report_failing(self, target: str, since: Instant, error: str, now: Instant) -> None:
        if now - since >= FAILING_AFTER_MS and target not in self._reported:
            self._reported.add(target)
            await self._health.failing(target, since, error)


def _causes(error: BaseException | None) -> Iterator[str]:
    """The names of an exception and of those that led to it."""
    while error is not None:
        yield type(error).__name__
        error = error.__cause__ or error.__context__


def _described(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:_ERROR_MAX]
