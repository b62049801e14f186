"""Loads and reloads the codecs of a site's codecs.d; runs their examples for `codecs test`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from threading import Lock

from app.config.faults import ConfigError, ConfigFault
from app.config.yaml_files import read_yaml, validate
from app.reload.file_watcher import POLL_S, FileWatcher, missing_site
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


class CodecReloader:
    """Keeps `codecs`, which the decoder calls, at the last version of each file that could be loaded.

    Changed files are tried in a process of their own, so that `poll` may run in a thread: a codec that does not end
    takes a second, and no message waits for it. Without the site's folder they stay as they were; at the start they are
    then those of `start`, the last good copy of the site.
    """

    def __init__(self, site: Path | None, start: Path | None = None) -> None:
        self.codecs = CodecRuntime()
        self._site, self._path = site, site / FOLDER if site is not None else None
        self._start = start / FOLDER if start is not None else None
        self._files: dict[str, bytes] = {}
        self._binding_book = BindingBook()
        self._watcher = FileWatcher(partial(_codec_files, self._path))
        self._lock = Lock()

    def reload(self) -> list[str]:
        """Load the folder as it is now and describe what changed. Raises ConfigError for faulty bindings.

        A file that cannot be loaded (half saved, mistyped) does not replace one that can.
        """
        self._watcher.mark_seen()
        if missing := missing_site(self._site):
            raise ConfigError([ConfigFault(str(self._site), 1, 1, "", missing)])
        self._binding_book = _read_bindings(self._path)
        return self._load_files(self._path)

    def _load_files(self, folder: Path | None) -> list[str]:
        files = _read_files(folder)
        failures = self._keep_working_version(files)
        registry = build_registry(files, self._binding_book)
        changes = describe_changes(self.codecs.registry, registry) + failures
        self.codecs.registry, self._files = registry, files
        return _logged(changes)

    def _keep_working_version(self, files: dict[str, bytes]) -> list[str]:
        """Replace changed files that cannot be loaded by their previous content; returns a line for each."""
        failures = []
        codecs = build_registry(files, self._binding_book).codecs
        changed = tuple(codec for codec in codecs if self._files.get(codec.name) != files[codec.name])
        for codec, error in zip(changed, _load_errors(changed), strict=True):
            if error is not None:
                previous = self._files.get(codec.name)
                files[codec.name] = files[codec.name] if previous is None else previous
                effect = "its messages are refused" if previous is None else "the file before it stays in use"
                failures.append(f"{codec.name}: {error}; {effect}")
        return failures

    def poll(self) -> list[str]:
        """Reload if a file changed; faults are logged, and what was in use stays in use."""
        with self._lock:
            if not self._watcher.has_changed():
                return []
            self._watcher.mark_seen()
            try:
                if missing := missing_site(self._site):
                    return _logged([f"{missing}; the codecs before it stay in use"])
                return self._load_all(self._path)
            except OSError as error:
                return _logged([f"{error}; the codecs before it stay in use"])

    def load_at_start(self) -> list[str]:
        """As `poll`; without the site's folder from its last good copy."""
        if missing_site(self._site) and self._start is not None:
            with self._lock:
                return self._load_all(self._start)
        return self.poll()

    def _load_all(self, folder: Path | None) -> list[str]:
        return _logged(self._load_bindings(folder)) + self._load_files(folder)

    def _load_bindings(self, folder: Path | None) -> list[str]:
        """Faulty bindings do not keep the codec files from being loaded."""
        try:
            self._binding_book = _read_bindings(folder)
        except ConfigError as error:
            return [f"{fault}; the bindings before it stay in use" for fault in error.faults]
        return []

    async def run(self, on_change: Callable[[], Awaitable[None]] | None = None) -> None:
        """Poll every POLL_S until cancelled; `on_change` runs after each poll that found a change."""
        while True:
            await asyncio.sleep(POLL_S)
            if await asyncio.to_thread(self.poll) and on_change is not None:
                await on_change()


def _logged(lines: list[str]) -> list[str]:
    for line in lines:
        log.warning("codecs changed: %s", line)
    return lines


def _codec_files(folder: Path | None) -> list[Path]:
    if folder is None or not folder.is_dir():
        return []
    files = (file for file in sorted(folder.iterdir()) if file.suffix in CODEC_SUFFIXES or file.name == BINDINGS_FILE)
    return [file for file in files if file.is_file()]


def _read_files(folder: Path | None) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in _codec_files(folder) if file.name != BINDINGS_FILE}


def _read_bindings(folder: Path | None) -> BindingBook:
    """bindings.yaml, checked against the files beside it. Raises ConfigError."""
    file = folder / BINDINGS_FILE if folder is not None else None
    if file is None or not file.exists():
        return BindingBook()
    document = read_yaml(file)
    book = validate(document, BindingBook)
    faults = document.locate_all(check_bindings(_read_files(folder), book))
    if faults:
        raise ConfigError(faults)
    return book


def check_codecs(site: Path | None) -> CodecRegistry:
    """The site's codecs, each loaded once. Raises ConfigError with every file that cannot be loaded."""
    folder = site / FOLDER if site is not None else None
    registry = build_registry(_read_files(folder), _read_bindings(folder))
    errors = _load_errors(tuple(registry.codecs))
    faults = _locate(site, {codec.name: error for codec, error in zip(registry.codecs, errors, strict=True)})
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


def _locate(site: Path | None, errors: Mapping[str, str | None]) -> list[ConfigFault]:
    folder = (site or Path()) / FOLDER
    return [
        ConfigFault(str(folder / name), line_of_error(error), 1, "", error) for name, error in errors.items() if error
    ]


def test_files(files: Sequence[Path], print_line: Callable[[str], None]) -> int:
    """Run each codec's own examples, print those with another result than expected, and return the exit code."""
    code = 0
    for file in files:
        try:
            results = run_examples(file)
        except ExamplesError as error:
            print_line(str(error))
            code = 1
            continue
        code = max(code, _print_results(file, results, print_line))
    return code


def _print_results(file: Path, results: Sequence[ExampleResult], print_line: Callable[[str], None]) -> int:
    failed = [result for result in results if not result.passed]
    for result in failed:
        print_line(f"{result.file}:{result.line}: {result.name}\n  exp: {result.expected}\n  got: {result.actual}")
    print_line(f"{file}: {len(results) - len(failed)} examples right, {len(failed)} wrong")
    return 1 if failed else 0
