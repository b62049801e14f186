"""Keeps tests where they are looked for: `a/b/c.py` is tested by `tests/a/b/test_c.py` or `tests/a/b/test_c_topic.py`.

A module whose tests stand elsewhere is named in mirror.toml with the file that tests it. Run by `make check`.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

ELSEWHERE: Final = Path(__file__).with_name("mirror.toml")


def mirror_faults(root: Path, packages: Sequence[str], elsewhere: Mapping[str, str] | None = None) -> Iterator[str]:
    """Every module without a test file, and every entry of mirror.toml that is not needed or names no file."""
    named = tomllib.loads(ELSEWHERE.read_text("utf-8")) if elsewhere is None else elsewhere
    modules = {module: file for package in packages for module, file in _modules(root, package)}
    for module, file in modules.items():
        here = _test_files(root, file)
        if module in named:
            if here:
                yield f"mirror.toml: {module} has tests at {here[0].relative_to(root)}: remove the entry"
            elif not (root / named[module]).is_file():
                yield f"mirror.toml: {module}: {named[module]} does not exist"
        elif not here:
            expected = Path("tests", *module.split(".")[:-1], f"test_{module.split('.')[-1]}.py")
            yield f"{file.relative_to(root)}: no test: write {expected}, or name in mirror.toml the file that tests it"
    yield from (f"mirror.toml: {module} does not exist" for module in named if module not in modules)


def _modules(root: Path, package: str) -> Iterator[tuple[str, Path]]:
    """Modules that hold code, by dotted name."""
    for file in sorted((root / package).rglob("*.py")):
        parts = file.relative_to(root).with_suffix("").parts
        if not {"web", "migrations"} & set(parts) and parts[-1] != "__main__" and _holds_code(file):
            yield ".".join(parts).removesuffix(".__init__"), file


def _holds_code(file: Path) -> bool:
    statements = ast.parse(file.read_text("utf-8")).body
    return any(not isinstance(one, ast.Expr | ast.Import | ast.ImportFrom) for one in statements)


def _test_files(root: Path, file: Path) -> Sequence[Path]:
    relative = file.relative_to(root)
    if relative.name == "__init__.py":
        folder, name = root / "tests" / relative.parent.parent, relative.parent.name
        inside = sorted((root / "tests" / relative.parent).glob("test_*.py"))
    else:
        folder, name, inside = root / "tests" / relative.parent, relative.stem, []
    return [*sorted(folder.glob(f"test_{name}.py")), *sorted(folder.glob(f"test_{name}_*.py")), *inside]
