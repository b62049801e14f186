"""`fengshao score`: runs, comparisons and what is printed of them."""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from app.cli.output import Print, progress_bar
from app.cli.score_against import figures_against
from app.cli.score_faults import compare_each
from app.clock import Clock
from app.errors import UserError
from app.score.replay import replay, run_settings
from app.score.report.page import render
from app.score.report.terminal import comparison, lines
from app.score.report.wording import word
from app.score.run import Result, simulate
from app.score.settings import Settings, build_world


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


class How(Struct, frozen=True):
    """Where and how a run is made. `against`: a site, a folder of rulebooks or a commit to compare with; `table`: a
    file for what each fault alone changed; `replay`: the folder of a finished run, whose findings are used in place of
    devices and rules."""

    data: Path | None = None
    processes: int = 1
    against: str | None = None
    faults_each: bool = False
    live_minutes: float = 0
    table: Path | None = None
    replay: Path | None = None


def run_and_print(settings: Settings, how: How, output: Output, echo: Print) -> None:
    """Run, compare, print. Raises UserError, also when a fault alone changed what it does not explain."""
    with _folder(how.data) as folder, _errors_only(), _interruptible(how.data):

        def run(settings: Settings, folder: Path) -> Result:
            return _run(settings, folder, how.processes)

        if how.faults_each:
            compare_each(settings, folder, run, output.language, echo, how.table)
            return
        if how.live_minutes:
            _show(_live(settings, folder, how.live_minutes, echo), [], output, echo)
            return
        if how.replay is not None:
            _show(_replayed(how.replay, folder), [], output, echo)
            return
        result = run(settings, folder if how.against is None else folder / "ours")
        compared: list[str] = []
        if how.against is not None:
            other = figures_against(settings, how.against, folder / "against", run)
            compared = list(comparison(result.figures, other, output.language, how.against))
        _show(result, compared, output, echo)


@contextlib.contextmanager
def _interruptible(data: Path | None) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        kept = "the same command continues at the last midnight" if data else "nothing is kept without --data"
        raise UserError(f"interrupted: {kept}") from None


def _run(settings: Settings, folder: Path, processes: int) -> Result:
    with progress_bar(f"{settings.preset} {settings.seed}") as shown:
        return simulate(settings, folder, lambda done, whole: shown(done / whole), processes=processes)


def _replayed(run: Path, folder: Path) -> Result:
    settings = run_settings(run)
    with progress_bar(f"{settings.preset} {settings.seed}") as shown:
        return replay(run, folder, lambda done: shown(done / (settings.whole.end - settings.whole.start)))


def _live(settings: Settings, folder: Path, minutes: float, echo: Print) -> Result:
    from app.score.live import run_live, today

    settings = today(settings, Clock()())
    world = build_world(settings, folder.parent)
    result, counts = run_live(settings, world, folder, minutes)
    echo(
        f"live: {counts.published} messages over MQTT, {counts.pushed} over HTTP, {counts.reports} reports of "
        f"residents, {counts.refused} refused; {len(result.texts)} texts"
    )
    return result


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
        "remarks": [word(remark, "en") for remark in result.remarks],
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


@contextlib.contextmanager
def _folder(data: Path | None) -> Iterator[Path]:
    if data is not None:
        yield data
        return
    with tempfile.TemporaryDirectory(prefix="fengshao-score-") as folder:
        yield Path(folder) / "run"
