"""What people wrote as data, read from the packages and from a site folder: kinds, mappings, rulebooks, ladders.

A site's files stand beside the built-in ones; a site file of the same name replaces the built-in one.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from app.written import read_model
from domain.kind import CommonQuantities, Kind

ROOT = Path(__file__).resolve().parent.parent
KINDS = ROOT / "domain" / "kinds"
MAPPINGS = ROOT / "ingest" / "mappings"
BOOKS = ROOT / "rules" / "books"
LADDERS = ROOT / "alerts" / "ladders"


def yaml_files(built_in: Path, site: Path | None) -> list[Path]:
    """The YAML files of a shelf by name, the site's own winning; trials (`*_test.yaml`) are not among them."""
    found: dict[str, Path] = {}
    for folder in (built_in, site):
        if folder is not None and folder.is_dir():
            found.update({file.name: file for file in sorted(folder.glob("*.yaml"))})
    return [file for name, file in sorted(found.items()) if not name.endswith("_test.yaml")]


def load_kinds(site: Path | None = None) -> Mapping[str, Kind]:
    """Every kind by name, with the quantities that all kinds have."""
    files = yaml_files(KINDS, site and site / "kinds")
    common = read_model(KINDS / "common.yaml", CommonQuantities).common
    kinds = [read_model(file, Kind) for file in files if file.name != "common.yaml"]
    return {kind.kind: kind.with_common(common) for kind in kinds}
