"""What published codecs expect of the server that runs them: every style here is from a vendor's file."""

from __future__ import annotations

import json

import pytest

from ingest.codecs import CodecFailed, Decoded
from ingest.codecs.quickjs_engine import InvalidCodec, QuickJsEngine
from ingest.codecs.registry import make_codec
from ingest.codecs.runtime import parse_answer

NOW = 1767225660000

READS = "{ return { data: { n: input.bytes[0], port: input.fPort } }; }"
STYLES = {
    "a byte order mark and Windows lines": f"\ufeff// first line\r\nfunction decodeUplink(input) {READS}\r\n",
    "a zero between quotation marks": f"// \0\nvar zero = '\0'; function decodeUplink(input) {READS}",
    "a comment without an end of line": f"function decodeUplink(input) {READS} // the end",
    "a variable": f"var decodeUplink = function (input) {READS};",
    "a constant and an arrow": "const decodeUplink = ({bytes: [n], fPort: port}) => ({data: {n, port}});",
    "a function that is all a module exports": f"module.exports = function decodeUplink(input) {READS}",
    "an export, guarded for servers that know no modules": (
        f"function read(input) {READS}\nif (typeof module !== 'undefined' && module.exports) "
        "{ module.exports = { decodeUplink: read }; }"
    ),
    "an exported class": f"class Codec {{ decodeUplink(input) {READS} }}\nmodule.exports = Codec;",
    "an exported object of a class": f"class Codec {{ decodeUplink(input) {READS} }}\nexports.default = new Codec();",
    "a module's export": f"export function decodeUplink(input) {READS}",
    "a module's constant": f"  export const decodeUplink = (input) => {READS}",
    "a module's default object": f"const scale = 1;\nexport default {{ decodeUplink(input) {READS} }};",
    "a module's default function": f"export default function decodeUplink(input) {READS}",
    "a module's list": f"function read(input) {READS}\nexport {{ read as decodeUplink }};",
    "a bundle that leaves itself in a variable": (
        f"var driver; (() => {{ var e = {{ exports: {{}} }}; e.exports.decodeUplink = function (input) {READS};"
        " driver = e.exports; })();"
    ),
    "the fields themselves, without `data` around them": (
        "function decodeUplink(input) { return {n: input.bytes[0], port: input.fPort}; }"
    ),
    "the global object": f"this.decodeUplink = function (input) {READS};",
    "the global object by its name": f"globalThis.decodeUplink = function (input) {READS};",
    "a function that calls the older one": (
        "function decodeUplink(input) { return {data: Decoder(input.bytes, input.fPort)}; }\n"
        "function Decoder(bytes, port) { return {n: bytes[0], port: port}; }"
    ),
    "all three names": (
        "function decodeUplink(input) { return {data: read(input.fPort, input.bytes)}; }\n"
        "function Decode(fPort, bytes) { return read(fPort, bytes); }\n"
        "function Decoder(bytes, port) { return read(port, bytes); }\n"
        "function read(port, bytes) { var n = bytes[0]; return {n, port}; }"
    ),
    "a Buffer of its own": (
        "function Buffer(bytes) { this.bytes = bytes; }\n"
        "Buffer.prototype.first = function () { return this.bytes[0]; };"
        "function decodeUplink(input) { return {data: {n: new Buffer(input.bytes).first(), port: input.fPort}}; }"
    ),
    "what can be done to a context only once": (
        "Object.defineProperty(Array.prototype, 'first', {get: function () { return this[0]; }});\n"
        "function decodeUplink(input) { return {data: {n: input.bytes.first, port: input.fPort}}; }"
    ),
    "the input written to JSON and read again": (
        "function decodeUplink(input) { var o = JSON.parse(JSON.stringify(input));"
        "return {data: {n: o.bytes[0], port: o.fPort}}; }"
    ),
    "a date of reception that is a Date": (
        "function decodeUplink(input) { return {data: {n: input.recvTime instanceof Date ? input.bytes[0] : 0,"
        f"port: input.recvTime.getTime() === {NOW} ? input.fPort : 0}}}}; }}"
    ),
    "parts of a list taken out": (
        "function decodeUplink(input) { var b = input.bytes.splice(0, 1);return {data: {n: b[0], port: input.fPort}}; }"
    ),
}


def run(source: str, data: bytes = b"\x07", port: int = 9) -> Decoded | CodecFailed:
    """Run twice, because a file may keep state."""
    engine = QuickJsEngine(make_codec("made.js", source.encode()).source)
    first, second = (parse_answer("made", engine.decode(data, port, NOW)) for _ in range(2))
    assert first == second
    return first


@pytest.mark.parametrize("source", [pytest.param(source, id=name) for name, source in STYLES.items()])
def test_a_file_of_this_style_is_used_as_it_is(source: str) -> None:
    assert Decoded({"n": 7, "port": 9}) == run(source)


@pytest.mark.parametrize("left", ["kept = bytes[0]", "Object.prototype.kept = 1", "module = exports = null"])
def test_globals_of_a_codec_do_not_reach_its_next_message(left: str) -> None:
    source = f"var all = []; function Decoder(bytes) {{ all.push(bytes[0]); {left}; return {{all: all}}; }}"

    assert Decoded({"all": [7]}) == run(source)


def test_a_list_of_measurements_is_accepted_and_other_lists_are_not() -> None:
    listed = [{"variable": "open", "value": True}, {"variable": "battery", "value": 3.6}]

    assert Decoded({"values": listed}) == run(f"exports.decodeUplink = () => ({{data: {json.dumps(listed)}}});")
    for data in ("[]", "[1]", "[null]", "[{}, 7]"):
        outcome = run(f"exports.decodeUplink = () => ({{data: {data}}});")
        assert isinstance(outcome, CodecFailed)
        assert "gave an array for data" in outcome.detail


