"""What a town's events open: through the encoders, the service's decoder and its rules, in process, on virtual time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from app.config.catalog import load_active_rulebooks, load_kinds, load_mappings
from domain import Finding, Instant
from domain.people import community
from ingest.decoding.decoder import Decoder
from ingest.decoding.device_index import DeviceIndex
from rules.engine.engine import Engine
from rules.hosts.replay import ReadingBatch, play
from simulators.events import Batch, Measurement, TimedEvent
from simulators.town.town import Town
from simulators.wire.encoders import MessageEncoder
from tests.simulators.wire.test_encoders_decoded import frames

KINDS = load_kinds()
MAPPINGS = load_mappings(KINDS)
BOOKS = load_active_rulebooks(KINDS)


def findings(
    town: Town, begin: Instant, events: Iterable[TimedEvent], until: Instant, silent: Iterable[str] = ()
) -> list[Finding]:
    """What opens when the devices of these events, and those that are silent, report nothing else."""
    events = list(events)
    reporting = {timed.event.device for timed in events if isinstance(timed.event, Measurement | Batch)}
    concerned = [device for device in town.devices if device.id in reporting | set(silent)]
    known = community(town.places, town.cells, town.people, town.duties)
    engine = Engine(BOOKS, KINDS, known, zone=ZoneInfo(town.timezone))
    opened = list(engine.register(concerned, begin))
    decoder = Decoder(KINDS, MAPPINGS)
    decoder.device_index = DeviceIndex(concerned)

    def received() -> Iterator[ReadingBatch]:
        for sent in MessageEncoder(concerned, begin).send(events):
            result = decoder.decode(frames([sent.message], sent.arrives_at))
            assert [refusal.detail for refusal in result.refusals] == []
            yield ReadingBatch(sent.arrives_at, result.readings)

    return opened + list(play(engine, received(), until))
