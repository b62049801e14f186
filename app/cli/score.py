"""`fengshao score`: runs, comparisons and what is printed of them."""

from __future__ import annotations

import contextlib
import logging
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, structs

from app.cli.output import Print, progress_bar
from app.errors import UserError
from app.score.faults_each import changes_of_fault, each_fault
from app.score.metrics import Figures
from app.score.report.page import render
from app.score.report.terminal import comparison, lines
from app.score.run import Result, Settings, simulate

_COMMIT_TIMEOUT_S = 24 * 3600


class Output(Struct, frozen=True):
    """How a score is shown."""

    language: str = "zh"
    as_json: bool = False
    html: Path | None = None


@contextlib.contextmanager
def _errors_only() -> Iterator[None]:
    """Refused messages are what faults are for: their warnings are not shown."""
    log = logging.getLogger("fengshao")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)


def run_and_print(
    settings: Settings, data: Path | None, against: str | None, faults_each: bool, output: Output, echo: Print
) -> None:
    """Run, compare, print."""
    with _folder(data) as folder, _errors_only():
        if faults_each:
            _each(settings, folder, output, echo)
            return
        result = _run(settings, folder if against is None else folder / "ours")
        compared: list[str] = []
        if against is not None:
            other = _other(settings, against, folder / "against")
            compared = list(comparison(result.figures, other, output.language, against))
        _show(result, compared, output, echo)


def _run(settings: Settings, folder: Path) -> Result:
    with progress_bar(f"{settings.preset} {settings.seed}") as shown:
        return simulate(settings, folder, lambda done, whole: shown(done / whole))


def _show(result: Result, compared: list[str], output: Output, echo: Print) -> None:
    if output.html is not None:
        output.html.write_text(render(result, output.language, compared), "utf-8")
    if output.as_json:
        echo(msgspec.json.encode(as_json(result)).decode())
        return
    for line in [*lines(result, output.language), *compared]:
        echo(line)


def as_json(result: Result) -> dict[str, Any]:
    """The figures, every incident with what became of it, and explanations of those that told nobody in time."""
    return {
        "figures": msgspec.to_builtins(result.figures),
        "incidents": [
            {
                "id": outcome.incident.id,
                "kind": outcome.incident.kind,
                "hazard": outcome.incident.hazard,
                "life_safety": outcome.incident.life_safety,
                "begin": outcome.incident.begin,
                "notify_by": outcome.incident.notify_by,
                "status": outcome.status.value,
                "told_at": outcome.text.at if outcome.text else None,
                "text": outcome.text.text if outcome.text else None,
            }
            for outcome in result.matches.outcomes
        ],
        "false_alerts": [
            {"alert": alert.alert, "at": alert.first.at, "text": alert.first.text, "nuisances": list(alert.nuisances)}
            for alert in result.matches.alerts
            if alert.is_false
        ],
        "explanations": msgspec.to_builtins(result.explanations),
    }


def _other(settings: Settings, against: str, folder: Path) -> Figures:
    """The figures of the run that is compared: another site, a folder of rulebooks, or a commit of this repository."""
    path = Path(against)
    if path.is_dir():
        return _run(structs.replace(settings, site=str(_as_site(path, folder))), folder / "run").figures
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
    """Run the command of another commit in a work tree of its own, with this interpreter."""
    root = Path(__file__).parents[2]
    tree = folder / "tree"
    if not tree.exists():
        _git(root, "worktree", "add", "--detach", str(tree.resolve()), commit)
    try:
        arguments = [
            sys.executable, "-c", "from app.cli.main import main; main()", "score", "--json",
            "--preset", settings.preset, "--seed", str(settings.seed), "--days", str(settings.days),
            "--per-week", str(settings.per_week), "--faults", ",".join(settings.faults) or "none",
            "--data", str((folder / "run").resolve()),
        ]  # fmt: skip
        answer = subprocess.run(  # noqa: S603 (our own command)
            arguments, cwd=tree, env={"PYTHONPATH": str(tree.resolve())}, capture_output=True, check=False,
            timeout=_COMMIT_TIMEOUT_S,
        )  # fmt: skip
        if answer.returncode:
            last = answer.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
            raise UserError(f"--against {commit}: its `fengshao score` failed: {' '.join(last)}")
        return msgspec.convert(msgspec.json.decode(answer.stdout)["figures"], Figures)
    finally:
        _git(root, "worktree", "remove", "--force", str(tree.resolve()))


def _git(root: Path, *arguments: str) -> None:
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=False)  # noqa: S603, S607
    if done.returncode:
        raise UserError(f"git {arguments[0]} {arguments[1]}: {done.stderr.decode('utf-8', 'replace').strip()}")


def _each(settings: Settings, folder: Path, output: Output, echo: Print) -> None:
    base = _run(structs.replace(settings, faults=()), folder / "none")
    for fault in each_fault():
        result = _run(structs.replace(settings, faults=(fault,)), folder / fault)
        for line in changes_of_fault(fault, base, result, output.language):
            echo(line)


@contextlib.contextmanager
def _folder(data: Path | None) -> Iterator[Path]:
    if data is not None:
        yield data
        return
    with tempfile.TemporaryDirectory(prefix="fengshao-score-") as folder:
        yield Path(folder) / "run"
