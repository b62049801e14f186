"""Findings of rules that are evaluated elsewhere (docs/scale.md): read from Kafka, handed to the alert desk, and only
then marked as read. What is read twice after a crash has the same ids, and the desk knows them.

While the ledger takes nothing it reads on, so that critical dangers are known and sent without it
(app/server/outage_texts.py).
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct

from app.errors import UserError
from app.pipeline.deferred_findings import is_urgent
from app.pipeline.ports import FindingSink
from app.pipeline.retry import retry_until_writable
from domain import Finding

if TYPE_CHECKING:
    from confluent_kafka import Consumer, Message

log = logging.getLogger("fengshao.findings")
TOPIC: Final = "fengshao.findings"
GROUP: Final = "fengshao-desk"
"""Desks on one ledger share the partitions; another desk takes over those of one that ended."""
BATCH_MAX: Final = 500
BATCHES_WAITING_MAX: Final = 20
"""So many batches are read ahead of the ledger."""
WAIT_S: Final = 0.25
_decode = msgspec.json.Decoder(Finding).decode


class _Batch(Struct, frozen=True):
    """What was read at once, and by partition the offset after it."""

    findings: Sequence[Finding]
    offsets: Mapping[int, int]


class RemoteFindings:
    """Reads findings and hands them to the desk, in their order."""

    def __init__(self, bootstrap: str, desk: FindingSink) -> None:
        self._bootstrap, self._desk = bootstrap, desk
        self._waiting, self._added = deque[_Batch](), asyncio.Event()

    def unstored_dangers(self) -> list[Finding]:
        """Critical dangers that were read and are not stored yet."""
        return [finding for batch in self._waiting for finding in batch.findings if is_urgent(finding)]

    def tasks(self) -> dict[str, Coroutine[Any, Any, None]]:
        """The task that reads and stores, by name; none without an address."""
        return {"findings": self._run()} if self._bootstrap else {}

    async def _run(self) -> None:
        """Until cancelled. Raises UserError where the client for Kafka is not installed."""
        try:
            from confluent_kafka import Consumer
        except ModuleNotFoundError as error:
            raise UserError("confluent-kafka is not installed: pip install -r requirements-kafka.lock") from error
        consumer = Consumer({
            "bootstrap.servers": self._bootstrap,
            "group.id": GROUP,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "log_level": 3,
        })  # fmt: skip
        consumer.subscribe([TOPIC])
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read(consumer))
                group.create_task(self._store(consumer))
        finally:
            await asyncio.to_thread(consumer.close)

    async def _read(self, consumer: Consumer) -> None:
        """A full queue pauses the partitions and goes on asking: a consumer that asks nothing for five minutes loses
        them."""
        is_paused = False
        while True:
            is_full = len(self._waiting) >= BATCHES_WAITING_MAX
            if is_full or is_paused:
                # Again at each round while it is full: partitions may have been assigned meanwhile.
                (consumer.pause if is_full else consumer.resume)(consumer.assignment())
                is_paused = is_full
            messages = await asyncio.to_thread(consumer.consume, BATCH_MAX, WAIT_S)
            if messages:
                self._waiting.append(_Batch(decode_findings(messages), _offsets_after(messages)))
                self._added.set()

    async def _store(self, consumer: Consumer) -> None:
        from confluent_kafka import TopicPartition

        while True:
            await self._added.wait()
            self._added.clear()
            while self._waiting:
                batch = self._waiting[0]
                if batch.findings:
                    await retry_until_writable(partial(self._desk.process_findings, batch.findings), "findings")
                self._waiting.popleft()
                read = [TopicPartition(TOPIC, partition, offset) for partition, offset in batch.offsets.items()]
                if read:
                    await asyncio.to_thread(consumer.commit, offsets=read, asynchronous=True)


def _offsets_after(messages: Sequence[Message]) -> Mapping[int, int]:
    """Messages of one partition are read in their order."""
    read = [message for message in messages if message.error() is None]
    return {message.partition() or 0: (message.offset() or 0) + 1 for message in read}


def decode_findings(messages: Sequence[Message]) -> list[Finding]:
    """The findings of these messages; what is none is logged and passed over: it would come again for ever."""
    found: list[Finding] = []
    for message in messages:
        if (error := message.error()) is not None:
            log.warning("Kafka: %s", error)
            continue
        try:
            found.append(_decode(message.value() or b""))
        except msgspec.DecodeError as fault:
            log.error("%s[%s]@%s is no finding: %s", TOPIC, message.partition(), message.offset(), fault)
    return found
