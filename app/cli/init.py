"""`fengshao init FOLDER`: writes a small, commented site that is right as it stands and can be grown."""

from __future__ import annotations

import shutil
from pathlib import Path

BLANK = Path(__file__).resolve().parent / "site_template"


class FolderInUse(Exception):
    """The folder holds something already; nothing was written."""


def write_site(folder: Path) -> list[Path]:
    """Copies the blank site into a new or empty folder and returns the files it wrote."""
    if folder.exists() and any(folder.iterdir()):
        raise FolderInUse(f"{folder} is not empty: name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    return [Path(shutil.copy(file, folder / file.name)) for file in sorted(BLANK.iterdir())]
