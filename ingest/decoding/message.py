"""One message while its items are processed, and the limit of fields in one item."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from domain import RefusalReason
from ingest.decoding.refused_items import RefusedItems
from ingest.decoding.unregistered_devices import UnregisteredDevices
from ingest.frame import Frame
from ingest.results import AdapterItem, IngestResult, RawReading, Rejection

FIELDS_MAX: Final = 2_000
"""In one item. An item with more is refused, or one object could be 100,000 fields of work without a pause."""


class MessageContext(Struct, gc=False):
    """A message of `batch_size` items, and where its readings, refusals and unregistered devices are collected."""

    frame: Frame
    batch_size: int
    result: IngestResult
    refused_items: RefusedItems
    unregistered: UnregisteredDevices


def limit_fields(item: AdapterItem) -> AdapterItem:
    """The item, or a rejection of a raw reading with more than FIELDS_MAX fields."""
    if type(item) is RawReading and len(item.fields) > FIELDS_MAX:
        detail = f"{len(item.fields)} fields, {FIELDS_MAX} at most"
        return Rejection(RefusalReason.BAD_PAYLOAD, detail, item.identity, aliases=item.aliases)
    return item
