"""Every mapping states its units; a rule without one is named with what to write."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from domain import Device, Identity
from domain.kind import Kind
from ingest.decoding.decoder import Decoder
from ingest.frame import Frame
from ingest.mappings.mapping import MappingBook
from ingest.mappings.missing_units import missing_units
from ingest.mappings.plan import compile_plan

METER = Device("m", "water_meter", identities=(Identity("zigbee2mqtt", "x"),))


def test_every_built_in_mapping_states_its_units(books: list[MappingBook], kinds: dict[str, Kind]) -> None:
    yet = {"any", "chirpstack", "tts"}
    silent = [
        (book.platform, fault.where)
        for book in books
        for fault in missing_units(book, kinds)
        if book.platform not in yet
    ]
    assert [] == silent


def test_a_rule_without_a_unit_is_named_with_the_possible_units(kinds: dict[str, Kind]) -> None:
    book = MappingBook.model_validate(
        {
            "platform": "p",
            "version": 1,
            "fields": {"a": "temp_c", "b": {"to": "battery_pct"}, "c": "ignore", "d": "tamper"},
            "kinds": {
                "water_meter": {
                    "e": [{"to": "volume_m3"}, {"to": "leak", "bit": 1}],
                    "f": {"to": "volume_m3", "scale": 0.001},
                    "g": {"to": "volume_m3", "unit": "stated"},
                },
                "ufo": {"h": "volume_m3"},
            },
            "models": [{"models": ["M"], "kind": "manhole", "fields": {"i": "water_level_mm"}}],
            "spoken": {"every": {"j": {"to": "temp_c", "offset": 0.5}}, "water_meter": {"k": "flow_m3h"}},
        }
    )
    found = {fault.where: fault.message for fault in missing_units(book, kinds)}

    assert [
        ("fields", "a"), ("kinds", "water_meter", "e", 0), ("models", 0, "fields", "i"), ("spoken", "water_meter", "k"),
    ] == list(found)  # fmt: skip
    assert "write `unit: m³` (or L" in found["kinds", "water_meter", "e", 0]
    assert "write `unit: °C` (or °F" in found["fields", "a"]


def test_our_own_unit_costs_nothing_and_another_is_converted(kinds: dict[str, Kind]) -> None:
    fields = {"a": {"to": "volume_m3", "unit": "m³"}, "b": {"to": "volume_m3", "unit": "L"}}
    book = MappingBook.model_validate({"platform": "p", "version": 1, "fields": fields})
    specs = compile_plan(kinds["water_meter"], [book], "p").specs
    assert (True, False) == (bool(specs["a"].types), bool(specs["b"].types))


@pytest.mark.parametrize(
    ("payload", "volume_m3", "refused"),
    [
        (b'{"water_consumed": 12.5}', 12.5, None),
        (b'{"water_consumed": "12500 L"}', 12.5, None),
        (
            b'{"water_consumed": "12 parsec"}',
            None,
            "'parsec' is no unit we know: volume_m3 is in m\xc2\xb3; understood are also L",
        ),
        (b'{"water_consumed": 12500, "water_consumed_unit": "l"}', 12.5, None),
    ],
)
def test_an_unknown_unit_is_refused_by_name_with_ours(
    build_decoder: Callable[..., Decoder], payload: bytes, volume_m3: float | None, refused: str | None
) -> None:
    result = build_decoder(METER).decode([Frame("zigbee2mqtt/x", payload, 1_795_904_000_000, "bulk")])
    assert [volume_m3] == [reading.values.get("volume_m3") for reading in result.readings] or volume_m3 is None
    expected = [] if refused is None else [refused.encode("latin-1").decode()]
    details = [refusal.detail.partition(": ")[2].partition(",")[0] for refusal in result.refusals]
    assert expected == details
