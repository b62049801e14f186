"""State of a decoder that survives a restart: duplicate windows, redelivery, Sparkplug, discovery, earlier messages."""

from __future__ import annotations

from msgspec import Struct, field

from ingest.adapters.sparkplug.state import SparkplugState
from ingest.decoding.duplicates import DuplicateWindow
from ingest.decoding.earlier_messages import EarlierMessages
from ingest.decoding.redelivery import RedeliveryFilter
from ingest.discovery.discovery import Discovery


class DecoderState(Struct):
    """All that decoding one frame may change for the frames after it. `duplicates` is by device id."""

    discovery: Discovery
    duplicates: dict[str, DuplicateWindow] = field(default_factory=dict)
    redelivery: RedeliveryFilter = field(default_factory=RedeliveryFilter)
    sparkplug: SparkplugState = field(default_factory=SparkplugState)
    earlier: EarlierMessages = field(default_factory=EarlierMessages)
