"""Sparkplug B payloads: templates, compression, data types, invalid bytes."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.adapters.sparkplug.payload import METRICS_MAX, apply_datatype, read_payload, shortest_float
from ingest.formats.protobuf import Malformed
from tests.ingest.adapters.sparkplug_messages import boolean, fixed32, fixed64, metric, number, payload, text


def test_a_template_is_its_members_and_a_template_definition_gives_none() -> None:
    inner = text(18, metric("lel_pct", fixed32(12, 3.0), datatype=9) + text(4, "Detector"))
    definition = text(18, metric("lel_pct", fixed32(12, 0.0)) + number(5, 1))
    read = read_payload(payload(metric("kitchen", inner), metric("Detector", definition), metric(None, inner)))

    assert [("kitchen/lel_pct", 3.0), ("lel_pct", 3.0)] == [(metric.name, metric.value) for metric in read.metrics]


def test_the_depth_of_nested_templates_is_bounded() -> None:
    deep = metric("a", boolean(True))
    for _ in range(6):
        deep = metric("a", text(18, deep))

    with pytest.raises(Malformed, match="deep"):
        read_payload(payload(deep))


@pytest.mark.parametrize("pack_up", [zlib.compress, gzip.compress])
def test_a_compressed_payload_is_read(pack_up: Callable[[bytes], bytes]) -> None:
    inner = payload(metric("alarm", boolean(True)), seq=3)
    read = read_payload(text(4, "SPBV1.0_COMPRESSED") + text(5, pack_up(inner)))

    assert (3, [True]) == (read.seq, [metric.value for metric in read.metrics])


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (text(4, "SPBV1.0_COMPRESSED"), "a number where text belongs"),
        (text(4, "SPBV1.0_COMPRESSED") + text(5, b"nothing"), "compressed payload that is none"),
        (text(4, "SPBV1.0_COMPRESSED") + text(5, zlib.compress(b"alarm")[:-2]), "compressed payload cut short"),
        (text(4, "SPBV1.0_COMPRESSED") + text(5, zlib.compress(bytes(5 * 2**20))), "more than 4194304 bytes"),
        (text(1, "yesterday"), "text where a number belongs"),
        (number(2, 7), "a number where text belongs"),
        (payload(metric("a", fixed64(12, 1.0))), "a float of more than 32 bits"),
        (payload(*[text(2, b"")] * (METRICS_MAX + 1)), "more than 20000 metrics"),
        (b"\x00", "a field without a number"),
        (b"\x0b", "wire type 3"),
        (b"\x08\x80", "in the middle of a field"),
        (b"\x08" + b"\xff" * 10, "a number of more than ten bytes"),
        (b"\x0a\x05abc", "in the middle of a field"),
    ],
)
def test_an_invalid_payload_is_refused_with_its_reason(message: bytes, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        read_payload(message)


@pytest.mark.parametrize(
    ("value", "datatype", "means"),
    [
        (number(10, 255), 1, -1),
        (number(10, 0xFFFF_FFFF), 3, -1),
        (number(11, 2**64 - 5), 4, -5),
        (number(10, 200), 5, 200),
        (number(10, 1), 11, True),
        (text(15, "gas"), 12, "gas"),
        (fixed64(13, 312.407), 10, 312.407),
        (text(16, b"\x00"), 17, "(bytes)"),
        (text(17, b""), 16, "(a data set)"),
        (b"", 9, None),
    ],
)
def test_a_value_is_converted_by_its_data_type(value: bytes, datatype: int, means: object) -> None:
    (read,) = read_payload(payload(metric("x", value, datatype=datatype))).metrics

    assert means == apply_datatype(read.value, read.datatype)


@given(st.floats(width=32))
def test_every_float_of_32_bits_comes_back_from_its_shortest_decimal(value: float) -> None:
    (bits,) = (int.from_bytes(pack("<f", value), "little"),)

    assert pack("<f", shortest_float(bits)) == pack("<f", value) or value != value
