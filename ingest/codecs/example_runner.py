"""Runs a codec against examples: those that its author published beside it, in the common formats.

`X-codec.yaml` (The Things Network), `test_decode_X.json` (ChirpStack), `examples.json` (TS013), our `X_examples.yaml`:

    examples:
      - {name: a leak, port: 85, bytes: 01 75 5c 05 00 01, data: {battery: 92, leakage_status: leak}}
      - {name: half a frame, port: 85, bytes: '01', fails: too short}
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml
from msgspec import Struct

from domain import Instant
from ingest.codecs import Codec, CodecFailed, DecodeCall, Decoded
from ingest.codecs.registry import BINDINGS_FILE, Binding, BindingBook, make_codec
from ingest.codecs.runtime import CodecRuntime
from ingest.timestamps import parse_timestamp

DEFAULT_RECEIVED: Final[Instant] = 1_767_225_660_000
"""Time of reception of an example that gives none."""

_RFC3339_START: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")

_COMMENT: Final = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
"""Comments in what authors publish as JSON. A quoted text, which may look like one, is matched first and kept."""

REPEATABLE: Final = "the same bytes mean the same, whatever came before them"


class ExampleResult(Struct, frozen=True):
    """One example: where it is, what it expects, and what the codec returned."""

    file: str
    line: int
    name: str
    passed: bool
    expected: str = ""
    actual: str = ""


class Example(Struct, frozen=True):
    """One payload and what its author says it means. Without `expected` the codec must fail with `expected_error`."""

    file: str
    line: int
    name: str
    data: bytes
    f_port: int
    received: Instant
    expected: Mapping[str, Any] | None
    warnings: list[str] | None = None
    expected_error: str = ""


class ExamplesError(Exception):
    """There are no examples, or a file cannot be read; the message says what to write where."""


def run_examples(path: Path) -> list[ExampleResult]:
    """Run every example of this codec file; then all in reverse order, to find a codec that keeps state between calls.

    Raises ExamplesError.
    """
    path = path.resolve()
    codec = make_codec(path.name, path.read_bytes(), _read_binding(path))
    examples = list(read_examples(path))
    if not examples:
        raise ExamplesError(
            f"{path}: has no examples beside it: write {path.with_name(path.stem + '_examples.yaml').name}"
        )
    runtime = CodecRuntime()
    try:
        return _run(runtime, codec, str(path), examples)
    finally:
        runtime.close()


def _read_binding(path: Path) -> Binding | None:
    """The codec's entry in the bindings.yaml beside it."""
    bindings_file = path.with_name(BINDINGS_FILE)
    bindings = yaml.safe_load(bindings_file.read_text("utf-8-sig")) if bindings_file.exists() else None
    return BindingBook.model_validate(bindings or {}).codecs.get(path.name)


def _run(runtime: CodecRuntime, codec: Codec, path: str, examples: Sequence[Example]) -> list[ExampleResult]:
    load_error = runtime.load_error(codec)
    if load_error is not None:
        line = line_of_error(load_error)
        return [ExampleResult(path, line, "the file can be loaded", False, "a codec", load_error)]
    calls = [DecodeCall(codec, example.data, example.f_port, example.received) for example in examples]
    outcomes = runtime.decode(calls)
    results = [_compare(example, outcome) for example, outcome in zip(examples, outcomes, strict=True)]
    reversed_outcomes = runtime.decode(calls[::-1])[::-1]
    return results + [
        ExampleResult(
            example.file,
            example.line,
            f"{example.name}: {REPEATABLE}",
            False,
            _format_outcome(first),
            _format_outcome(second),
        )
        for example, first, second in zip(examples, outcomes, reversed_outcomes, strict=True)
        if first != second
    ]


def line_of_error(error: str) -> int:
    """The line that an error of a codec names, else 1.

    >>> line_of_error("SyntaxError: unexpected token (line 12)"), line_of_error("out of memory")
    (12, 1)
    """
    _, _, tail = error.rpartition("(line ")
    digits = tail.removesuffix(")")
    return int(digits) if digits.isdigit() else 1


