"""A site's codecs.d: polled and reloaded, and a half saved file replaces none that works."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli.main import main
from app.config.faults import ConfigError
from app.reload.codecs import CodecReloader, check_codecs
from ingest.codecs import Codec, CodecFailed, DecodeCall, Decoded
from tests.support.timeouts import LONG_TIMEOUT_S

NOW = 1767225660000
CODECS = Path(__file__).parents[2] / "ingest" / "codecs"


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    folder = tmp_path / "codecs.d"
    folder.mkdir()
    return folder


@pytest.fixture
def folder(tmp_path: Path, shelf: Path) -> Iterator[CodecReloader]:
    reloader = CodecReloader(tmp_path)
    reloader.reload()
    yield reloader
    reloader.codecs.close()


def save(path: Path, text: str) -> None:
    """Saved a moment later than what stood there before."""
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text(text)
    os.utime(path, ns=(before + 10**9, before + 10**9))


def decode(folder: CodecReloader, model: str) -> Decoded | CodecFailed | None:
    codec = folder.codecs.find(model)
    return None if codec is None else folder.codecs.decode([DecodeCall(codec, b"\1", 1, NOW)])[0]


def test_a_file_that_is_added_changed_or_removed_is_reloaded(folder: CodecReloader, shelf: Path) -> None:
    assert ([], None) == (folder.poll(), decode(folder, "A-1"))

    save(shelf / "a-1.js", "function Decoder() { return {v: 1}; }")
    assert ["a-1.js: new"] == [line.partition(",")[0] for line in folder.poll()]
    assert Decoded({"v": 1}) == decode(folder, "A-1")

    save(shelf / "a-1.js", "function Decoder() { return {v: 2}; }")
    assert len(folder.poll()) == 1
    assert Decoded({"v": 2}) == decode(folder, "A-1")
    assert [] == folder.poll()

    (shelf / "a-1.js").unlink()
    assert ["a-1.js: gone"] == folder.poll()
    assert decode(folder, "A-1") is None


def test_codecs_stay_when_the_disk_of_the_site_is_not_mounted(tmp_path: Path) -> None:
    """Else every message of their devices would be refused, alarms too; a start takes the last good copy."""
    good, site = tmp_path / "site-good", tmp_path / "site"
    (good / "codecs.d").mkdir(parents=True)
    save(good / "codecs.d" / "a-1.js", "function Decoder() { return {v: 1}; }")
    site.mkdir()
    folder = CodecReloader(site, good)
    assert len(folder.load_at_start()) == 1
    assert [folder.poll(), decode(folder, "A-1")] == [[], Decoded({"v": 1})]

    (site / "codecs.d").mkdir()
    save(site / "codecs.d" / "a-1.js", "function Decoder() { return {v: 2}; }")
    folder.poll()
    shutil.rmtree(site)
    assert "missing or empty" in folder.poll()[0]
    assert decode(folder, "A-1") == Decoded({"v": 2})
    folder.codecs.close()


def test_a_half_saved_file_does_not_replace_one_that_works(folder: CodecReloader, shelf: Path) -> None:
    save(shelf / "a.js", "function Decoder() { return {v: 1}; }")
    folder.poll()
    save(shelf / "a.js", "function Decoder() { return {v:")
    [lines] = folder.poll()

    assert "SyntaxError" in lines
    assert lines.endswith("the file before it stays in use")
    assert Decoded({"v": 1}) == decode(folder, "a")


def test_a_new_file_that_cannot_be_loaded_is_reported_and_its_messages_are_refused_with_the_reason(
    folder: CodecReloader, shelf: Path
) -> None:
    save(shelf / "a.js", "function Decoder( {")
    lines = folder.poll()

    assert lines[-1].endswith("its messages are refused")
    assert isinstance(decode(folder, "a"), CodecFailed)


def test_faulty_bindings_change_nothing(folder: CodecReloader, shelf: Path) -> None:
    save(shelf / "a.js", "function Decoder() { return {v: 1}; }")
    save(shelf / "bindings.yaml", "codecs:\n  a.js: {models: [B]}\n")
    folder.poll()
    save(shelf / "bindings.yaml", "codecs:\n  a.js: {models: [C]}\n  zzz.js: {}\n")
    [lines] = folder.poll()

    assert lines.startswith(f"{shelf / 'bindings.yaml'}:3:3: codecs.zzz.js: there is no such file")
    assert [Decoded({"v": 1}), None] == [decode(folder, "B"), decode(folder, "C")]


def test_a_file_added_beside_faulty_bindings_is_loaded_all_the_same(folder: CodecReloader, shelf: Path) -> None:
    save(shelf / "bindings.yaml", "codecs: [")
    save(shelf / "a.js", "function Decoder() { return {v: 1}; }")
    lines = folder.poll()

    assert [True, False] == [line.endswith("the bindings before it stay in use") for line in lines]
    assert ([], Decoded({"v": 1})) == (folder.poll(), decode(folder, "A"))


def test_a_file_that_vanishes_while_it_is_read_stops_nothing(
    folder: CodecReloader, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(shelf / "a.js", "function Decoder() { return {v: 1}; }")
    (shelf / "folder.js").mkdir()
    folder.poll()

    def gone(path: Path) -> bytes:
        raise FileNotFoundError(f"{path.name} is gone")

    save(shelf / "a.js", "function Decoder() { return {v: 2}; }")
    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", gone)
        assert ["a.js is gone; the codecs before it stay in use"] == folder.poll()
    assert Decoded({"v": 1}) == decode(folder, "a")


async def test_the_folder_is_polled_until_the_service_stops(
    folder: CodecReloader, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.reload.codecs.POLL_S", 0.01)
    save(shelf / "a.js", "function Decoder() { return {v: 1}; }")
    following = asyncio.create_task(folder.run())
    async with asyncio.timeout(LONG_TIMEOUT_S):
        while folder.codecs.find("a") is None:
            await asyncio.sleep(0.01)
    following.cancel()
    with pytest.raises(asyncio.CancelledError):
        await following


async def test_a_codec_that_does_not_end_when_it_is_loaded_keeps_no_message_waiting(
    folder: CodecReloader, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Saving `while(true){}` held up the event loop, and every alarm in it, for more than a second."""
    monkeypatch.setattr("app.reload.codecs.POLL_S", 0.0)
    loading, end = threading.Event(), threading.Event()

    def load_errors(codecs: tuple[Codec, ...]) -> tuple[str | None, ...]:
        loading.set()
        assert end.wait(LONG_TIMEOUT_S)
        return tuple("stopped after 500 ms" for _ in codecs)

    monkeypatch.setattr("app.reload.codecs._load_errors", load_errors)
    save(shelf / "a.js", "while(true){}")
    polling = asyncio.create_task(folder.run())
    async with asyncio.timeout(LONG_TIMEOUT_S):
        while not loading.is_set():
            await asyncio.sleep(0.01)
    end.set()  # reached: the loop runs while the file is being loaded
    async with asyncio.timeout(LONG_TIMEOUT_S):
        while folder.codecs.find("a") is None:
            await asyncio.sleep(0.01)
    polling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await polling


