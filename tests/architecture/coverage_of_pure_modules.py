"""Fails unless every pure module (the list in pyproject.toml) was run through every branch by the tests just run."""

from __future__ import annotations

import sys

import coverage

from tests.architecture.pure_modules import ROOT, pure_files

LEAST = 99.95
"""100 % is promised, and what is below is named: a branch that only a race takes may be missed in one run."""
WHAT_TO_DO = """\
Write a test that runs the lines named above, in tests/<the same path>. Only tests of tests/domain, tests/ingest,
tests/rules and tests/alerts are traced, and none that tests/architecture/untraced_tests.txt names: where such a test
runs the lines already, delete its line there. What a test module builds while it is collected is not traced either:
build it in a fixture.
"""


def main() -> int:
    measured = coverage.Coverage(data_file=str(ROOT / ".coverage"), config_file=str(ROOT / "pyproject.toml"))
    measured.load()
    print("Pure modules, branches included:")
    files = [str(file) for file in pure_files()]
    total = measured.report(include=files, show_missing=True, skip_covered=True, file=sys.stdout)
    if total < 100:
        print(f"pure modules: {total:.2f} % of branches are tested, 100 % are promised.\n{WHAT_TO_DO}", end="")
    return 0 if total >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
