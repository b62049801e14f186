"""`fengshao init FOLDER`: writes a small, commented site folder without faults, to be extended."""

from __future__ import annotations

import shutil
from pathlib import Path

from app.errors import UserError

SITE_TEMPLATE = Path(__file__).resolve().parent / "site_template"


class FolderNotEmpty(UserError):
    """The folder is not empty; nothing was written."""


def write_site_template(folder: Path) -> list[Path]:
    """Copy the template into a new or empty folder; returns the files. Raises FolderNotEmpty."""
    if folder.exists() and any(folder.iterdir()):
        raise FolderNotEmpty(f"{folder} is not empty: name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    return [Path(shutil.copy(file, folder / file.name)) for file in sorted(SITE_TEMPLATE.iterdir())]
