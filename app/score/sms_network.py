"""The carrier of the simulated SMS providers, and the people at the phones: texts arrive, reports return, replies go.

What is under way is a queue of values that is saved between two days. The providers are the simulators of the vendors'
APIs; they are called in process, because a socket would never answer on virtual time.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Mapping
from random import Random
from typing import Final, Protocol

import httpx2
from msgspec import Struct, field, structs

from app.score.people import Knowledge
from app.score.records import NetworkEvent
from domain import MINUTE, SECOND, Instant
from simulators.faults.people import Answer, PeopleFaults
from simulators.providers.carrier import CarriedService, SubmittedMessage
from simulators.workers import Behaviour, misunderstood, replies, urged_by

DELIVERY_MS: Final = (1_500, 6_000)
"""From acceptance to the phone. Ours: vendors promise seconds and publish no distribution."""
REPORT_MS: Final = (500, 4_000)
_OVER_LATER_MS: Final = 60 * SECOND
_CALL_MS: Final = 5 * MINUTE
"""Until a supervisor has telephoned, and the person called has answered. Ours."""


class NetworkState(Struct):
    """What is under way, and how many texts each phone has had: random numbers are drawn by phone and number."""

    events: list[NetworkEvent] = field(default_factory=list)
    numbered: int = 0
    texts: dict[str, int] = field(default_factory=dict)
    knowledge: Knowledge = field(default_factory=Knowledge)


class Situation(Struct, frozen=True):
    """What a worker finds at the door of an alert. `over_at`: when the last incident there ends."""

    is_real: bool
    over_at: Instant


class Recipients(Protocol):
    """Who reads a text, and what is to be found where it sends him."""

    async def read(self, message: SubmittedMessage, at: Instant, /) -> tuple[int, ...]:
        """A text is on a phone; returns its alert and the others that it names, nothing for none."""
        ...

    def situation(self, alert: int, at: Instant, /) -> Situation: ...


class Timekeeper(Protocol):
    """Tells the time: the virtual loop, or a real clock."""

    def clock(self) -> Instant: ...


class SmsNetwork:
    """Carrier of all providers (simulators.providers.carrier.Carrier)."""

    def __init__(
        self,
        loop: Timekeeper,
        client: httpx2.AsyncClient,
        state: NetworkState,
        recipients: Recipients,
        faults: PeopleFaults,
        seed: int,
    ) -> None:
        self.client = client
        self._loop, self.state, self._recipients, self._faults, self._seed = loop, state, recipients, faults, seed
        self._behaviour = Behaviour()
        self._wakeup = asyncio.Event()
        self.servers: Mapping[str, CarriedService] = {}
        heapq.heapify(state.events)

    def accept(self, message: SubmittedMessage) -> None:
        """Takes a message from a provider."""
        n = self.state.texts[message.phone] = self.state.texts.get(message.phone, 0) + 1
        delay = self._random(message.phone, n).randint(*DELIVERY_MS)
        self._push(self._loop.clock() + delay, "deliver", message=message, phone=message.phone)

    async def run(self) -> None:
        """Let things happen when their time has come, until cancelled."""
        while True:
            self._wakeup.clear()
            while self.state.events and self.state.events[0].at <= self._loop.clock():
                await self._happen(heapq.heappop(self.state.events))
            due = self.state.events[0].at if self.state.events else None
            if due is None:
                await self._wakeup.wait()
            else:
                await self._wait(due)

    async def _wait(self, due: Instant) -> None:
        try:
            async with asyncio.timeout((due - self._loop.clock()) / SECOND):
                await self._wakeup.wait()
        except TimeoutError:
            return

    async def _happen(self, event: NetworkEvent) -> None:
        steps: Mapping[str, Callable[[NetworkEvent], Awaitable[None]]] = {
            "deliver": self._deliver,
            "report": self._report,
            "reply": self._reply,
        }
        await steps[event.what](event)

    async def _deliver(self, event: NetworkEvent) -> None:
        message, now = event.message, self._loop.clock()
        assert message is not None
        await self.servers[message.provider].deliver(message)
        n = self.state.texts[message.phone]
        random = self._random(message.phone, n, "reading")
        # Drawn for a lost receipt too: what the person answers, drawn next, must not depend on it.
        receipt, report_ms = self._faults.receipt(f"{message.phone}/{n}"), random.randint(*REPORT_MS)
        if not receipt.is_lost:
            self._push(now + report_ms + receipt.delay_ms, "report", message=message, phone=message.phone)
        alert, *others = await self._recipients.read(message, now) or (0,)
        if alert:
            self.state.knowledge.read(message.phone, alert, message.text, now, message.provider)
            self.state.knowledge.read_of(message.phone, others, message.text, now)
            self._plan_replies(message, n, alert, now, random)

    def _plan_replies(self, message: SubmittedMessage, n: int, alert: int, now: Instant, random: Random) -> None:
        situation = self._recipients.situation(alert, now)
        answers = replies(message.text, self._behaviour, situation.is_real, random)
        fault = self._faults.worker(message.phone, str(n))
        if fault.answer is Answer.NEVER:
            return
        if urged := urged_by(message.text):
            self._telephone(alert, urged, now, situation)
        for reply in answers:
            at = now + reply.after_ms + fault.delay_ms
            if reply.when_over:
                at = max(at, situation.over_at + _OVER_LATER_MS)
            wrong = fault.answer is Answer.WRONG
            self._push(
                at,
                "reply",
                phone=message.phone,
                text=misunderstood(random) if wrong else reply.text,
                alert=alert,
                means="" if wrong else reply.means,
                asked_at=now,
                reads_first=fault.answer is not Answer.LATE,
                provider=message.provider,
            )

    def _telephone(self, alert: int, means: str, now: Instant, situation: Situation) -> None:
        """A supervisor telephones the person who owes this answer: he gives it when it is over."""
        asked = self.state.knowledge.asked_for(alert, means)
        if asked is not None:
            at = max(now + _CALL_MS, situation.over_at + _OVER_LATER_MS)
            self._push(
                at,
                "reply",
                phone=asked.phone,
                text=asked.code,
                alert=alert,
                means=means,
                asked_at=now,
                provider=asked.provider,
            )

    async def _report(self, event: NetworkEvent) -> None:
        assert event.message is not None
        await self.servers[event.message.provider].report(event.message)

    async def _reply(self, event: NetworkEvent) -> None:
        now, knowledge = self._loop.clock(), self.state.knowledge
        if knowledge.is_moot(event):
            return
        if (free_at := knowledge.free_at(event.phone, now)) > now:
            self._again(event, free_at)
            return
        knowledge.sent(event, now)
        await self.servers[event.provider].reply(event.phone, event.text)

    def _push(
        self,
        at: Instant,
        what: str,
        *,
        phone: str,
        message: SubmittedMessage | None = None,
        text: str = "",
        alert: int = 0,
        means: str = "",
        asked_at: Instant = 0,
        reads_first: bool = True,
        provider: str = "",
    ) -> None:
        event = NetworkEvent(at, 0, what, message, phone, text, alert, means, asked_at, reads_first, provider)
        self._again(event, at)

    def _again(self, event: NetworkEvent, at: Instant) -> None:
        self.state.numbered += 1
        heapq.heappush(self.state.events, structs.replace(event, at=at, number=self.state.numbered))
        self._wakeup.set()

    def _random(self, phone: str, n: int, what: str = "carrier") -> Random:
        return Random(f"{self._seed}/{what}/{phone}/{n}")  # noqa: S311 (a seeded simulation)
