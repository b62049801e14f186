"""Calls of codecs: failures, suspension, replacement of the registry."""

from __future__ import annotations

from domain import MINUTE
from ingest.codecs import CodecFailed, DecodeCall, Decoded
from ingest.codecs.process import CodecProcess
from ingest.codecs.registry import BindingBook, build_registry, describe_changes, make_codec
from ingest.codecs.runtime import CodecRuntime, parse_answer
from tests.ingest.codecs.codec_calls import HEALTHY, NOW, call, decode


def test_a_codec_works_again_after_it_failed(codecs: CodecRuntime) -> None:
    source = "var calls = 0; function Decoder(bytes) { if (bytes[0]) { for (;;) {} } calls++; return {calls: calls}; }"
    outcomes = codecs.decode([call(source, data) for data in (b"\0", b"\0", b"\1", b"\0")])

    assert [{"calls": 1}, {"calls": 1}, None, {"calls": 1}] == [
        getattr(outcome, "fields", None) for outcome in outcomes
    ]


def test_a_codec_that_hits_its_limits_repeatedly_is_suspended_for_a_minute_of_message_time(
    codecs: CodecRuntime,
) -> None:
    source = "function Decoder(bytes) { for (; bytes[0];) {} return {}; }"
    together = codecs.decode([call(source)] * 5)

    assert ["stopped"] * 3 + ["rests"] * 2 == [
        "rests" if "rests" in item.detail else "stopped" for item in together if isinstance(item, CodecFailed)
    ]
    assert isinstance(decode(codecs, source, b"\0", NOW + MINUTE - 1), CodecFailed)
    assert Decoded({"n": 1}) == codecs.decode([DecodeCall(HEALTHY, b"a", 1, NOW)])[0]
    assert Decoded({}) == decode(codecs, source, b"\0", NOW + MINUTE)


def test_messages_of_an_unusable_file_are_refused_with_the_reason(codecs: CodecRuntime) -> None:
    assert CodecFailed("made.js: unusable: ReferenceError: x is not defined (line 1)") == decode(codecs, "x.y")
    assert "x is not defined" in (codecs.load_error(make_codec("made.js", b"x.y")) or "")
    assert codecs.load_error(HEALTHY) is None


def test_an_unreadable_answer_is_a_failure() -> None:
    assert CodecFailed("a: its result cannot be read") == parse_answer("a", "={")


def test_changes_are_described_and_the_next_message_is_decoded_by_the_new_file(codec_process: CodecProcess) -> None:
    old = build_registry({"a.js": b"function Decoder() { return {v: 1}; }", "b.js": b""}, BindingBook())
    new = build_registry({"a.js": b"function Decoder() { return {v: 2}; }", "c.js": b""}, BindingBook())
    codecs = CodecRuntime(old, codec_process)
    content = []
    for shelf in (old, new):
        codecs.registry = shelf
        codec = codecs.find("A")
        assert codec is not None
        content += codecs.decode([DecodeCall(codec, b"", 1, NOW)])

    assert [Decoded({"v": 1}), Decoded({"v": 2})] == content
    assert ["a.js", "c.js", "b.js"] == [line.partition(":")[0] for line in describe_changes(old, new)]
