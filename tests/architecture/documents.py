"""Finds references in Markdown documents that lead nowhere: links to files, paths and names of code in backticks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

PACKAGES: Final = ("app", "alerts", "console", "domain", "ingest", "rules", "simulators", "store")
FOLDERS: Final = (*PACKAGES, "benchmarks", "deploy", "docs", "tests")
FOREIGN_NAMES: Final = (
    "Array.prototype", "Courier", "LoRaObject", "Object.prototype", "TYPE_CHECKING", "URLSafeTimedSerializer",
)  # fmt: skip
"""Names that documents mention although our code does not define them: former ones, and those of other languages and
libraries.
"""

_CODE_BLOCK: Final = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)
_LINK: Final = re.compile(r"\]\((?!https?:)([^)#\s]+)[^)]*\)")
_CODE: Final = re.compile(r"`([^`]+)`")
_PATH: Final = re.compile(rf"(?:{'|'.join(FOLDERS)})/[\w./*-]*")
_MODULE: Final = re.compile(rf"(?:{'|'.join(PACKAGES)})(\.[a-z_]+)+")
_NAME: Final = re.compile(r"[A-Z][a-z]+[A-Z]\w*(\.\w+)?|[A-Z][A-Z0-9]*_[A-Z0-9_]+|[A-Z][a-z]\w+\.\w+")
"""`TwoWords`, `TwoWords.attribute`, `Word.attribute`, `A_CONSTANT`."""


def broken_links(document: Path, text: str) -> Iterator[str]:
    """Links to local files that do not exist, as `file: target`."""
    for target in _LINK.findall(_CODE_BLOCK.sub("", text)):
        if not (document.parent / target).exists():
            yield f"{document}: {target}"


def missing_paths(document: Path, text: str, files: Sequence[str]) -> Iterator[str]:
    """Paths in backticks that match no file or folder of the repository, as `file: path`. `*` matches anything.

    Dotted names of modules count as paths; their last part may be a name inside the module.
    """
    for code in _CODE.findall(_CODE_BLOCK.sub("", text)):
        if _PATH.fullmatch(code) and not _exists(code, files):
            yield f"{document}: {code}"
        elif _MODULE.fullmatch(code):
            module = code.replace(".", "/")
            candidates = (module, f"{module}.py", f"{module.rpartition('/')[0]}.py")
            if not any(_exists(path, files) for path in candidates):
                yield f"{document}: {code}"


def _exists(path: str, files: Sequence[str]) -> bool:
    return any(fnmatch(file, path) or file.startswith(f"{path.rstrip('/')}/") for file in files)


def unknown_names(document: Path, text: str, words: frozenset[str]) -> Iterator[str]:
    """Names of classes, attributes and constants in backticks that occur nowhere in the code, as `file: name`."""
    for code in _CODE.findall(_CODE_BLOCK.sub("", text)):
        name = code.split("(")[0]
        if _NAME.fullmatch(name) and name not in FOREIGN_NAMES and not words.issuperset(name.split(".")):
            yield f"{document}: {name}"


def words_of(sources: Iterator[str]) -> frozenset[str]:
    """Every word of the code that may be a name."""
    return frozenset(word for source in sources for word in re.findall(r"[A-Za-z_]\w*", source))
