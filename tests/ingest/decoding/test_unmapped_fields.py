"""Fields without a quantity are counted, and a danger among them is refused by name."""

from __future__ import annotations

from domain import RefusalReason
from domain.kind import Kind
from ingest.decoding.decoder import Decoder, DecoderSettings
from ingest.decoding.device_index import DeviceIndex
from ingest.mappings.mapping import MappingBook
from tests.ingest.decoding.native_messages import GAS, native_frames, refusal_reasons


def test_a_danger_that_a_kind_does_not_have_is_refused_by_name_and_the_rest_is_read(decoder: Decoder) -> None:
    result = decoder.decode(
        native_frames("gas-1", {"lel_pct": 3, "sos": True}, {"sos": True}, {"sos": False, "lel_pct": 4})
    )

    assert [3, 4] == [reading.values["lel_pct"] for reading in result.readings]
    assert [(RefusalReason.NO_MAPPING, True), (RefusalReason.NO_MAPPING, True)] == refusal_reasons(result)
    assert {("native", "gas_alarm", "sos"): 3} == decoder.unmapped_fields


def test_unmapped_fields_are_counted_up_to_a_limit(kinds: dict[str, Kind], books: list[MappingBook]) -> None:
    decoder = Decoder(kinds, books, DecoderSettings(unmapped_max=1))
    decoder.device_index = DeviceIndex([GAS])
    decoder.decode(native_frames("gas-1", {"lel_pct": 3, "a" * 99: 1}, {"lel_pct": 4, "b": 1}))

    assert {("native", "gas_alarm", "a" * 64): 1} == decoder.unmapped_fields
