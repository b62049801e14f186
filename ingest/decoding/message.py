"""One message while the listener works it off, and how much one item of it may hold."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from domain import Reason
from ingest.decoding.refused_items import RefusedItems
from ingest.decoding.unregistered_devices import UnregisteredDevices
from ingest.frame import Frame
from ingest.results import AdapterItem, IngestResult, RawReading, Rejection

FIELDS_MAX: Final = 2_000
"""Of one item: more is refused, or a single object would be 100,000 fields of work without a pause."""


class MessageContext(Struct, gc=False):
    """Its drafts are a `batch`; what they became, what was refused of them, and who of them is not registered."""

    frame: Frame
    batch_size: int
    result: IngestResult
    refused_items: RefusedItems
    unregistered: UnregisteredDevices


def limit_fields(draft: AdapterItem) -> AdapterItem:
    """The draft, or that it holds too much."""
    if type(draft) is RawReading and len(draft.fields) > FIELDS_MAX:
        detail = f"{len(draft.fields)} fields, {FIELDS_MAX} at most"
        return Rejection(Reason.BAD_PAYLOAD, detail, draft.identity, aliases=draft.aliases)
    return draft
