"""The pure modules: the list that the import contract in pyproject.toml names."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def pure_files() -> list[Path]:
    """The files of the pure modules."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    modules = next(one["source_modules"] for one in contracts if one["name"].startswith("The pure modules"))
    files: list[Path] = []
    for module in modules:
        path = ROOT.joinpath(*module.split("."))
        files += sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
    return files


def pure_modules() -> list[str]:
    """The names of the pure modules, as they are imported."""
    names = (".".join(file.relative_to(ROOT).with_suffix("").parts) for file in pure_files())
    return [name.removesuffix(".__init__") for name in names]