def test_a_result_of_sixty_thousand_characters_is_accepted_and_a_long_error_reported() -> None:
    """QuickJS stores a long concatenation as a rope, which cannot be returned to Python."""
    outcome = run("function Decoder() { return {a: 'x'.repeat(60000) + 'y'}; }")
    complaint = run("function decodeUplink() { return {errors: ['no'], data: {a: 'x'.repeat(9000)}}; }")

    assert isinstance(outcome, Decoded)
    assert len(str(outcome.fields["a"])) == 60_001
    assert CodecFailed("made: no", partial_fields={"a": "x" * 9000}) == complaint


BUFFERS = {
    "Buffer.from('0aFF0b', 'hex').toJSON().data": [10, 255, 11],
    "Buffer.from('0afz0b', 'hex').length": 1,
    "Buffer.from('AQID-_8', 'base64').toString('hex')": "010203fbff",
    "Buffer.from([1, 2, 3]).toString('base64')": "AQID",
    "Buffer.from('\\u00e9 \\u6f0f').toString('hex')": "c3a920e6bc8f",
    "Buffer.from([0xc3, 0xa9, 0x20, 0xe6, 0xbc, 0x8f, 0xff, 0xe6, 0x41]).toString()": "é 漏\ufffd\ufffdA",
    "Buffer.from([0xf0, 0x9f, 0x9a, 0xa8]).toString('utf-8')": "🚨",
    "Buffer.from([0xc0, 0x80, 0xed, 0xa0, 0x80]).toString().length": 5,
    "Buffer.from([0xe9, 0x41]).toString('latin1') + Buffer.from([0xe9]).toString('ascii')": "éAi",
    "Buffer.from('\\u00e9', 'binary')[0]": 233,
    "new Buffer([1, 2, 3, 4]).readUInt16LE(1)": 0x0302,
    "Buffer.from([255, 254]).readInt16BE()": -2,
    "Buffer.from([1, 2, 3]).readUIntBE(0, 3) + Buffer.from([1, 2, 3]).readUIntLE(0, 3)": 0x010203 + 0x030201,
    "Buffer.from([255, 255, 253]).readIntBE(0, 3) + Buffer.from([254, 255, 255]).readIntLE(0, 3)": -5,
    "Buffer.from([0x41, 0xac, 0, 0]).readFloatBE(0)": 21.5,
    "Number(Buffer.from([0, 0, 0, 0, 0, 0, 1, 0]).readBigUInt64BE(0))": 256,
    "Buffer.concat([Buffer.from([1]), [2, 3]]).slice(1).readUint8(1)": 3,
    "Buffer.alloc(2, 7).equals(Buffer.from([7, 7])) && Buffer.isBuffer(Buffer.allocUnsafe(1))": True,
    "Buffer.byteLength('\\u6f0f')": 3,
    "(function () { var b = Buffer.alloc(4); b.writeInt16BE(-2, b.writeUInt8(1)); return b.toString('hex'); })()": (
        "01fffe00"
    ),
    "(function () { var b = Buffer.alloc(3); return Buffer.from([1, 2]).copy(b, 1) + b[2]; })()": 4,
    "Buffer.from(Buffer.from([1, 2]).toJSON())[1]": 2,
    "new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x41]))": "A",
    "new TextDecoder('utf-8').decode(new DataView(Uint8Array.of(65, 66, 67).buffer, 1, 1))": "B",
    "Array.from(new TextEncoder().encode('\\u6f0f')).length": 3,
    "atob(btoa('ab'))": "ab",
    "Buffer.from([1, 2]).map(function (n) { return n * 2; })[1]": 4,
}


@pytest.mark.parametrize(("expression", "value"), BUFFERS.items())
def test_the_buffer_reads_and_writes_bytes_as_on_servers(expression: str, value: object) -> None:
    assert Decoded({"v": value}) == run(f"function Decoder() {{ return {{v: {expression}}}; }}")


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("Buffer.from([1]).readUInt16BE(0)", "RangeError"),
        ("Buffer.from([1]).readUIntBE(0, 2)", "RangeError"),
        ("Buffer.from('a', 'ucs9')", "TypeError: Unknown encoding: ucs9"),
    ],
)
def test_reading_beyond_a_buffer_is_a_failure(expression: str, why: str) -> None:
    outcome = run(f"function Decoder() {{ return {{v: {expression}}}; }}")

    assert isinstance(outcome, CodecFailed)
    assert why in outcome.detail


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import { read } from 'reader';\nexport function decodeUplink(input) {}", "SyntaxError"),
        ("const reader = require('reader');\nfunction decodeUplink(input) {}", "require is not defined (line 1)"),
        ("function decodeUplink(input) {\n  return {};\n", "(line 3)"),
        ("function decodeUplink(input) { return {}; } }", "SyntaxError"),
        ("module.exports = 7;", "it defines none of"),
        ("export default null;", "it defines none of"),
    ],
)
def test_a_file_that_needs_an_unavailable_api_is_no_codec(source: str, why: str) -> None:
    with pytest.raises(InvalidCodec) as fault:
        QuickJsEngine(source)

    assert why in str(fault.value)


def test_a_codec_cannot_access_its_environment() -> None:
    names = ["whole", "stringify", "settings", "forget", "restored", "file", "globals", "holder"]
    outcome = run(f"function Decoder() {{ return {{seen: {json.dumps(names)}.filter((n) => n in globalThis)}}; }}")

    assert Decoded({"seen": []}) == outcome
