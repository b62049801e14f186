"""The version of the program; those of the registry, the rulebooks and the decoder in one line, for marks.

Together with the marks, the journal tells which decoder and which rules produced a reading or a finding.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

from ingest.decoding.decoder import Decoder
from rules.rulebook.model import Rulebook


def installed_version() -> str:
    """The version of the program; empty where it runs from a folder that was not installed."""
    try:
        return version("fengshao")
    except PackageNotFoundError:
        return ""


def registry_detail(number: int) -> str:
    """The version that every change of the registry increments.

    >>> registry_detail(41)
    'registry 41'
    """
    return f"registry {number}"


def definitions_detail(books: Iterable[Rulebook], decoder: Decoder) -> str:
    """Rulebooks, and the adapter, mapping and codec versions of the decoder: `gas@3, …; native: adapter 1, …; …`."""
    decoders = [f"{name}: {version}" for name, version in decoder.versions.items()]
    return "; ".join([", ".join(f"{book.hazard}@{book.version}" for book in books), *decoders])
