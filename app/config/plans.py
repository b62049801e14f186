"""Plans of a site: `plans/PLACE.svg` (.png, .jpg, .webp), the drawing of a building, a floor or a flat, by its place.

A device stands on the nearest plan around it where its attributes `plan_x` and `plan_y` say so: per cent of the
drawing's width from the left, and of its height from the top.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from app.config.faults import ConfigError, ConfigFault
from app.config.suggestions import missing_reference
from console.site_files_interface import PlanFile

PLANS_FOLDER: Final = "plans"
BYTES_MAX: Final = 8 << 20
"""Of one file: a worker opens it on a phone."""
MEDIA_TYPES: Final = {
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
}
_BEGINS: Final = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/webp": (b"RIFF",),
    "image/svg+xml": (b"<", b"\xef\xbb\xbf<"),
}


def read_plans(site: Path) -> dict[str, PlanFile]:
    """The usable plans of a site by place; those with faults are left out."""
    found: dict[str, PlanFile] = {}
    for file in _files(site):
        if not file_faults(file):
            found.setdefault(file.stem, PlanFile(file, MEDIA_TYPES[file.suffix.lower()]))
    return found


def check_plans(site: Path, places: Collection[str]) -> None:
    """Raises ConfigError with every fault of the folder: names that are no place, and files that are no drawing."""
    faults: list[ConfigFault] = []
    drawn: dict[str, Path] = {}
    for file in _files(site):
        faults += [ConfigFault(str(file), 1, 1, "", message) for message in file_faults(file)]
        if file.stem not in places:
            faults.append(ConfigFault(str(file), 1, 1, "", missing_reference(file.stem, set(places))))
        elif file.stem in drawn:
            message = f"draws {file.stem!r} as {drawn[file.stem].name} does: remove one of them"
            faults.append(ConfigFault(str(file), 1, 1, "", message))
        drawn.setdefault(file.stem, file)
    if faults:
        raise ConfigError(faults)


def file_faults(file: Path) -> list[str]:
    """Why a file cannot be shown as a plan."""
    media_type = MEDIA_TYPES.get(file.suffix.lower())
    if media_type is None:
        return [f"is no drawing that browsers show: save it as one of {', '.join(MEDIA_TYPES)}"]
    try:
        size = file.stat().st_size
        with file.open("rb") as opened:
            begin = opened.read(16)
    except OSError as error:
        return [f"cannot be read: {error.strerror}"]
    if size > BYTES_MAX:
        return [f"has {size} bytes, more than {BYTES_MAX}: save it smaller"]
    if not begin.lstrip(b" \t\r\n").startswith(_BEGINS[media_type]):
        return [f"is no {media_type}: save it as what its name says"]
    return []


def _files(site: Path) -> Iterator[Path]:
    """In the order of their names; those that begin with a dot belong to a program."""
    folder = site / PLANS_FOLDER
    if folder.is_dir():
        yield from sorted(file for file in folder.iterdir() if file.is_file() and not file.name.startswith("."))