def _compare(example: Example, outcome: Decoded | CodecFailed) -> ExampleResult:
    if example.expected is None:
        passed = isinstance(outcome, CodecFailed) and example.expected_error in outcome.detail
        expected = f"a failure: {example.expected_error}" if example.expected_error else "a failure"
        return ExampleResult(example.file, example.line, example.name, passed, expected, _format_outcome(outcome))
    passed = isinstance(outcome, Decoded) and json_equal(example.expected, outcome.fields)
    if passed and example.warnings is not None and isinstance(outcome, Decoded):
        passed = example.warnings == outcome.warnings
    expected = _format_outcome(Decoded(dict(example.expected), example.warnings or []))
    return ExampleResult(example.file, example.line, example.name, passed, expected, _format_outcome(outcome))


def _format_outcome(outcome: Decoded | CodecFailed) -> str:
    if isinstance(outcome, CodecFailed):
        return f"failed: {outcome.detail}"
    text = msgspec.json.encode(outcome.fields, enc_hook=str).decode()
    return text + (f" with warnings {outcome.warnings}" if outcome.warnings else "")


def json_equal(expected: Any, actual: Any) -> bool:
    """Equal as JSON: numbers to nine digits, times to the millisecond. A number that JSON cannot write is null.

    >>> json_equal({"t": 23.2, "x": None}, {"t": 23.200000000000003, "x": "NaN"})
    True
    >>> json_equal([1], [True]), json_equal({"a": 1}, {})
    (False, False)
    >>> json_equal("2026-01-01T08:01:00.1234567+08:00", "2026-01-01T00:01:00.123Z")
    True
    """
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        same_names = expected.keys() == actual.keys()
        return same_names and all(json_equal(value, actual[name]) for name, value in expected.items())
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(json_equal, expected, actual))
    if type(expected) in (int, float) and type(actual) in (int, float):
        return bool(abs(expected - actual) <= 1e-9 * max(1.0, abs(expected)))
    if expected is None:
        return actual in (None, "NaN", "Infinity", "-Infinity")
    return type(expected) is type(actual) and (bool(expected == actual) or _same_instant(expected, actual))


def _same_instant(expected: object, actual: object) -> bool:
    """Whether both are texts that hold the same time."""
    if not (isinstance(expected, str) and isinstance(actual, str)):
        return False
    if not (_RFC3339_START.match(expected) and _RFC3339_START.match(actual)):
        return False
    return parse_timestamp(expected, UTC) == parse_timestamp(actual, UTC)


def read_examples(path: Path) -> Iterator[Example]:
    """The examples in all files beside this codec file. Raises ExamplesError."""
    for file in [*_ttn_files(path.parent), *_ttn_files(path.parent.parent)]:
        yield from _read_file(file, ("uplinkDecoder", "examples"), _published_example, path)
    for name in (f"test_decode_{path.stem}.json", f"{path.stem}_examples.json", "examples.json"):
        if path.with_name(name).exists():
            yield from _read_file(path.with_name(name), (), _published_example, path)
    own_file = path.with_name(f"{path.stem}_examples.yaml")
    if own_file.exists():
        yield from _read_file(own_file, ("examples",), _own_example, path)


def _read_file(
    file: Path, keys: tuple[str, ...], parse: Callable[[Path, int, Any], Example], codec_path: Path
) -> Iterator[Example]:
    """The examples under these keys of a file; none if the file is for another codec."""
    document, lines = _load(file)
    decoder = document.get("uplinkDecoder") if isinstance(document, dict) else None
    if isinstance(decoder, dict) and (file.parent / str(decoder.get("fileName"))).resolve() != codec_path:
        return
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    for index, entry in enumerate(document if isinstance(document, list) else []):
        if isinstance(entry, dict) and entry.get("type", "uplink") != "uplink":  # TS013 has downlinks among them
            continue
        line = lines.get("/".join([*keys, str(index)]), 1)
        try:
            yield parse(file, line, entry)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            detail = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            raise ExamplesError(f"{file}:{line}: {detail}") from error


