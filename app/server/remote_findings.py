"""Findings of rules that are evaluated elsewhere (docs/scale.md): read from Kafka, handed to the alert desk, and only
then marked as read. What is read twice after a crash has the same ids, and the desk knows them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from app.errors import UserError
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
WAIT_S: Final = 0.25
_decode = msgspec.json.Decoder(Finding).decode


def remote_findings(bootstrap: str, desk: FindingSink) -> dict[str, Coroutine[Any, Any, None]]:
    """The task that reads findings, by name; none without an address."""
    return {"findings": _run(bootstrap, desk)} if bootstrap else {}


async def _run(bootstrap: str, desk: FindingSink) -> None:
    """Until cancelled. Raises UserError where the client for Kafka is not installed."""
    try:
        from confluent_kafka import Consumer
    except ModuleNotFoundError as error:
        raise UserError("confluent-kafka is not installed: pip install -r requirements-kafka.lock") from error
    consumer = Consumer({
        "bootstrap.servers": bootstrap,
        "group.id": GROUP,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "log_level": 3,
    })  # fmt: skip
    consumer.subscribe([TOPIC])
    try:
        while True:
            await _read(consumer, desk)
    finally:
        await asyncio.to_thread(consumer.close)


async def _read(consumer: Consumer, desk: FindingSink) -> None:
    messages = await asyncio.to_thread(consumer.consume, BATCH_MAX, WAIT_S)
    findings = decode_findings(messages)
    if findings:
        await retry_until_writable(lambda: desk.process_findings(findings), "findings")
    read = [message for message in messages if message.error() is None]
    if read:
        await asyncio.to_thread(consumer.commit, asynchronous=True)


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
