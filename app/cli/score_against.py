"""`fengshao score --against`: the figures of the run that is compared."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec
from msgspec import structs

from app.errors import UserError
from app.score.metrics import Figures
from app.score.run import Result
from app.score.settings import START, Settings, date_of

RunIn = Callable[[Settings, Path], Result]
"""Runs settings in a folder."""
_COMMIT_TIMEOUT_S: Final = 24 * 3600


def figures_against(settings: Settings, against: str, folder: Path, run: RunIn) -> Figures:
    """The figures of the run that is compared: another site, a folder of rulebooks, or a commit of this repository."""
    path = Path(against)
    if path.is_dir():
        return run(structs.replace(settings, site=str(_as_site(path, folder))), folder / "run").figures
    return _of_commit(settings, against, folder)


def _as_site(path: Path, folder: Path) -> Path:
    """A site's folder itself; a folder of rulebooks as a site that has only these."""
    if (path / "rules").is_dir() or (path / "site.yaml").exists() or (path / "ladders.yaml").exists():
        return path.resolve()
    if not any(path.glob("*.yaml")):
        raise UserError(f"--against {path}: is no site and holds no rulebook (*.yaml)")
    site = folder / "site"
    site.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        (site / "rules").symlink_to(path.resolve(), target_is_directory=True)
    return site


def _of_commit(settings: Settings, commit: str, folder: Path) -> Figures:
    """Run the command of another commit, from its own files, with this interpreter and its libraries."""
    tree = _tree(commit, folder)
    arguments = [
        sys.executable, "-c", "from app.cli.main import main; main()", "score", "--json",
        "--preset", settings.preset, "--seed", str(settings.seed), "--days", str(settings.days),
        "--per-week", str(settings.per_week), "--faults", ",".join(settings.faults) or "none",
        "--data", str((folder / "run").resolve()), *_newer_options(settings),
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(tree.resolve())}
    answer = subprocess.run(  # noqa: S603 (our own command)
        arguments, cwd=tree, env=environment, capture_output=True, check=False, timeout=_COMMIT_TIMEOUT_S
    )
    if answer.returncode:
        last = answer.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise UserError(f"--against {commit}: its `fengshao score` failed: {' '.join(last)}")
    return msgspec.convert(msgspec.json.decode(answer.stdout)["figures"], Figures)


def _newer_options(settings: Settings) -> Iterator[str]:
    """Options that a commit from before them does not have: given only where they say something else."""
    if settings.site:
        yield from ("--site", settings.site)
    if settings.intensity != 1:
        yield from ("--intensity", str(settings.intensity))
    if settings.start != START:
        yield from ("--from", f"{date_of(settings.start):%Y-%m-%d}")


def _tree(commit: str, folder: Path) -> Path:
    """The files of a commit, without a work tree: nothing of it remains in the repository."""
    root = Path(__file__).parents[2]
    known = _git(root, "rev-parse", "--verify", "--end-of-options", f"{commit}^{{commit}}").decode().strip()
    tree = folder / f"tree-{known[:12]}"
    if not tree.exists():
        partial = folder / "partial"
        shutil.rmtree(partial, ignore_errors=True)
        with tarfile.open(fileobj=io.BytesIO(_git(root, "archive", "--format=tar", known))) as files:
            files.extractall(partial, filter="data")
        partial.rename(tree)
    return tree


def _git(root: Path, *arguments: str) -> bytes:
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=False)  # noqa: S603, S607
    if done.returncode:
        refused = done.stderr.decode("utf-8", "replace").strip()
        raise UserError(f"--against: no site, no folder of rulebooks, and no commit here: {refused}")
    return done.stdout
