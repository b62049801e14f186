"""Writes untraced_tests.txt: costly tests of pure modules whose branches other tests run too. They run untraced, since
tracing doubles what a test costs. Every other test of the folders of pure modules (tests/conftest.py) is traced.

    python -m pytest -q -n 2 --trace-all --cov --cov-context=test --cov-report= --durations=0 --durations-min=0.05 \\
        tests/domain tests/ingest tests/rules tests/alerts > durations.txt
    python -m tests.architecture.untraced_tests durations.txt

To be written again when `make test` has become slow; a line may be added or deleted by hand at any time.
"""

from __future__ import annotations

import re
import sqlite3
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.architecture.pure_modules import ROOT, pure_files

LIST = Path(__file__).with_suffix(".txt")
LEAST_S = 0.3
"""A test that costs less is not worth a line."""
DURATION = re.compile(r"^([\d.]+)s (?:call|setup|teardown) +(tests/\S+?::\w+)", re.MULTILINE)

Branch = tuple[int, int, int]
"""File, line, next line."""


def branches_by_test(data: Path) -> dict[str, set[Branch]]:
    """The branches of pure modules that each test runs; those of the import are of the test ""."""
    pure, found = {str(file) for file in pure_files()}, defaultdict(set)
    rows = sqlite3.connect(data).execute(
        "SELECT path, context, file_id, fromno, tono FROM arc JOIN file ON file.id = file_id "
        "JOIN context ON context.id = context_id"
    )
    for path, context, *branch in rows:
        if path in pure:
            found[function_of(context)].add(tuple(branch))
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
    """Tests without which every branch is still run by another one, the longest chosen first."""
    runs = Counter(branch for ran in branches.values() for branch in ran)
    chosen = []
    for test, seconds in sorted(durations.items(), key=lambda item: -item[1]):
        if seconds >= LEAST_S and all(runs[branch] > 1 for branch in branches.get(test, ())):
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
