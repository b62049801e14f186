"""Codecs of every author's style work as published; a hostile one is contained, and the next message is decoded."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from domain import MINUTE, Device, Fault, Identity, RefusalReason
from ingest.codecs import Codec, CodecFailed, DecodeCall, Decoded
from ingest.codecs.example_runner import ExamplesError, json_equal, run_examples
from ingest.codecs.process import CodecProcess
from ingest.codecs.quickjs_engine import InvalidCodec, QuickJsEngine
from ingest.codecs.registry import Binding, BindingBook, build_registry, check_bindings, describe_changes, make_codec
from ingest.codecs.runtime import CodecRuntime, parse_answer
from ingest.decoding.decoder import Decoder
from ingest.frame import Frame
from ingest.results import DeviceEventKind

FOLDER = Path(__file__).parent
FILES = sorted(path for path in FOLDER.iterdir() if path.suffix in (".js", ".mjs"))
NOW = 1767225660000
LEAK = bytes.fromhex("01755c03673401050001")
HEALTHY = Codec("healthy.js", "function Decoder(bytes) { return {n: bytes.length}; }", "healthy")


def call(source: str, data: bytes = b"\x01", at: int = NOW, port: int = 1) -> DecodeCall:
    return DecodeCall(make_codec("made.js", source.encode()), data, port, at)


def decode(codecs: CodecRuntime, source: str, data: bytes = b"\x01", at: int = NOW) -> Decoded | CodecFailed:
    [outcome] = codecs.decode([call(source, data, at)])
    return outcome


@pytest.fixture(scope="module")
def codec_process() -> Iterator[CodecProcess]:
    process = CodecProcess()
    yield process
    process.close()


@pytest.fixture
def codecs(codec_process: CodecProcess) -> CodecRuntime:
    files = {path.name: path.read_bytes() for path in FILES}
    book = BindingBook.model_validate(yaml.safe_load((FOLDER / "bindings.yaml").read_text()))
    return CodecRuntime(build_registry(files, book), codec_process)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_codec_of_this_style_decodes_its_own_examples(path: Path) -> None:
    results = run_examples(path)

    assert results
    assert [] == [result for result in results if not result.passed]


HOSTILE = {
    "an endless loop": ("for (;;) {}", "stopped after 20 ms"),
    "an endless loop that catches what stops it": (
        "for (;;) { try { for (;;) {} } catch (e) {} }",
        "stopped after 20 ms",
    ),
    "an endless loop in a finally": ("try { for (;;) {} } finally { for (;;) {} }", "stopped after 20 ms"),
    "a gigabyte at once": ("return {x: new Uint8Array(1 << 30).length}", "more than 8 MB"),
    "a gigabyte piece by piece": ("var a = []; for (;;) a.push({}, [], 'x');", "more than 8 MB"),
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


def test_a_codec_works_again_after_it_failed(codecs: CodecRuntime) -> None:
    source = "var calls = 0; function Decoder(bytes) { if (bytes[0]) { for (;;) {} } calls++; return {calls: calls}; }"
    outcomes = codecs.decode([call(source, data) for data in (b"\0", b"\0", b"\1", b"\0")])

    assert [{"calls": 1}, {"calls": 1}, None, {"calls": 1}] == [
        getattr(outcome, "fields", None) for outcome in outcomes
    ]


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


def test_messages_of_an_unusable_file_are_refused_with_the_reason(codecs: CodecRuntime) -> None:
    assert CodecFailed("made.js: unusable: ReferenceError: x is not defined (line 1)") == decode(codecs, "x.y")
    assert "x is not defined" in (codecs.load_error(make_codec("made.js", b"x.y")) or "")
    assert codecs.load_error(HEALTHY) is None


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


def test_an_unreadable_answer_is_a_failure() -> None:
    assert CodecFailed("a: its result cannot be read") == parse_answer("a", "={")


def test_lists_in_examples_are_compared_part_by_part() -> None:
    assert json_equal({"a": [1, {"b": 2.0}]}, {"a": [1, {"b": 2}]})
    assert not json_equal([1, 2], [1])


def uplink(dev_eui: str, data: bytes, port: int = 85, counter: int = 1, **content: object) -> Frame:
    body = {"fPort": port, "fCnt": counter, "data": b64encode(data).decode(), **content}
    return Frame(f"application/a/device/{dev_eui}/event/up", json.dumps(body).encode(), NOW, "bulk")


@pytest.fixture
def ours(listener: Callable[..., Decoder], codecs: CodecRuntime) -> Decoder:
    decoder = listener(
        Device("leak-1", "water_leak", "LK-1", identities=(Identity("chirpstack", "0101010101010101"),)),
        Device("meter-1", "water_meter", "Meter", identities=(Identity("chirpstack", "0202020202020202"),)),
        Device("button-1", "sos_button", None, identities=(Identity("chirpstack", "0303030303030303"),)),
        Device("smoke-1", "smoke_alarm", "SMOKE", identities=(Identity("chirpstack", "0404040404040404"),)),
    )
    decoder.codecs = codecs
    return decoder


def test_raw_bytes_become_readings_by_the_codec_of_the_model(ours: Decoder) -> None:
    meter = bytes.fromhex("39300000190001")
    result = ours.decode(
        [uplink("0101010101010101", LEAK, rxInfo=[{"rssi": -70}]), uplink("0202020202020202", meter, 1)]
    )

    assert [] == result.refusals
    assert [
        ("leak-1", {"rssi_dbm": -70, "battery_pct": 92, "temp_c": 30.8, "leak": True}),
        ("meter-1", {"volume_m3": 12.345, "flow_m3h": 0.25, "leak": True, "burst": False}),
    ] == [(reading.device, reading.values) for reading in result.readings]


def test_a_device_without_a_model_is_decoded_by_the_model_of_its_platform(ours: Decoder) -> None:
    result = ours.decode([uplink("0303030303030303", b"\1", deviceInfo={"deviceProfileName": "Button"})])

    assert [{"sos": True}] == [reading.values for reading in result.readings]


def test_raw_bytes_without_a_codec_are_refused_and_the_other_fields_are_decoded(ours: Decoder) -> None:
    result = ours.decode([uplink("0303030303030303", b"\1"), uplink("0101010101010101", LEAK)])

    assert [RefusalReason.NO_CODEC] == [refusal.reason for refusal in result.refusals]
    assert "button-1 has no model" in result.refusals[0].detail
    assert ["leak-1"] == [reading.device for reading in result.readings]
    ours.codecs = None
    assert [RefusalReason.NO_CODEC] == [
        refusal.reason for refusal in ours.decode([uplink("0101010101010101", LEAK)]).refusals
    ]


def test_a_failing_codec_gives_a_refusal_with_its_error_and_the_bytes(ours: Decoder) -> None:
    result = ours.decode([uplink("0202020202020202", b"\1", 9), uplink("0404040404040404", b"\1", 2)])

    assert [
        (RefusalReason.CODEC_FAILED, "meter.js: Error: no table for this port (line 21)"),
        (RefusalReason.CODEC_FAILED, "smoke.js: 1 bytes on port 2 are too few"),
    ] == [(refusal.reason, refusal.detail) for refusal in result.refusals]
    assert all(b"fPort" in refusal.payload for refusal in result.refusals)


def test_a_danger_beside_a_codec_error_is_reported(
    listener: Callable[..., Decoder], codec_process: CodecProcess
) -> None:
    source = b"function decodeUplink(input) { return {errors: ['cut short'], data: {leak: input.bytes[0] === 1}}; }"
    decoder = listener(Device("leak-3", "water_leak", "Cut", identities=(Identity("chirpstack", "0606060606060606"),)))
    decoder.codecs = CodecRuntime(build_registry({"cut.js": source}, BindingBook()), codec_process)
    result = decoder.decode([uplink("0606060606060606", b"\1"), uplink("0606060606060606", b"\0")])

    assert [] == result.readings
    assert [(RefusalReason.CODEC_FAILED, True), (RefusalReason.CODEC_FAILED, False)] == [
        (refusal.reason, refusal.danger) for refusal in result.refusals
    ]


def test_a_payload_that_measures_nothing_is_a_sign_of_life(ours: Decoder) -> None:
    result = (
        ours.decode([uplink("0101010101010101", b"")]),
        ours.decode([uplink("0101010101010101", b"\x99\1")]),
    )

    assert [DeviceEventKind.LIFE] * 2 == [event.kind for item in result for event in item.events]


def test_raw_bytes_of_an_unregistered_device_are_refused_as_an_unknown_device(ours: Decoder) -> None:
    [refusal] = ours.decode([uplink("9999999999999999", LEAK)]).refusals

    assert RefusalReason.UNKNOWN_DEVICE is refusal.reason


def test_one_payload_may_hold_hours_of_readings(listener: Callable[..., Decoder], codec_process: CodecProcess) -> None:
    source = b"""function decodeUplink(input) { return {data: {leak: false, history: [
      {timestamp: 1767225000, leak: true}, {timestamp: 1767225300, leak: false}]}}; }"""
    decoder = listener(Device("leak-2", "water_leak", "Past", identities=(Identity("chirpstack", "0505050505050505"),)))
    decoder.codecs = CodecRuntime(build_registry({"past.js": source}, BindingBook()), codec_process)
    result = decoder.decode([uplink("0505050505050505", b"\1")])

    assert [(1767225000000, True), (1767225300000, False), (NOW, False)] == [
        (reading.at, reading.values["leak"]) for reading in result.readings
    ]


def test_the_codec_is_among_the_versions(ours: Decoder) -> None:
    assert ours.versions["codec leak.js"] == make_codec("leak.js", (FOLDER / "leak.js").read_bytes()).version


def test_a_model_finds_its_codec_by_the_name_of_the_file_or_by_the_bindings(codecs: CodecRuntime) -> None:
    found = [
        codecs.find("LEAK"),
        codecs.find("lk 2"),
        codecs.find(None, "Pulse Counter 10 L"),
        codecs.find("x"),
        codecs.find(),
    ]

    assert ["leak.js", "leak.js", "pulse.js", None, None] == [codec and codec.name for codec in found]


def test_the_cache_of_model_lookups_is_bounded() -> None:
    shelf = build_registry({"a": b"", "b.js": b""}, BindingBook(codecs={"gone.js": Binding(models=["B"])}))
    codecs = [shelf.find(f"model {number}", "B") for number in [*range(10_001), 0]]

    assert {"b.js"} == {codec.name for codec in codecs if codec}
    assert shelf.find("a") is shelf.codecs[0]


def test_invalid_bindings_are_reported_at_their_position() -> None:
    book = BindingBook(codecs={"a.js": Binding(models=["M-1"]), "b.js": Binding(models=["m1"]), "c.js": Binding()})

    assert [
        Fault(("codecs", "b.js", "models", 0), "'m1' is bound to a.js already: name one of them"),
        Fault(("codecs", "c.js"), "there is no such file beside bindings.yaml: there is a.js, b.js"),
    ] == check_bindings(["a.js", "b.js"], book)


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


def test_a_failed_example_is_reported_with_its_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("function Decoder(b) { return {x: b[0]}; }")
    with pytest.raises(ExamplesError, match=r"a_examples\.yaml"):
        run_examples(tmp_path / "a.js")
    (tmp_path / "a_examples.yaml").write_text(
        "examples:\n  - {name: right, bytes: '01', data: {x: 1}}\n  - {name: wrong, bytes: '02', data: {x: 3}}\n"
    )
    right, wrong = run_examples(tmp_path / "a.js")

    assert right.passed
    assert (False, 3, "wrong", '{"x":3}', '{"x":2}') == (
        wrong.passed,
        wrong.line,
        wrong.name,
        wrong.expected,
        wrong.actual,
    )


def test_an_example_may_expect_a_failure_or_warnings(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("function decodeUplink(i) { return {data: {}, warnings: ['low']}; }")
    (tmp_path / "a_examples.yaml").write_text(
        "examples:\n  - {name: a, bytes: '01', data: {}, warnings: [low]}\n"
        "  - {name: b, bytes: '01', data: {}, warnings: []}\n  - {name: c, bytes: '01', fails: ''}\n"
    )
    results = run_examples(tmp_path / "a.js")

    assert [True, False, False] == [result.passed for result in results]
    assert ["{}", "a failure"] == [result.expected for result in results[1:]]
    assert "{} with warnings ['low']" == results[1].actual


def test_examples_are_found_one_folder_above_as_the_things_network_stores_them(tmp_path: Path) -> None:
    (tmp_path / "payload").mkdir()
    (tmp_path / "payload" / "a.js").write_text("function decodeUplink(i) { return {data: {t: i.recvTime, n: 0 / 0}}; }")
    (tmp_path / "x.yaml").write_text("uplinkDecoder: {fileName: payload/b.js}")
    (tmp_path / "a-codec.yaml").write_text(
        "uplinkDecoder:\n  fileName: payload/a.js\n  examples:\n    - description: a time\n"
        "      input: {fPort: 1, bytes: [1], recvTime: 2020-08-02T20:00:00.000+05:00}\n"
        "      output: {data: {t: '2020-08-02T15:00:00.000Z', n: null}, warnings: []}\n"
    )
    [result] = run_examples(tmp_path / "payload" / "a.js")

    assert (True, 4, "a time") == (result.passed, result.line, result.name)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("examples:\n  - {name: a, bytes: 0175, data: {}}", "_examples.yaml:2: bytes: 125 is neither a list nor hex"),
        ("examples:\n  - {name: a, data: {}}", "_examples.yaml:2: 'bytes' is missing"),
        ("examples:\n  - {name: a, bytes: xy, data: {}}", "_examples.yaml:2: non-hexadecimal"),
        ("examples: [", "_examples.yaml: cannot be read"),
        ("examples: 7", "has no examples beside it"),
    ],
)
def test_unreadable_examples_are_reported_with_their_line(text: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("function Decoder() { return {}; }")
    (tmp_path / "a_examples.yaml").write_text(text)
    with pytest.raises(ExamplesError) as fault:
        run_examples(tmp_path / "a.js")

    assert why in str(fault.value)


def test_a_codec_that_keeps_state_is_found_by_running_its_examples_in_reverse(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text(
        "Math.last = 0; function Decoder(b) { var was = Math.was || 0; Math.was = b[0]; return {was: was}; }"
    )
    (tmp_path / "a_examples.yaml").write_text(
        "examples:\n  - {name: a, bytes: '01', data: {was: 0}}\n  - {name: b, bytes: '02', data: {was: 1}}\n"
    )
    failed = [result.name for result in run_examples(tmp_path / "a.js") if not result.passed]

    assert failed
    assert all("the same bytes mean the same" in name for name in failed)


def test_a_file_that_cannot_be_loaded_is_reported_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("// a codec\nfunction Decoder( {")
    (tmp_path / "a_examples.yaml").write_text("examples: [{name: a, bytes: '', fails: ''}]")
    [result] = run_examples(tmp_path / "a.js")

    assert (False, str(tmp_path / "a.js"), 2) == (result.passed, result.file, result.line)
