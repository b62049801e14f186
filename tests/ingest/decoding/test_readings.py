"""Raw readings of registered devices: what the platform's own definitions add before they are validated."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC

import msgspec
import pytest

from domain import MINUTE, Device, Identity, RefusalReason
from domain.kind import Kind
from domain.self_tests import LIMIT as TEST_MAX
from ingest.decoding.danger_detection import DangerDetector
from ingest.decoding.decoder import Decoder
from ingest.decoding.device_timezones import DeviceTimezones
from ingest.decoding.fast_path import FastPath
from ingest.decoding.message import MessageContext
from ingest.decoding.plans import Plans
from ingest.decoding.readings import ReadingProcessor
from ingest.decoding.refusals import RefusalBuilder
from ingest.decoding.refused_items import RefusedItems
from ingest.decoding.state import DecoderState
from ingest.decoding.unmapped_fields import UnmappedFields
from ingest.decoding.unregistered_devices import UnregisteredDevices
from ingest.discovery.discovery import Discovery
from ingest.frame import Frame
from ingest.mappings.mapping import MappingBook
from ingest.results import DeviceEventKind, EntityValue, IngestResult, RawReading

NOW = 1_795_269_600_000
DEVICE = Device("gas-1", "gas_alarm")


class Processing:
    """A processor with the built-in kinds and mappings, and the result of one message."""

    def __init__(self, kinds: dict[str, Kind], books: list[MappingBook]) -> None:
        danger = DangerDetector(kinds, books)
        state = DecoderState(Discovery())
        builder = RefusalBuilder(danger, lambda *_: DEVICE, 100)
        unmapped, fast_path = UnmappedFields(danger, 10), FastPath()
        timezones = DeviceTimezones(UTC, {})
        self.processor = ReadingProcessor(state, Plans(kinds, books), timezones, builder, unmapped, fast_path)
        frame = Frame("t", b"", NOW, "bulk")
        refused = RefusedItems(builder, "homeassistant", frame)
        unregistered = UnregisteredDevices(danger, state.discovery.hints)
        self.message = MessageContext(frame, 1, IngestResult(), refused, unregistered)

    def process(self, raw_reading: RawReading, device: Device = DEVICE) -> None:
        self.processor.process(raw_reading, device, self.message)

    def refusals(self) -> list[tuple[RefusalReason, bool]]:
        return [(refusal.reason, refusal.danger) for refusal in self.message.refused_items.refusals(set())]


def test_the_value_of_a_defined_entity_becomes_a_quantity(kinds: dict[str, Kind], books: list[MappingBook]) -> None:
    processing = Processing(kinds, books)
    value = EntityValue(("binary_sensor.gas", "gas"), True, two_state=True)
    processing.process(RawReading("homeassistant", "gas-1", NOW, {}, entity_values=(value,)))

    assert [{"alarm": True}] == [reading.values for reading in processing.message.result.readings]
    assert [] == processing.refusals()


def test_an_entity_value_with_a_problem_is_refused_and_the_device_is_alive(
    kinds: dict[str, Kind], books: list[MappingBook]
) -> None:
    processing = Processing(kinds, books)
    value = EntityValue(("gas",), problem="no template", danger=True)
    processing.process(RawReading("homeassistant", "gas-1", NOW, {}, entity_values=(value,)))

    assert [(RefusalReason.BAD_VALUE, True)] == processing.refusals()
    assert [(DeviceEventKind.LIFE, "gas-1")] == [
        (event.kind, event.device) for event in processing.message.result.events
    ]


def test_a_device_of_an_unknown_kind_is_refused(kinds: dict[str, Kind], books: list[MappingBook]) -> None:
    processing = Processing(kinds, books)
    processing.process(RawReading("native", "r", NOW, {"alarm": True}), Device("r", "robot"))

    assert [(RefusalReason.NO_MAPPING, True)] == processing.refusals()


def test_a_repeated_reading_is_counted_as_a_duplicate(kinds: dict[str, Kind], books: list[MappingBook]) -> None:
    processing = Processing(kinds, books)
    for _ in range(2):
        processing.process(RawReading("native", "gas-1", NOW, {"alarm": True}, 5, retained=True))

    assert (1, 1) == (len(processing.message.result.readings), processing.message.result.duplicates)


@pytest.mark.parametrize("platform", ["native", "wmbusmeters"])
def test_an_ordinary_message_ends_a_self_test(build_decoder: Callable[..., Decoder], platform: str) -> None:
    device = Device("smoke-1", "smoke_alarm", identities=(Identity("wmbusmeters", "12345678"),))
    decoder = build_decoder(device)
    topic = "fengshao/v1/smoke-1/up" if platform == "native" else "wmbusmeters/12345678"

    def is_test(minutes: int, **values: object) -> bool:
        received = NOW + minutes * MINUTE
        body = values if platform == "native" else {"id": "12345678", "_": "telegram", **values}
        (reading,) = decoder.decode([Frame(topic, msgspec.json.encode(body), received, "bulk")]).readings
        return reading.is_test

    began, limit = is_test(0, alarm=False), TEST_MAX // MINUTE
    assert [False, True, False, True] == [
        began, is_test(1, test=True), is_test(2, alarm=False), is_test(3 + limit, test=True)
    ]  # fmt: skip
