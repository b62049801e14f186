"""A site's codecs.d: read whole, watched and taken up again while the service runs, and tried by `codecs test`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from app.config.faults import ConfigError, ConfigFault
from app.config.yaml_files import read_yaml, validate
from ingest.codecs import Codec
from ingest.codecs.example_runner import ExampleResult, ExamplesError, line_of_error, run_examples
from ingest.codecs.registry import (
    BINDINGS_FILE,
    CODEC_SUFFIXES,
    BindingBook,
    CodecRegistry,
    build_registry,
    check_bindings,
    describe_changes,
)
from ingest.codecs.runtime import CodecRuntime

log = logging.getLogger("fengshao.codecs")

FOLDER = "codecs.d"
POLL_S = 2.0

Fingerprint = tuple[tuple[str, int, int], ...]


class CodecReloader:
    """The codecs of a folder. `codecs` is what the listener asks; it always holds the last files that could be used."""

    def __init__(self, site: Path | None) -> None:
        self.codecs = CodecRuntime()
        self._path = site / FOLDER if site is not None else None
        self._files: dict[str, bytes] = {}
        self._binding_book = BindingBook()
        self._fingerprint: Fingerprint = ()

    def reload(self) -> list[str]:
        """Take up the folder as it is now, and say what changed. Raises ConfigError for bindings that cannot be.

        A file that cannot be loaded (half saved, mistyped) is not taken in place of one that can.
        """
        self._fingerprint = fingerprint(self._path)
        self._binding_book = _bindings(self._path)
        return self._load_files()

    def _load_files(self) -> list[str]:
        files = _files(self._path)
        told = self._keep_working_version(files)
        shelf = build_registry(files, self._binding_book)
        told = describe_changes(self.codecs.registry, shelf) + told
        self.codecs.registry, self._files = shelf, files
        return _logged(told)

    def _keep_working_version(self, files: dict[str, bytes]) -> list[str]:
        told = []
        for codec in build_registry(files, self._binding_book).codecs:
            fresh = self._files.get(codec.name) != files[codec.name]
            complaint = self.codecs.load_error(codec) if fresh else None
            if complaint is not None:
                old = self._files.get(codec.name)
                files[codec.name] = files[codec.name] if old is None else old
                kept = "its messages are refused" if old is None else "the file before it stays in use"
                told.append(f"{codec.name}: {complaint}; {kept}")
        return told

    def poll(self) -> list[str]:
        """Reload if a file changed; what is wrong is told, and what was in use stays in use."""
        if fingerprint(self._path) == self._fingerprint:
            return []
        self._fingerprint = fingerprint(self._path)
        try:
            return _logged(self._load_bindings()) + self._load_files()
        except OSError as error:
            return _logged([f"{error}; the codecs before it stay in use"])

    def _load_bindings(self) -> list[str]:
        """Bindings that cannot be keep no file beside them from being taken up."""
        try:
            self._binding_book = _bindings(self._path)
        except ConfigError as error:
            return [f"{fault}; the bindings before it stay in use" for fault in error.faults]
        return []

    async def run(self) -> None:
        """Look every few seconds until cancelled."""
        while True:
            await asyncio.sleep(POLL_S)
            self.poll()


def _logged(told: list[str]) -> list[str]:
    for line in told:
        log.warning("codecs changed: %s", line)
    return told


def fingerprint(path: Path | None) -> Fingerprint:
    """What tells that a file of the folder changed, without reading it."""
    try:
        return tuple((file.name, (status := file.stat()).st_mtime_ns, status.st_size) for file in _listed(path))
    except OSError:  # a file went between being listed and being looked at: the next look sees the folder as it is then
        return ()


def _listed(path: Path | None) -> list[Path]:
    if path is None or not path.is_dir():
        return []
    wanted = [file for file in sorted(path.iterdir()) if file.suffix in CODEC_SUFFIXES or file.name == BINDINGS_FILE]
    return [file for file in wanted if file.is_file()]


def _files(path: Path | None) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in _listed(path) if file.name != BINDINGS_FILE}


def _bindings(path: Path | None) -> BindingBook:
    """bindings.yaml, checked against the files beside it."""
    written = path / BINDINGS_FILE if path is not None else None
    if written is None or not written.exists():
        return BindingBook()
    document = read_yaml(written)
    book = validate(document, BindingBook)
    faults = document.locate_all(check_bindings(_files(path), book))
    if faults:
        raise ConfigError(faults)
    return book


def check_codecs(site: Path | None) -> CodecRegistry:
    """The site's codecs, each loaded once; raises ConfigError with every file that cannot be."""
    path = site / FOLDER if site is not None else None
    registry = build_registry(_files(path), _bindings(path))
    errors = _load_errors(tuple(registry.codecs))
    faults = _located(site, {codec.name: error for codec, error in zip(registry.codecs, errors, strict=True)})
    if faults:
        raise ConfigError(faults)
    return registry


@lru_cache(maxsize=64)
def _load_errors(codecs: tuple[Codec, ...]) -> tuple[str | None, ...]:
    """Why each codec cannot be loaded, or None. The same sources are loaded once: it takes a process of their own."""
    runtime = CodecRuntime()
    try:
        return tuple(runtime.load_error(codec) for codec in codecs)
    finally:
        runtime.close()


def _located(site: Path | None, complaints: Mapping[str, str | None]) -> list[ConfigFault]:
    path = (site or Path()) / FOLDER
    return [
        ConfigFault(str(path / name), line_of_error(complaint), 1, "", complaint)
        for name, complaint in complaints.items()
        if complaint
    ]


def test_files(files: Sequence[Path], say: Callable[[str], None]) -> int:
    """Runs each codec's own examples, says what came otherwise than its author wrote, and returns the exit code."""
    code = 0
    for file in files:
        try:
            results = run_examples(file)
        except ExamplesError as nothing:
            say(str(nothing))
            code = 1
            continue
        code = max(code, _tell(file, results, say))
    return code


def _tell(file: Path, results: Sequence[ExampleResult], say: Callable[[str], None]) -> int:
    failed = [result for result in results if not result.passed]
    for result in failed:
        say(f"{result.file}:{result.line}: {result.name}\n  exp: {result.expected}\n  got: {result.actual}")
    say(f"{file}: {len(results) - len(failed)} examples right, {len(failed)} wrong")
    return 1 if failed else 0
