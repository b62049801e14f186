"""Writes untraced_tests.txt: costly tests of pure modules whose branches other tests run too. They run untraced, since
tracing doubles what a test costs. Every other test of the folders of pure modules (tests/conftest.py) is traced.

    python -m pytest -q -n 2 --trace-all --cov --cov-context=test --cov-report= --durations=0 --durations-min=0.05 \\
        tests/domain tests/ingest tests/rules tests/alerts > durations.txt
    python -m tests.architecture.untraced_tests durations.txt

To be written again when `make test` has become slow; a line may be added or deleted by hand at any time.
"""

from __future__ import annotations

import json
import re
import sqlite3
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import coverage

from tests.architecture.pure_modules import ROOT, pure_files

LIST = Path(__file__).with_suffix(".txt")
LEAST_S = 0.3
"""A test that costs less is not worth a line."""
LEAST_OTHERS = 2
"""Tests that still run each of its branches. One is too few: of what is computed once in a process, like the compiled
form of a rule, the first test of each worker runs the branches, and a listed one may be the first."""
DURATION = re.compile(r"^([\d.]+)s (?:call|setup|teardown) +(tests/\S+?::\w+)", re.MULTILINE)

Branch = tuple[str, int, int]
"""File, line, next line."""


def branches_by_test(data: Path) -> dict[str, set[Branch]]:
    """The lines and branches of pure modules that each test runs, of those that the gate counts. What is run by the
    import is left out: every run traces it."""
    counted, found = _counted(data), defaultdict(set)
    rows = sqlite3.connect(data).execute(
        "SELECT path, context, fromno, tono FROM arc JOIN file ON file.id = file_id "
        "JOIN context ON context.id = context_id"
    )
    for path, context, begin, end in rows:
        ran = {(path, begin, begin), (path, end, end), (path, begin, end)}
        found[function_of(context)] |= ran & counted
    imported = found.pop("", set())
    return {test: ran - imported for test, ran in found.items()}


def _counted(data: Path) -> set[Branch]:
    """Every line, as a branch to itself, and every branch of the pure modules; other steps between lines are none."""
    measured = coverage.Coverage(data_file=str(data), config_file=str(ROOT / "pyproject.toml"))
    measured.load()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        measured.json_report(include=[str(file) for file in pure_files()], outfile=str(report))
        files = json.loads(report.read_text("utf-8"))["files"]
    found = set()
    for name, of in files.items():
        path = str(ROOT / name)
        found |= {(path, line, line) for line in (*of["executed_lines"], *of["missing_lines"])}
        found |= {(path, *branch) for branch in (*of["executed_branches"], *of["missing_branches"])}
    return found


def function_of(test: str) -> str:
    """The test function of a node id or context, without its parameters."""
    return test.partition("|")[0].partition("[")[0]


def durations_s(output: str) -> dict[str, float]:
    """Seconds of each test function, all of its parameters together, from the output of pytest."""
    total: Counter[str] = Counter()
    for seconds, test in DURATION.findall(output):
        total[test] += float(seconds)  # type: ignore[assignment]
    return dict(total)


def untraced(branches: Mapping[str, set[Branch]], durations: Mapping[str, float]) -> list[str]:
    """Tests without which every branch is still run by two others, the longest chosen first."""
    runs = Counter(branch for ran in branches.values() for branch in ran)
    chosen = []
    for test, seconds in sorted(durations.items(), key=lambda item: -item[1]):
        if seconds >= LEAST_S and all(runs[branch] > LEAST_OTHERS for branch in branches.get(test, ())):
            runs.subtract(branches.get(test, ()))
            chosen.append(test)
    return sorted(chosen)


def untraced_faults(lines: str, root: Path) -> Iterator[str]:
    """Lines of the list that name no test."""
    for line in lines.splitlines():
        file, _, name = line.partition("::")
        path = root / file
        if not path.is_file() or (name and f"def {name}(" not in path.read_text("utf-8")):
            yield f"tests/architecture/{LIST.name}: {line}: no such test: delete the line"


def main() -> int:
    chosen = untraced(branches_by_test(ROOT / ".coverage"), durations_s(Path(sys.argv[1]).read_text("utf-8")))
    LIST.write_text("".join(f"{test}\n" for test in chosen), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
