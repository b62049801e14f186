"""Times in and out."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from msgspec import Struct

from console.timestamps import Timestamp, encode_json, format_time, parse_time, to_schema

SHANGHAI = ZoneInfo("Asia/Shanghai")
T0 = 1_795_269_903_123  # 2026-11-21T22:05:03.123+08:00


def test_an_instant_is_written_with_milliseconds_and_the_sites_offset() -> None:
    assert format_time(T0, SHANGHAI) == "2026-11-21T22:05:03.123+08:00"


def test_a_change_of_the_clocks_and_an_old_offset_with_seconds_are_written_right() -> None:
    berlin, back = ZoneInfo("Europe/Berlin"), 1_792_890_000_000  # 2026-10-25T01:00:00Z: summer time ends

    assert format_time(back - 1, berlin) == "2026-10-25T02:59:59.999+02:00"
    assert format_time(back, berlin) == "2026-10-25T02:00:00.000+01:00"
    assert format_time(-2_500_000_000_000, SHANGHAI) == "1890-10-11T19:33:20.000+00:00"
    assert format_time(-1, ZoneInfo("UTC")) == "1969-12-31T23:59:59.999+00:00"


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-21T22:05:03.123+08:00",
        "2026-11-21T14:05:03.123Z",
        "2026-11-21t14:05:03.123z",
        "2026-11-21T22:05:03.123",
        "2026-11-21 22:05:03.123+08:00",
        "2026-11-21T22:05:03.123 08:00",
        "2026-11-21T09:05:03.123-05:00",
        "2026-11-21T22:05:03.123456+08:00",
    ],
)
def test_every_spelling_of_a_time_is_the_same_instant(written: str) -> None:
    assert parse_time(written, SHANGHAI) == T0


@pytest.mark.parametrize(
    "written", ["yesterday", "", "2026-13-41T00:00:00Z", "12", "2026-11-21", "2026-11-21T25:00:00Z"]
)
def test_a_text_that_is_no_time_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="not a time"):
        parse_time(written, SHANGHAI)


class Part(Struct, frozen=True):
    at: Timestamp
    name: str


class Whole(Struct, frozen=True):
    opened_at: Timestamp
    late_ms: int
    next_step_at: Timestamp | None
    told: list[Part]
    value: int | float | bool
    stale_at: bool
    attributes: dict[str, int | str]


PLAIN: dict[str, Any] = {
    "opened_at": T0,
    "late_ms": 5,
    "next_step_at": None,
    "told": [{"at": T0, "name": "张三"}],
    "value": 24,
    "stale_at": True,
    "attributes": {"installed_at": 7, "at": 8},
}


def test_only_fields_declared_as_times_are_encoded_as_times() -> None:
    text = "2026-11-21T22:05:03.123+08:00"
    expected = {**PLAIN, "opened_at": text, "told": [{"at": text, "name": "张三"}]}
    assert expected == msgspec.json.decode(encode_json(to_schema(Whole, PLAIN), SHANGHAI))


def test_a_response_is_decoded_to_the_same_values() -> None:
    whole = to_schema(Whole, PLAIN)
    assert whole == to_schema(Whole, msgspec.json.decode(encode_json(whole, SHANGHAI)))
    assert msgspec.to_builtins(whole, enc_hook=int) == PLAIN


def test_a_type_that_no_response_may_hold_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="ZoneInfo has no place in a response"):
        encode_json({"zone": SHANGHAI}, SHANGHAI)
    with pytest.raises(msgspec.ValidationError, match=r"Expected `int`, got `str` - at `\$.late_ms`"):
        to_schema(Whole, {**PLAIN, "late_ms": "5"})


def test_only_times_have_a_decoder() -> None:
    with pytest.raises(msgspec.ValidationError, match="no way to read a complex"):
        to_schema(complex, "1")
