"""The process of the codecs is ended and restarted when a call exceeds every limit."""

from __future__ import annotations

from domain import MINUTE
from ingest.codecs import CodecFailed, DecodeCall, Decoded
from ingest.codecs.process import CodecProcess
from ingest.codecs.runtime import CodecRuntime
from tests.ingest.codecs.codec_calls import HEALTHY, NOW, call, decode

NATIVE_LOOP = (
    "function Decoder(bytes) { if (bytes[0]) { var a = []; a.length = 4294967295; a.reverse(); } return {ok: 1}; }"
)


def test_a_loop_that_no_engine_limit_stops_is_ended_with_its_process(codec_process: CodecProcess) -> None:
    """Array.prototype.reverse never checks the time limit: only the kernel can end it."""
    codecs, before = CodecRuntime(process=codec_process), codec_process.start_count
    faulty, healthy = call(NATIVE_LOOP), call(NATIVE_LOOP, b"\0")
    first, other, killed, rested = codecs.decode([healthy, DecodeCall(HEALTHY, b"a", 1, NOW), faulty, healthy])

    assert [Decoded({"ok": 1}), Decoded({"n": 1})] == [first, other]
    assert isinstance(killed, CodecFailed)
    assert isinstance(rested, CodecFailed)
    assert ("ended with its process" in killed.detail, "rests" in rested.detail) == (True, True)
    assert codec_process.start_count <= before + 3
    assert [CodecFailed, Decoded] == [
        type(decode(codecs, NATIVE_LOOP, b"\0", at)) for at in (NOW + MINUTE - 1, NOW + MINUTE)
    ]
