"""Dangers in messages that cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from domain import Device, RefusalReason
from domain.kind import Kind
from ingest.decoding.danger_detection import DangerDetector
from ingest.decoding.decoder import Decoder
from ingest.frame import Frame
from ingest.mappings.mapping import MappingBook
from tests.ingest.decoding.native_messages import GAS, NOW, native_frames, refusal_reasons


@pytest.mark.parametrize("leaf", ["up", "alarm"])
def test_broken_bytes_with_an_alarm_in_them_are_a_danger(decoder: Decoder, leaf: str) -> None:
    frame = Frame(f"fengshao/v1/gas-1/{leaf}", b'{"lel_pct": 3, "alarm" : true, "co', NOW, "bulk")

    assert [(RefusalReason.BAD_PAYLOAD, True)] == refusal_reasons(decoder.decode([frame]))


def test_broken_bytes_are_a_danger_only_on_the_alarm_topic(decoder: Decoder) -> None:
    result = decoder.decode([Frame(f"fengshao/v1/gas-1/{leaf}", b"\xff\xfe", NOW, "bulk") for leaf in ("up", "alarm")])

    assert [(RefusalReason.BAD_PAYLOAD, False), (RefusalReason.BAD_PAYLOAD, True)] == refusal_reasons(result)


@pytest.mark.parametrize(
    "payload",
    [b'{"alarm":"maybe","lel_pct":3}', b'{"alarm":true', b'[{"alarm":tru},5]', b'[{"alarm":"x"},5]'],
)
def test_a_danger_in_unreadable_bytes_is_reported_for_the_device_that_sent_it(decoder: Decoder, payload: bytes) -> None:
    refused = decoder.decode([Frame("fengshao/v1/gas-1/alarm", payload, NOW, "bulk")]).refusals

    assert all(GAS == each.device for each in refused)
    assert any(each.danger for each in refused)


def test_a_garbled_message_of_a_device_under_test_is_no_danger(decoder: Decoder) -> None:
    assert [False] == [
        each.danger for each in decoder.decode(native_frames("gas-1", {"test": True, "alarm": "x"})).refusals
    ]


@pytest.mark.parametrize("payload", [b'{"alarm":true,"co', b'{"test":false,"alarm":true}', b'[{"alarm":true}, 5]'])
def test_an_exercise_is_no_danger_whatever_it_says(decoder: Decoder, payload: bytes) -> None:
    """Who may publish exercises only calls nobody."""
    frame = Frame("fengshao/v1/gas-1/exercise", payload, NOW, "bulk")

    assert not decoder.has_danger(frame)
    result = decoder.decode([frame])
    assert (result.readings, any(refusal.danger for refusal in result.refusals)) == ([], False)
    assert len(result.events) + len(result.refusals) == 1


def test_a_garbled_door_that_is_open_is_no_danger_and_a_garbled_cover_is(build_decoder: Callable[..., Decoder]) -> None:
    result = build_decoder(Device("door-1", "door"), Device("lid-1", "manhole")).decode(
        [Frame(f"fengshao/v1/{name}/up", b'{"opened":true', NOW, "bulk") for name in ("door-1", "lid-1", "who")]
    )

    assert [False, True, False] == [refusal.danger for refusal in result.refusals]


def kind_of(**quantities: dict[str, Any]) -> Kind:
    named = {name: {"name": {"zh": name, "en": name}, **about} for name, about in quantities.items()}
    about = {"kind": "thing", "name": {"zh": "物", "en": "Thing"}, "urgent": True, "report_every": "1h"}
    return Kind.model_validate({**about, "quantities": named})


def test_the_guessed_kind_is_the_one_that_has_most_of_the_fields(
    kinds: dict[str, Kind], books: list[MappingBook]
) -> None:
    suspicion = DangerDetector(kinds, books)
    assert "gas_alarm" == suspicion.guess_kind("native", {"alarm": True, "lel_pct": 3, "zzz": 1})
    assert suspicion.guess_kind("native", {"alarm": True}) is suspicion.guess_kind("native", {"zzz": 1}) is None


def test_without_a_danger_in_any_kind_no_message_is_dangerous() -> None:
    quiet = kind_of(level={"type": "number"})
    frame = Frame("zigbee2mqtt/x", b'{"alarm": true', 0, "bulk")
    assert not DangerDetector({"thing": quiet}, []).in_unreadable(frame, RefusalReason.BAD_PAYLOAD)
