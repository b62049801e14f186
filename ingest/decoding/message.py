"""One message while the listener works it off, and how much one item of it may hold."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from domain import Reason
from ingest.adapters import Said
from ingest.decoding.refused_items import RefusedItems
from ingest.decoding.unregistered_devices import Unregistered
from ingest.frame import Frame
from ingest.results import Draft, Heard, Rejected

FIELDS_MAX: Final = 2_000
"""Of one item: more is refused, or a single object would be 100,000 fields of work without a pause."""


class Message(Struct, gc=False):
    """Its drafts are a `batch`; what they became, what was refused of them, and who of them is not registered."""

    frame: Frame
    batch: int
    heard: Heard
    refused: RefusedItems
    unregistered: Unregistered


def bounded(draft: Said) -> Said:
    """The draft, or that it holds too much."""
    if type(draft) is Draft and len(draft.fields) > FIELDS_MAX:
        detail = f"{len(draft.fields)} fields, {FIELDS_MAX} at most"
        return Rejected(Reason.BAD_PAYLOAD, detail, draft.identity, also=draft.also)
    return draft
