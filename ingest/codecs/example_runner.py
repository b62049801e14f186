"""A codec against its own examples: those that its author published beside it, in the forms that are common.

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
"""When an example does not say."""

_RFC3339_START: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")

_COMMENT: Final = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
"""Of what authors take for JSON; a text between quotation marks, which may look like one, is found first."""

REPEATABLE: Final = "the same bytes mean the same, whatever came before them"


class ExampleResult(Struct, frozen=True):
    """One example, where it is written, what it expects and what came."""

    file: str
    line: int
    name: str
    passed: bool
    expected: str = ""
    actual: str = ""


class Example(Struct, frozen=True):
    """One payload and what its author says it means; `fails` is part of a complaint, or empty for any."""

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
    """There is nothing to try, or it cannot be read; the message says what to write where."""


def run_examples(path: Path) -> list[ExampleResult]:
    """Every example of this file, one result each; then the examples backwards, to find what a codec remembers."""
    path = path.resolve()
    codec = make_codec(path.name, path.read_bytes(), _read_binding(path))
    examples = list(read_examples(path))
    if not examples:
        raise ExamplesError(
            f"{path}: has no examples beside it: write {path.with_name(path.stem + '_examples.yaml').name}"
        )
    codecs = CodecRuntime()
    try:
        return _run_examples(codecs, codec, str(path), examples)
    finally:
        codecs.close()


run_examples.__test__ = False  # type: ignore[attr-defined]  # pytest, this is no test of yours


def _read_binding(path: Path) -> Binding | None:
    """What bindings.yaml beside it says."""
    beside = path.with_name(BINDINGS_FILE)
    said = yaml.safe_load(beside.read_text("utf-8-sig")) if beside.exists() else None
    return BindingBook.model_validate(said or {}).codecs.get(path.name)


def _run_examples(codecs: CodecRuntime, codec: Codec, path: str, examples: Sequence[Example]) -> list[ExampleResult]:
    complaint = codecs.load_error(codec)
    if complaint is not None:
        return [ExampleResult(path, line_of_error(complaint), "the file can be loaded", False, "a codec", complaint)]
    calls = [DecodeCall(codec, each.data, each.f_port, each.received) for each in examples]
    outcomes = codecs.decode(calls)
    results = [_compare(example, outcome) for example, outcome in zip(examples, outcomes, strict=True)]
    backwards = codecs.decode(calls[::-1])[::-1]
    return results + [
        ExampleResult(
            each.file, each.line, f"{each.name}: {REPEATABLE}", False, _format_outcome(once), _format_outcome(again)
        )
        for each, once, again in zip(examples, outcomes, backwards, strict=True)
        if once != again
    ]


def line_of_error(complaint: str) -> int:
    """The line that a complaint names.

    >>> line_of_error("SyntaxError: unexpected token (line 12)"), line_of_error("out of memory")
    (12, 1)
    """
    _, _, tail = complaint.rpartition("(line ")
    digits = tail.removesuffix(")")
    return int(digits) if digits.isdigit() else 1


def _compare(example: Example, outcome: Decoded | CodecFailed) -> ExampleResult:
    if example.expected is None:
        passed = isinstance(outcome, CodecFailed) and example.expected_error in outcome.detail
        wanted = f"a failure: {example.expected_error}" if example.expected_error else "a failure"
        return ExampleResult(example.file, example.line, example.name, passed, wanted, _format_outcome(outcome))
    passed = isinstance(outcome, Decoded) and json_equal(example.expected, outcome.fields)
    if passed and example.warnings is not None and isinstance(outcome, Decoded):
        passed = example.warnings == outcome.warnings
    wanted = _format_outcome(Decoded(dict(example.expected), example.warnings or []))
    return ExampleResult(example.file, example.line, example.name, passed, wanted, _format_outcome(outcome))


def _format_outcome(outcome: Decoded | CodecFailed) -> str:
    if isinstance(outcome, CodecFailed):
        return f"failed: {outcome.detail}"
    written = msgspec.json.encode(outcome.fields, enc_hook=str).decode()
    return written + (f" with warnings {outcome.warnings}" if outcome.warnings else "")


def json_equal(expected: Any, got: Any) -> bool:
    """Equal as JSON; a number to nine digits, an instant to the millisecond. What a number cannot be is null.

    >>> json_equal({"t": 23.2, "x": None}, {"t": 23.200000000000003, "x": "NaN"})
    True
    >>> json_equal([1], [True]), json_equal({"a": 1}, {})
    (False, False)
    >>> json_equal("2026-01-01T08:01:00.1234567+08:00", "2026-01-01T00:01:00.123Z")
    True
    """
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        return expected.keys() == got.keys() and all(json_equal(each, got[name]) for name, each in expected.items())
    if isinstance(expected, list) and isinstance(got, list):
        return len(expected) == len(got) and all(map(json_equal, expected, got))
    if type(expected) in (int, float) and type(got) in (int, float):
        return bool(abs(expected - got) <= 1e-9 * max(1.0, abs(expected)))
    if expected is None:
        return got in (None, "NaN", "Infinity", "-Infinity")
    return type(expected) is type(got) and (bool(expected == got) or _same_instant(expected, got))


def _same_instant(expected: object, got: object) -> bool:
    """Whether both are texts with an instant, and it is the same."""
    texts = (
        isinstance(expected, str)
        and isinstance(got, str)
        and _RFC3339_START.match(expected)
        and _RFC3339_START.match(got)
    )
    return bool(texts) and parse_timestamp(str(expected), UTC) == parse_timestamp(str(got), UTC)


def read_examples(path: Path) -> Iterator[Example]:
    """Whatever examples stand beside the codec."""
    for file in [*_ttn_files(path.parent), *_ttn_files(path.parent.parent)]:
        yield from _read_file(file, ("uplinkDecoder", "examples"), _published_example, path)
    for name in (f"test_decode_{path.stem}.json", f"{path.stem}_examples.json", "examples.json"):
        if path.with_name(name).exists():
            yield from _read_file(path.with_name(name), (), _published_example, path)
    ours = path.with_name(f"{path.stem}_examples.yaml")
    if ours.exists():
        yield from _read_file(ours, ("examples",), _own_example, path)


def _read_file(
    file: Path, where: tuple[str, ...], read: Callable[[Path, int, Any], Example], path: Path
) -> Iterator[Example]:
    """The examples that a file keeps under these keys, if they are this codec's."""
    said, lines = _load(file)
    decoder = said.get("uplinkDecoder") if isinstance(said, dict) else None
    if isinstance(decoder, dict) and (file.parent / str(decoder.get("fileName"))).resolve() != path:
        return
    for key in where:
        said = said.get(key) if isinstance(said, dict) else None
    for index, each in enumerate(said if isinstance(said, list) else []):
        if isinstance(each, dict) and each.get("type", "uplink") != "uplink":  # TS013 has downlinks among them
            continue
        line = lines.get("/".join([*where, str(index)]), 1)
        try:
            yield read(file, line, each)
        except (KeyError, TypeError, ValueError, AttributeError) as fault:
            about = f"{fault} is missing" if isinstance(fault, KeyError) else str(fault)
            raise ExamplesError(f"{file}:{line}: {about}") from fault