def _ttn_files(folder: Path) -> list[Path]:
    """Files of The Things Network's format; the codec may be beside them or one folder below."""
    return [file for file in sorted(folder.glob("*.y*ml")) if b"uplinkDecoder:" in file.read_bytes()]


def _load(file: Path) -> tuple[Any, dict[str, int]]:
    """The document, and the line of each example by its keys and index (`uplinkDecoder/examples/0`, `0`)."""
    text = file.read_text("utf-8-sig")
    if file.suffix == ".json":
        text = _COMMENT.sub(lambda match: match[1] or "\n" * match[0].count("\n"), text)
    try:
        document = _parse_json(text) if file.suffix == ".json" else yaml.safe_load(text)
        node = yaml.compose(text.replace("\t", " "), Loader=yaml.SafeLoader)
    except (ValueError, yaml.YAMLError) as error:
        raise ExamplesError(f"{file}: cannot be read: {error}") from error
    lines: dict[str, int] = {}
    _collect_lines(node, "", lines, 0)
    return document, lines


def _parse_json(text: str) -> Any:
    """JSON, or what authors publish as JSON: with hexadecimal numbers and trailing commas, which YAML accepts."""
    try:
        return msgspec.json.decode(text)
    except ValueError:
        return yaml.safe_load(text.replace("\t", " "))


def _collect_lines(node: Any, path: str, lines: dict[str, int], depth: int) -> None:
    lines[path] = node.start_mark.line + 1 if node is not None else 1
    if isinstance(node, yaml.SequenceNode) and depth < 3:
        for index, item in enumerate(node.value):
            _collect_lines(item, f"{path}/{index}".lstrip("/"), lines, depth + 1)
    elif isinstance(node, yaml.MappingNode) and depth < 2:
        for key, value in node.value:
            _collect_lines(value, f"{path}/{key.value}".lstrip("/"), lines, depth + 1)


def _published_example(file: Path, line: int, entry: Mapping[str, Any]) -> Example:
    """The formats of The Things Network, TS013 and ChirpStack, which differ in two words."""
    uplink, expected = entry["input"], entry.get("output") or entry.get("expected") or {}
    errors = expected.get("errors") or []
    return Example(
        str(file),
        line,
        str(entry.get("description") or entry.get("name") or ""),
        parse_bytes(uplink["bytes"]),
        uplink.get("fPort", 0),
        _parse_received(uplink.get("recvTime")),
        None if errors else _wrap_list(expected.get("data", {})),
        expected.get("warnings"),
        str(errors[0]) if errors else "",
    )


def _wrap_list(data: Any) -> Any:
    """A list of measurements in the form that the codec process returns it (prelude.js, `isMeasurementList`)."""
    return {"values": data} if isinstance(data, list) else data


def _own_example(file: Path, line: int, entry: Mapping[str, Any]) -> Example:
    expected = None if "fails" in entry else entry["data"]
    return Example(
        str(file),
        line,
        entry["name"],
        parse_bytes(entry["bytes"]),
        entry.get("port", 0),
        _parse_received(entry.get("received")),
        expected,
        entry.get("warnings"),
        entry.get("fails", ""),
    )


def _parse_received(value: object) -> Instant:
    return parse_timestamp(str(value), UTC) or DEFAULT_RECEIVED if value is not None else DEFAULT_RECEIVED


def parse_bytes(value: Any) -> bytes:
    """Bytes in the forms that examples use. Raises ValueError.

    >>> parse_bytes([1, 117]), parse_bytes("01 75"), parse_bytes("0x0175"), parse_bytes(["01", "0x75"])
    (b'\\x01u', b'\\x01u', b'\\x01u', b'\\x01u')
    """
    if not isinstance(value, str | list):
        raise ValueError(f"bytes: {value!r} is neither a list nor hex digits in quotes: write bytes: '01 75'")
    if isinstance(value, str):
        return bytes.fromhex(value.removeprefix("0x"))
    return bytes(int(item, 16) if isinstance(item, str) else item & 255 for item in value)
