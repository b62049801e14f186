"""Requests to the rule tools, as values: they run in this process or are sent to a worker process as JSON."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from domain import Instant

Progress = Callable[[float], None]
"""Called with the part that is done, from 0 to 1."""


def no_progress(_part: float) -> None:
    """For callers that show no progress."""


class CheckRequest(Struct, frozen=True, tag="check"):
    """Check rulebooks and trials; no files: all active rulebooks."""

    files: list[Path]
    site: Path | None = None


class TestRequest(Struct, frozen=True, tag="test"):
    """Run the trials beside rulebooks; no files: all active rulebooks."""

    __test__ = False

    files: list[Path]
    site: Path | None = None


class BacktestRequest(Struct, frozen=True, tag="backtest"):
    """Run a rulebook, and optionally another one, over recorded data from `start` to `end`.

    `history` is the file with the readings, where it is not that of `data`; `processes` None: chosen by the number of
    devices.
    """

    rulebook: Path
    data: Path
    start: Instant
    end: Instant
    against: Path | None = None
    site: Path | None = None
    history: Path | None = None
    processes: int | None = None


class ExplainRequest(Struct, frozen=True, tag="explain"):
    """Explain an active rule for a device or group at an instant, by replaying `since_ms` before it.

    `rulebooks` are the active rulebooks of a running service, encoded by rules.rulebook.serialization: the files on
    disk may be newer.
    """

    rule: str
    device: str
    at: Instant
    data: Path
    since_ms: int | None = None
    site: Path | None = None
    history: Path | None = None
    rulebooks: bytes | None = None


class ScoreRequest(Struct, frozen=True, tag="score"):
    """Compare a rulebook with the one of its name in force by what people are told in a simulated town (app.score).

    `folder` is for the files of the runs; `faults`: with all faults of devices, networks and people.
    """

    rulebook: Path
    folder: Path
    site: Path | None = None
    days: int = 1
    faults: bool = True


ToolRequest = CheckRequest | TestRequest | BacktestRequest | ExplainRequest
