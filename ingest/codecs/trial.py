"""A codec against its own examples: those that its author published beside it, in the three forms that are common.

`X-codec.yaml` (The Things Network), `test_decode_X.json` (ChirpStack), and our own `X_examples.yaml`:

    examples:
      - {name: a leak, port: 85, bytes: 01 75 5c 05 00 01, data: {battery: 92, leakage_status: leak}}
      - {name: half a frame, port: 85, bytes: '01', fails: too short}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml
from msgspec import Struct

from domain import Instant
from ingest.codecs import Call, Codec, CodecFailed, Decoded
from ingest.codecs.reader import Codecs
from ingest.codecs.shelf import BINDINGS, Binding, BindingBook, codec_of
from ingest.instants import read_instant

RECEIVED: Final[Instant] = 1_767_225_660_000
"""When an example does not say."""

STEADY: Final = "the same bytes mean the same, whatever came before them"


class CodecTestResult(Struct, frozen=True):
    """One example, where it is written, what it expects and what came."""

    file: str
    line: int
    name: str
    passed: bool
    expected: str = ""
    got: str = ""


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
    fails: str = ""


class NoExamples(Exception):
    """There is nothing to try; the message says what to write where."""


def test_codec(path: Path) -> list[CodecTestResult]:
    """Every example of this file, one result each; then the examples backwards, to find what a codec remembers."""
    codec = codec_of(path.name, path.read_bytes(), _binding(path))
    examples = list(read_examples(path))
    if not examples:
        raise NoExamples(
            f"{path}: has no examples beside it: write {path.with_name(path.stem + '_examples.yaml').name}"
        )
    codecs = Codecs()
    try:
        return _try(codecs, codec, str(path), examples)
    finally:
        codecs.close()


test_codec.__test__ = False  # type: ignore[attr-defined]  # pytest, this is no test of yours


def _binding(path: Path) -> Binding | None:
    """What bindings.yaml beside it says."""
    beside = path.with_name(BINDINGS)
    said = yaml.safe_load(beside.read_text("utf-8-sig")) if beside.exists() else None
    return BindingBook.model_validate(said or {}).codecs.get(path.name)


def _try(codecs: Codecs, codec: Codec, path: str, examples: Sequence[Example]) -> list[CodecTestResult]:
    complaint = codecs.complaint(codec)
    if complaint is not None:
        return [CodecTestResult(path, line_in(complaint), "the file can be loaded", False, "a codec", complaint)]
    calls = [Call(codec, each.data, each.f_port, each.received) for each in examples]
    outcomes = codecs.decode(calls)
    results = [_judged(example, outcome) for example, outcome in zip(examples, outcomes, strict=True)]
    backwards = codecs.decode(calls[::-1])[::-1]
    return results + [
        CodecTestResult(each.file, each.line, f"{each.name}: {STEADY}", False, _shown(once), _shown(again))
        for each, once, again in zip(examples, outcomes, backwards, strict=True)
        if once != again
    ]


def line_in(complaint: str) -> int:
    """The line that a complaint names.

    >>> line_in("SyntaxError: unexpected token (line 12)"), line_in("out of memory")
    (12, 1)
    """
    _, _, tail = complaint.rpartition("(line ")
    digits = tail.removesuffix(")")
    return int(digits) if digits.isdigit() else 1


def _judged(example: Example, outcome: Decoded | CodecFailed) -> CodecTestResult:
    if example.expected is None:
        passed = isinstance(outcome, CodecFailed) and example.fails in outcome.detail
        wanted = f"a failure: {example.fails}" if example.fails else "a failure"
        return CodecTestResult(example.file, example.line, example.name, passed, wanted, _shown(outcome))
    passed = isinstance(outcome, Decoded) and same(example.expected, outcome.data)
    if passed and example.warnings is not None and isinstance(outcome, Decoded):
        passed = example.warnings == outcome.warnings
    wanted = _shown(Decoded(dict(example.expected), example.warnings or []))
    return CodecTestResult(example.file, example.line, example.name, passed, wanted, _shown(outcome))


def _shown(outcome: Decoded | CodecFailed) -> str:
    if isinstance(outcome, CodecFailed):
        return f"failed: {outcome.detail}"
    written = msgspec.json.encode(outcome.data, enc_hook=str).decode()
    return written + (f" with warnings {outcome.warnings}" if outcome.warnings else "")


def same(expected: Any, got: Any) -> bool:
    """Equal as JSON; a number to nine digits. What a number cannot be is null in an example.

    >>> same({"t": 23.2, "x": None}, {"t": 23.200000000000003, "x": "NaN"}), same([1], [True]), same({"a": 1}, {})
    (True, False, False)
    """
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        return expected.keys() == got.keys() and all(same(each, got[name]) for name, each in expected.items())
    if isinstance(expected, list) and isinstance(got, list):
        return len(expected) == len(got) and all(map(same, expected, got))
    if type(expected) in (int, float) and type(got) in (int, float):
        return bool(abs(expected - got) <= 1e-9 * max(1.0, abs(expected)))
    if expected is None:
        return got in (None, "NaN", "Infinity", "-Infinity")
    return type(expected) is type(got) and bool(expected == got)


def read_examples(path: Path) -> Iterator[Example]:
    """Whatever examples stand beside the codec."""
    for file in sorted(path.parent.glob("*-codec.y*ml")):
        said, lines = _read(file)
        decoder = said.get("uplinkDecoder") if isinstance(said, dict) else None
        if isinstance(decoder, dict) and decoder.get("fileName") == path.name:
            yield from _things(file, decoder.get("examples") or [], lines)
    published = path.with_name(f"test_decode_{path.stem}.json")
    if published.exists():
        said, lines = _read(published)
        yield from _stack(published, said if isinstance(said, list) else [], lines)
    ours = path.with_name(f"{path.stem}_examples.yaml")
    if ours.exists():
        said, lines = _read(ours)
        yield from _own(ours, said["examples"], lines)


def _read(file: Path) -> tuple[Any, dict[str, int]]:
    """The data, and the line of each example by its number (`uplinkDecoder/examples/0`, `examples/0`, `0`)."""
    text = file.read_text("utf-8-sig")
    if file.suffix == ".json":
        said = msgspec.json.decode(text)
        text = text.replace("\t", " ")
    else:
        said = yaml.safe_load(text)
    lines: dict[str, int] = {}
    _mark(yaml.compose(text, Loader=yaml.SafeLoader), "", lines, 0)
    return said, lines


def _mark(node: Any, where: str, lines: dict[str, int], depth: int) -> None:
    lines[where] = node.start_mark.line + 1 if node is not None else 1
    if isinstance(node, yaml.SequenceNode) and depth < 3:
        for index, each in enumerate(node.value):
            _mark(each, f"{where}/{index}".lstrip("/"), lines, depth + 1)
    elif isinstance(node, yaml.MappingNode) and depth < 2:
        for key, each in node.value:
            _mark(each, f"{where}/{key.value}".lstrip("/"), lines, depth + 1)


def _things(file: Path, examples: Sequence[Any], lines: Mapping[str, int]) -> Iterator[Example]:
    for index, each in enumerate(examples):
        line = lines.get(f"uplinkDecoder/examples/{index}", 1)
        yield _example(file, line, each.get("description", ""), each["input"], each.get("output") or {})


def _stack(file: Path, examples: Sequence[Any], lines: Mapping[str, int]) -> Iterator[Example]:
    for index, each in enumerate(examples):
        yield _example(file, lines.get(str(index), 1), each.get("name", ""), each["input"], each.get("expected") or {})


def _example(file: Path, line: int, name: str, said: Mapping[str, Any], wanted: Mapping[str, Any]) -> Example:
    errors = wanted.get("errors") or []
    received = read_instant(said.get("recvTime"), UTC) if said.get("recvTime") is not None else None
    return Example(
        str(file),
        line,
        str(name),
        octets(said["bytes"]),
        said.get("fPort", 0),
        received or RECEIVED,
        None if errors else wanted.get("data", {}),
        wanted.get("warnings"),
        str(errors[0]) if errors else "",
    )


def _own(file: Path, examples: Sequence[Any], lines: Mapping[str, int]) -> Iterator[Example]:
    for index, each in enumerate(examples):
        at = read_instant(each["received"], UTC) if "received" in each else None
        data = None if "fails" in each else each["data"]
        line, warnings = lines.get(f"examples/{index}", 1), each.get("warnings")
        payload, port, fails = octets(each["bytes"]), each.get("port", 0), each.get("fails", "")
        yield Example(str(file), line, each["name"], payload, port, at or RECEIVED, data, warnings, fails)


def octets(written: Any) -> bytes:
    """Bytes as examples write them.

    >>> octets([1, 117]), octets("01 75"), octets("0x0175"), octets(["01", "0x75"])
    (b'\\x01u', b'\\x01u', b'\\x01u', b'\\x01u')
    """
    if isinstance(written, str):
        return bytes.fromhex(written.removeprefix("0x"))
    return bytes(int(each, 16) if isinstance(each, str) else each & 255 for each in written)
