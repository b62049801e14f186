"""One codec in one context: results, errors, hostile code."""

from __future__ import annotations

import pytest

from ingest.codecs import CodecFailed, DecodeCall, Decoded
from ingest.codecs.quickjs_engine import InvalidCodec, QuickJsEngine
from ingest.codecs.runtime import CodecRuntime
from tests.ingest.codecs.codec_calls import HEALTHY, NOW, call, decode

HOSTILE = {
    "an endless loop": ("for (;;) {}", "stopped after 20 ms"),
    "an endless loop that catches what stops it": (
        "for (;;) { try { for (;;) {} } catch (e) {} }",
        "stopped after 20 ms",
    ),
    "an endless loop in a finally": ("try { for (;;) {} } finally { for (;;) {} }", "stopped after 20 ms"),
    "a gigabyte at once": ("return {x: new Uint8Array(1 << 30).length}", "more than 8 MB"),
    "a gigabyte piece by piece": ("var a = []; for (;;) a.push(new Uint8Array(1 << 16));", "more than 8 MB"),
    "a text of a gigabyte": ("return {x: 'x'.repeat(1 << 29).length}", "more than 8 MB"),
    "a regex bomb": ("return {x: /^(a+)+$/.test('a'.repeat(40) + 'b')}", "stopped after 20 ms"),
    "deep recursion": ("function f() { return f() + 1; } return {x: f()}", "call stack size exceeded"),
    "a proxy that never answers": (
        "return new Proxy({}, {ownKeys: function () { for (;;) {} }})",
        "stopped after 20 ms",
    ),
    "an error that never tells": ("throw {toString: function () { for (;;) {} }}", "stopped after 20 ms"),
    "a throw": ("var x = null;\nreturn x.y;", "TypeError: cannot read property 'y' of null (line 2)"),
    "a thrown text": ("throw 'nothing fits'", "threw nothing fits"),
    "a thrown symbol": ("throw Symbol('x')", "threw Symbol(x)"),
    "a number": ("return 7", "Decoder gave number for data"),
    "nothing": ("return null", "Decoder gave null for data"),
    "an array": ("return [1]", "Decoder gave an array for data"),
    "what says it is a number": ("return {toJSON: function () { return 5; }}", "Decoder gave no plain object"),
    "a cycle": ("var a = {}; a.a = a; return a;", "circular reference"),
    "a result of megabytes": ("return {x: 'y'.repeat(100000)}", "at most 65536 are taken"),
    "a whole number of any size": ("return {x: 5n}", "TypeError"),
    "a file": ("return {x: require('fs').readFileSync('/etc/passwd')}", "require is not defined"),
    "the network": ("return {x: fetch('http://localhost')}", "fetch is not defined"),
    "the process": ("return {x: process.env}", "process is not defined"),
    "the engine's own libraries": (
        "return {x: typeof std === 'undefined' && typeof os === 'undefined' ? y : 1}",
        "y is not defined",
    ),
    "the memory of others": ("return {x: new SharedArrayBuffer(1 << 30)}", "more than 8 MB"),
    "what comes later": ("return Promise.resolve({leak: 1})", "Decoder gave a promise: write it without async"),
    "half a character": ("throw '\\ud800'", "'utf-8' codec"),
}


@pytest.mark.parametrize(("body", "reason"), [pytest.param(*item, id=name) for name, item in HOSTILE.items()])
def test_this_codec_fails_with_its_reason_and_the_next_message_is_decoded(
    body: str, reason: str, codecs: CodecRuntime
) -> None:
    hostile = call(f"function Decoder(bytes, port) {{ {body} }}")
    faulty, good, second = codecs.decode([hostile, DecodeCall(HEALTHY, b"abc", 1, NOW), hostile])

    assert isinstance(faulty, CodecFailed)
    assert reason in faulty.detail
    assert Decoded({"n": 3}) == good
    assert faulty == second


def test_the_same_message_gives_the_same_fields_whenever_it_is_decoded(codecs: CodecRuntime) -> None:
    source = """function Decoder() {
      return {a: new Date().toISOString(), b: Date.now(), c: new Date(2026, 0, 1).toISOString(), d: Math.random(),
              e: new Date(0).getTimezoneOffset(), f: typeof performance,
              g: new Date(5) instanceof Date, h: Date().length > 9};
    }"""
    outcome = decode(codecs, source)

    assert isinstance(outcome, Decoded)
    assert outcome.fields == {
        "a": "2026-01-01T00:01:00.000Z",
        "b": NOW,
        "c": "2026-01-01T00:00:00.000Z",
        "d": 0.5,
        "e": 0,
        "f": "undefined",
        "g": True,
        "h": True,
    }


def test_a_number_that_json_cannot_write_is_not_taken_for_an_absent_one(codecs: CodecRuntime) -> None:
    outcome = decode(codecs, "function Decoder() { return {a: NaN, b: null, c: 1 / 0}; }")

    assert Decoded({"a": "NaN", "b": None, "c": "Infinity"}) == outcome


def test_errors_and_warnings_follow_ts013(codecs: CodecRuntime) -> None:
    content = """function decodeUplink(input) {
      return input.bytes[0] ? {errors: ['a', 'b'], data: {}} : {warnings: ['w'], data: {x: 1}};
    }"""

    assert CodecFailed("made.js: a; b") == decode(codecs, content)
    assert CodecFailed("made.js: a b", partial_fields={"x": 1}) == decode(
        codecs, "function decodeUplink() { return {errors: ['a\\nb'], data: {x: 1}}; }"
    )
    assert Decoded({"x": 1}, ["w"]) == decode(codecs, content, b"\0")
    assert CodecFailed("made.js: decodeUplink gave undefined for data") == decode(
        codecs, "function decodeUplink() { return {errors: []}; }"
    )
    assert CodecFailed("made.js: decodeUplink gave undefined") == decode(codecs, "function decodeUplink() {}")
    assert Decoded({}) == decode(codecs, "function decodeUplink() { return {}; }")
    assert CodecFailed("made.js: decodeUplink gave no data: unknown port") == decode(
        codecs, "function decodeUplink() { return {warnings: ['unknown port']}; }"
    )


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("let x = 1;\nlet y = (;", "SyntaxError: unexpected token in expression: ';' (line 2)"),
        ("function encode() {}", "it defines none of decodeUplink, Decode, Decoder and rawDataToProtocol"),
        ("throw new Error('no')", "Error: no (line 1)"),
        ("for (;;) {}", "stopped after 500 ms"),
        ("var a = []; for (;;) a.push({})", "wanted more than 8 MB of memory"),
    ],
)
def test_a_file_that_is_no_codec_is_refused_with_its_line(source: str, why: str) -> None:
    with pytest.raises(InvalidCodec) as fault:
        QuickJsEngine(source)

    assert why in str(fault.value)


def test_the_engine_is_the_same_in_our_own_process() -> None:
    engine = QuickJsEngine(
        """export function Decoder(bytes) {
          if (bytes[0] === 1) { for (;;) {} }
          if (bytes[0] === 2) { return {x: new Uint8Array(1 << 30)}; }
          if (bytes[0] === 3) { throw new Error("the sensor is out of memory"); }
          return {x: bytes.length};
        }"""
    )

    assert [
        '={"x":2}',
        "?stopped after 20 ms",
        "?wanted more than 8 MB of memory",
        "!Error: the sensor is out of memory (line 4)",
        '={"x":1}',
    ] == [engine.decode(data, 1, NOW) for data in (b"\0\xff", b"\1", b"\2", b"\3", b"\0")]
