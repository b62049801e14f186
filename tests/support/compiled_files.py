"""Compiles sources and tests before the workers start: each would compile all of them, and rewrite every assertion.

    python -m tests.support.compiled_files

It takes what one worker would take, on all processors, and saves as much of each worker. Files that are compiled
already are left alone.
"""

from __future__ import annotations

import compileall
import sys
from multiprocessing import Pool
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from _pytest.assertion import rewrite

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("domain", "ingest", "rules", "alerts", "store", "console", "simulators", "app", "benchmarks", "tests")
NO_PYTHON = ("web", "dist")
STATE: Any = SimpleNamespace(trace=print)


def rewrite_assertions(file: Path) -> None:
    """Write the file that pytest reads in place of this test file."""
    folder = rewrite.get_cache_dir(file)
    compiled = folder / f"{file.stem}{rewrite.PYC_TAIL}"
    if rewrite._read_pyc(file, compiled) is None:
        folder.mkdir(exist_ok=True)
        source_hash, code = rewrite._rewrite_test(file, None)  # type: ignore[arg-type]
        rewrite._write_pyc(STATE, code, source_hash, compiled)


def main() -> int:
    tests = [*(ROOT / "tests").rglob("test_*.py"), *(ROOT / "tests").rglob("conftest.py")]
    with Pool() as pool:
        pool.map(rewrite_assertions, tests, chunksize=20)
    for folder in SOURCES:
        for path in (ROOT / folder).iterdir():
            if path.is_dir() and path.name not in NO_PYTHON:
                compileall.compile_dir(path, quiet=2, workers=0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
