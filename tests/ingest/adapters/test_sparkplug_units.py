"""Sparkplug B: units that a birth defines."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ingest.decoding.decoder import Decoder
from ingest.formats.protobuf import write_number, write_text
from tests.ingest.adapters.defined_platforms import NOW, device_of_kind, frame_at, values


def metric(name: str, value: int, unit_key: str = "", unit: object = None, alias: int = 0) -> bytes:
    """A whole number with one property; its datatype is Int32."""
    properties = b""
    if unit_key:
        content = write_text(8, unit) if isinstance(unit, str) else write_number(3, 7)
        properties = write_text(
            9, write_text(1, "other") + write_text(1, unit_key) + write_text(2, b"") + write_text(2, content)
        )
    name_field = write_text(1, name) if name else b""
    return write_text(
        2,
        name_field
        + (write_number(2, alias) if alias else b"")
        + write_number(4, 3)
        + write_number(10, value)
        + properties,
    )


def birth(*metrics: bytes, seq: int = 0) -> bytes:
    return write_number(1, NOW) + b"".join(metrics) + write_number(3, seq)


@pytest.mark.parametrize(
    ("key", "unit", "expected"),
    [
        ("engUnit", "L", 98.765),
        ("Engineering Units", " L ", 98.765),
        ("unit", "m³", 98_765),
        ("engUnit", 5, 98_765),
        ("comment", "L", 98_765),
    ],
)
def test_a_birth_defines_the_unit_of_later_values(
    build_decoder: Callable[..., Decoder], key: str, unit: object, expected: float
) -> None:
    decoder = build_decoder(device_of_kind("water_meter", "sparkplug", "estate/edge/wm"))
    born = metric("volume_m3", 98_765, key, unit, alias=7)
    decoder.decode([frame_at("spBv1.0/estate/NBIRTH/edge", birth(metric("bdSeq", 1)))])

    first = decoder.decode([frame_at("spBv1.0/estate/DBIRTH/edge/wm", birth(born, seq=1))])
    again = build_decoder(device_of_kind("water_meter", "sparkplug", "estate/edge/wm"))
    again.restore(decoder.snapshot())
    second = again.decode([frame_at("spBv1.0/estate/DDATA/edge/wm", birth(metric("", 98_765, alias=7), seq=2), 1_000)])

    assert [{"volume_m3": expected}] == values(first)
    assert [{"volume_m3": expected}] == values(second)[:1] or [] == values(second)
    assert [] == second.refusals


def test_an_unknown_unit_of_a_birth_is_refused(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder(device_of_kind("water_meter", "sparkplug", "estate/edge/wm"))
    decoder.decode([frame_at("spBv1.0/estate/NBIRTH/edge", birth(metric("bdSeq", 1)))])

    result = decoder.decode(
        [frame_at("spBv1.0/estate/DBIRTH/edge/wm", birth(metric("volume_m3", 5, "engUnit", "parsec"), seq=1))]
    )

    assert ([], "'parsec' is no unit we know" in result.refusals[0].detail) == (values(result), True)
