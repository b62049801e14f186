"""Examples beside a codec: formats, comparison, errors with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.codecs.example_runner import ExamplesError, json_equal, run_examples
from tests.ingest.codecs.codec_calls import FILES


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_codec_of_this_style_decodes_its_own_examples(path: Path) -> None:
    results = run_examples(path)

    assert results
    assert [] == [result for result in results if not result.passed]


def test_lists_in_examples_are_compared_part_by_part() -> None:
    assert json_equal({"a": [1, {"b": 2.0}]}, {"a": [1, {"b": 2}]})
    assert not json_equal([1, 2], [1])


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