def test_without_a_site_there_are_no_codecs() -> None:
    assert [] == CodecReloader(None).reload()
    assert [] == check_codecs(None).codecs


def test_check_names_the_file_and_the_line(tmp_path: Path, shelf: Path) -> None:
    save(shelf / "a.js", "// a codec\nfunction Decoder( {")
    with pytest.raises(ConfigError) as wrong:
        check_codecs(tmp_path)

    assert str(wrong.value).startswith(f"{shelf / 'a.js'}:2:1: SyntaxError")


def test_the_command_prints_each_wrong_example_with_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("function Decoder(b) { return {x: b[0]}; }")
    (tmp_path / "a_examples.yaml").write_text("examples:\n  - {name: wrong, bytes: '02', data: {x: 3}}\n")
    run = CliRunner().invoke(main, ["codecs", "test", str(CODECS / "leak.js"), str(tmp_path / "a.js")])

    assert run.exit_code == 1
    assert f"{CODECS / 'leak.js'}: 3 examples right, 0 wrong" in run.output
    assert f'{tmp_path / "a_examples.yaml"}:2: wrong\n  exp: {{"x":3}}\n  got: {{"x":2}}' in run.output


def test_the_command_says_what_to_write_when_there_is_nothing_to_try(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("function Decoder() { return {}; }")
    run = CliRunner().invoke(main, ["codecs", "test", str(tmp_path / "a.js")])

    assert (1, True) == (run.exit_code, "write a_examples.yaml" in run.output)