def _ttn_files(folder: Path) -> list[Path]:
    """The files of The Things Network's form; the codec may stand beside them or one folder below."""
    return [file for file in sorted(folder.glob("*.y*ml")) if b"uplinkDecoder:" in file.read_bytes()]


def _load(file: Path) -> tuple[Any, dict[str, int]]:
    """The data, and the line of each example by its keys and number (`uplinkDecoder/examples/0`, `0`)."""
    text = file.read_text("utf-8-sig")
    if file.suffix == ".json":
        text = _COMMENT.sub(lambda found: found[1] or "\n" * found[0].count("\n"), text)
    try:
        said = _parse_json(text) if file.suffix == ".json" else yaml.safe_load(text)
        node = yaml.compose(text.replace("\t", " "), Loader=yaml.SafeLoader)
    except (ValueError, yaml.YAMLError) as fault:
        raise ExamplesError(f"{file}: cannot be read: {fault}") from fault
    lines: dict[str, int] = {}
    _collect_lines(node, "", lines, 0)
    return said, lines


def _parse_json(text: str) -> Any:
    """JSON, or what authors take for it: with hexadecimal numbers and commas at the end, which YAML reads."""
    try:
        return msgspec.json.decode(text)
    except ValueError:
        return yaml.safe_load(text.replace("\t", " "))


def _collect_lines(node: Any, where: str, lines: dict[str, int], depth: int) -> None:
    lines[where] = node.start_mark.line + 1 if node is not None else 1
    if isinstance(node, yaml.SequenceNode) and depth < 3:
        for index, each in enumerate(node.value):
            _collect_lines(each, f"{where}/{index}".lstrip("/"), lines, depth + 1)
    elif isinstance(node, yaml.MappingNode) and depth < 2:
        for key, each in node.value:
            _collect_lines(each, f"{where}/{key.value}".lstrip("/"), lines, depth + 1)


def _published_example(file: Path, line: int, each: Mapping[str, Any]) -> Example:
    """The Things Network's form, TS013's and ChirpStack's, which differ in two words."""
    said, wanted = each["input"], each.get("output") or each.get("expected") or {}
    errors = wanted.get("errors") or []
    return Example(
        str(file),
        line,
        str(each.get("description") or each.get("name") or ""),
        parse_bytes(said["bytes"]),
        said.get("fPort", 0),
        _parse_received(said.get("recvTime")),
        None if errors else _wrap_list(wanted.get("data", {})),
        wanted.get("warnings"),
        str(errors[0]) if errors else "",
    )


def _wrap_list(data: Any) -> Any:
    """A list of measurements as the codecs' process hands it on (see prelude.js, `listed`)."""
    return {"values": data} if isinstance(data, list) else data


def _own_example(file: Path, line: int, each: Mapping[str, Any]) -> Example:
    data = None if "fails" in each else each["data"]
    payload, port, at = parse_bytes(each["bytes"]), each.get("port", 0), _parse_received(each.get("received"))
    return Example(str(file), line, each["name"], payload, port, at, data, each.get("warnings"), each.get("fails", ""))


def _parse_received(written: object) -> Instant:
    return parse_timestamp(str(written), UTC) or DEFAULT_RECEIVED if written is not None else DEFAULT_RECEIVED


def parse_bytes(written: Any) -> bytes:
    """Bytes as examples write them.

    >>> parse_bytes([1, 117]), parse_bytes("01 75"), parse_bytes("0x0175"), parse_bytes(["01", "0x75"])
    (b'\\x01u', b'\\x01u', b'\\x01u', b'\\x01u')
    """
    if not isinstance(written, str | list):
        raise ValueError(f"bytes: {written!r} is neither a list nor hex digits in quotes: write bytes: '01 75'")
    if isinstance(written, str):
        return bytes.fromhex(written.removeprefix("0x"))
    return bytes(int(each, 16) if isinstance(each, str) else each & 255 for each in written)
