"""Fails unless every pure module (the list in pyproject.toml) was run through every branch by the tests just run."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import coverage

LEAST = 99.95
"""100 % is promised, and what is below is named: a branch that only a race takes may be missed in one run."""

ROOT = Path(__file__).resolve().parents[2]


def pure_files() -> list[str]:
    """The files of the pure modules, from the import contract that names them."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    modules = next(one["source_modules"] for one in contracts if one["name"].startswith("The pure modules"))
    files: list[str] = []
    for module in modules:
        path = ROOT.joinpath(*module.split("."))
        files += [str(file) for file in sorted(path.rglob("*.py"))] if path.is_dir() else [f"{path}.py"]
    return files


def main() -> int:
    measured = coverage.Coverage(data_file=str(ROOT / ".coverage"), config_file=str(ROOT / "pyproject.toml"))
    measured.load()
    print("Pure modules, branches included:")
    total = measured.report(include=pure_files(), show_missing=True, skip_covered=True, file=sys.stdout)
    if total < 100:
        print(f"pure modules: {total:.2f} % of branches are tested, 100 % are promised: test the lines named above")
    return 0 if total >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
