"""What a refusal holds."""

from __future__ import annotations

from collections.abc import Callable

from domain import Device, RefusalReason
from ingest.decoding.decoder import Decoder
from ingest.frame import Frame
from tests.ingest.decoding.native_messages import NOW, native_frames, refusal_reasons


def test_a_message_that_was_too_large_is_refused_with_its_head(decoder: Decoder) -> None:
    result = decoder.decode([Frame("fengshao/v1/gas-1/up", b'[{"alarm":true},', NOW, "bulk", size=2_000_000)])

    (refusal,) = result.refusals
    assert (RefusalReason.TOO_LARGE, True, "2000000 bytes; only the first 16 were kept") == (
        refusal.reason,
        refusal.danger,
        refusal.detail,
    )


def test_a_kind_without_a_description_is_refused(build_decoder: Callable[..., Decoder]) -> None:
    assert [(RefusalReason.NO_MAPPING, True)] == refusal_reasons(
        build_decoder(Device("x", "robot")).decode(native_frames("x", {"alarm": True}))
    )


def test_nothing_in_a_refusal_breaks_a_database(decoder: Decoder) -> None:
    (refusal,) = decoder.decode([Frame("fengshao/v1/gas-1/up", b'{"\\u0000\\ud800": NaN}', NOW, "bulk")]).refusals

    assert "\x00" not in refusal.detail
    assert refusal.detail.encode()


def test_a_topic_without_a_platform_is_refused_and_its_source_is_mqtt(decoder: Decoder) -> None:
    (refusal,) = decoder.decode([Frame("somebody/else", b"hello", NOW, "bulk")]).refusals

    assert ("mqtt", None, RefusalReason.NO_CODEC) == (refusal.source, refusal.platform, refusal.reason)
