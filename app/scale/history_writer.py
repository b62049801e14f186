"""`fengshao history-writer`: readings from Kafka into the history server of a site (docs/scale.md).

What was read is marked as read once it lies in the spool, from where it is sent to the server. It may be written twice,
after a crash: equal points count once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
from confluent_kafka import Consumer, KafkaException, Message
from msgspec import Struct

from app.clock import Clock
from app.config.site import load_site
from app.datadir.lock import lock_data_dir
from app.datadir.stores import open_database, open_history
from app.errors import UserError
from app.pipeline.retry import retry_until_writable
from app.scale.records import READINGS
from domain import Lane, Reading
from rules.hosts.keyed.events import readings_in
from store.database.refusals.history_refusals import store_history_refusals
from store.errors import StoreError
from store.history import History
from store.history.remote.history import LineProtocolHistory
from store.refused_values import RefusedValue

log = logging.getLogger("fengshao.history")
SETTINGS: Final = {
    "group.id": "fengshao-history",  # writers share the partitions; another takes over those of one that ended
    "auto.offset.reset": "earliest",
    "enable.auto.commit": False,
    "queued.max.messages.kbytes": 16_384,
    "log_level": 3,
}
BATCH_MAX: Final = 200
"""Records of up to 500 readings each (app/scale/records.py), after an outage of many devices."""
PART_MAX: Final = 20_000
"""Readings that are appended at once; far below what the history holds in memory."""
WAIT_S: Final = 0.5
SENT_WITHIN_S: Final = 20.0
"""At its end a writer waits so long for the server: nothing else sends what is in its spool."""


class HistoryWriterOptions(Struct, frozen=True):
    """The command line. `spool`: a folder of this writer alone; what the server does not take waits there."""

    kafka: str
    data: Path
    spool: Path
    site: Path | None = None


class HistoryWriter:
    """Reads the topic and appends to `history`, batch by batch."""

    def __init__(self, bootstrap: str, history: History) -> None:
        self._history = history
        self._position = history.position().get(Lane.BULK, 0)
        self._consumer = Consumer({"bootstrap.servers": bootstrap, **SETTINGS})

    async def run(self) -> None:
        """Until cancelled. A batch is written before the next is read: what the disk does not take stays in Kafka."""
        self._consumer.subscribe([READINGS])
        log.info("writing the history from %s", READINGS)
        try:
            while True:
                messages = await asyncio.to_thread(self._consumer.consume, BATCH_MAX, WAIT_S)
                if messages:
                    await self._write(messages)
        finally:
            await asyncio.to_thread(self._consumer.close)

    async def _write(self, messages: Sequence[Message]) -> None:
        readings = decode_readings(messages)
        for start in range(0, len(readings), PART_MAX):
            self._position += 1
            if not self._history.append(Lane.BULK, self._position, readings[start : start + PART_MAX]):
                raise StoreError(
                    "the history takes no further readings: not marked as read, a restart reads them again"
                )
            await retry_until_writable(self._history.flush, "history")
        await self._mark_as_read()

    async def _mark_as_read(self) -> None:
        try:
            await asyncio.to_thread(self._consumer.commit, asynchronous=False)
        except KafkaException as error:  # another writer has the partitions by now, and writes it again
            log.warning("not marked as read: %s", error)


def decode_readings(messages: Sequence[Message]) -> list[Reading]:
    """The readings of these messages; what is no event is logged and passed over: it would come again for ever."""
    found = list[Reading]()
    for message in messages:
        if (error := message.error()) is not None:
            log.warning("Kafka: %s", error)
            continue
        try:
            found += readings_in(message.value() or b"")
        except (msgspec.DecodeError, UnicodeDecodeError) as fault:
            log.error("%s[%s]@%s is no event: %s", READINGS, message.partition(), message.offset(), fault)
    return found


async def _send_rest(history: History, spool: Path) -> None:
    await history.flush()
    if isinstance(history, LineProtocolHistory) and not await history.sent(SENT_WITHIN_S):
        log.warning("%s holds readings that the server has not taken: a writer that starts with it sends them", spool)


async def run_history_writer(options: HistoryWriterOptions) -> None:
    """Until cancelled. Raises UserError for a site whose history is a file of its own machine."""
    site, clock = load_site(options.site), Clock()
    if site.settings.history.type == "duckdb":
        raise UserError(
            "history.type is duckdb, a file of one machine: name a server there (victoriametrics, influxdb, influxdb3)"
        )
    options.spool.mkdir(parents=True, exist_ok=True, mode=0o700)
    with lock_data_dir(options.spool, "--spool"):
        database = open_database(options.data, site.settings.ledger)

        def keep_refused(refused: Sequence[RefusedValue]) -> None:
            database.write_blocking(partial(store_history_refusals, refused=refused, now=clock()))

        history = open_history(options.spool, site.settings.history, site.kinds, keep_refused)
        try:
            await HistoryWriter(options.kafka, history).run()
        finally:
            await _send_rest(history, options.spool)
            await history.close()
            database.close()
