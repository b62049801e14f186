"""The notation of trials: series of values and expected findings, as in Prometheus' rule tests."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from domain import FindingPhase, Instant, Severity, Value
from domain.duration import parse_duration

MAX_SERIES_LENGTH: Final = 10_000

_VERBS: Final = {
    FindingPhase.BEGAN: "begin",
    FindingPhase.GRADED: "grade",
    FindingPhase.STALE: "stale",
    FindingPhase.ENDED: "end",
    FindingPhase.WITHDRAWN: "withdraw",
}

_STEP: Final = re.compile(
    r"(?:(?P<gap>_)|(?P<truth>true|false)|(?P<number>-?\d+(?:\.\d+)?)(?P<slope>[+-]\d+(?:\.\d+)?)?)(?:x(?P<more>\d+))?"
)
_EXPECTED: Final = re.compile(r"(\S+) (begin|grade|stale|end|withdraw)(?: (critical|high|medium|low))?")


def parse_series(written: str) -> list[Value | None]:
    """The values of a series; None where nothing is reported.

    >>> parse_series("2 12x2 _x2 1+2x3 true")
    [2, 12, 12, 12, None, None, 1, 3, 5, 7, True]
    """
    values: list[Value | None] = []
    for part in written.split():
        values += _part(part)
        if len(values) > MAX_SERIES_LENGTH:
            raise ValueError(f"a strip has at most {MAX_SERIES_LENGTH} values: write a larger `every`")
    return values


def _part(part: str) -> list[Value | None]:
    match = _STEP.fullmatch(part)
    if match is None:
        raise ValueError(f"{part!r} is no part of a strip: write 5, 5x3, 1+2x3, true, truex3, _ or _x3")
    more = min(int(match["more"] or 0), MAX_SERIES_LENGTH)
    if match["gap"]:
        return [None] * max(more, 1)
    if match["truth"]:
        return [match["truth"] == "true"] * (more + 1)
    first, slope = _number(match["number"]), _number(match["slope"] or "0")
    # Rounded, so that 312.4+0.001x3 gives the values a person means.
    return [round(first + slope * step, 9) for step in range(more + 1)]


def _number(written: str) -> int | float:
    return float(written) if "." in written else int(written)


def parse_expectation(written: str) -> tuple[Instant, str]:
    """When and what of an expectation.

    >>> parse_expectation("2m10s begin critical")
    (130000, 'begin critical')
    """
    match = _EXPECTED.fullmatch(written)
    graded = match is not None and match[2] in ("begin", "grade")
    if match is None or graded != (match[3] is not None):
        raise ValueError(f"{written!r} is no expectation: write '50s begin critical', '40s grade high' or '130s end'")
    return parse_duration(match[1]), " ".join(part for part in (match[2], match[3]) if part)


def check_step(every: Instant) -> Instant:
    """Raises ValueError for steps that take no time."""
    if every <= 0:
        raise ValueError("must be longer than nothing: write every: 10s")
    return every


def check_start(start: datetime) -> datetime:
    """Raises ValueError for a day and hour that is another instant in every zone."""
    if start.tzinfo is None:
        raise ValueError("needs a time zone: write 2026-10-01T08:00+08:00")
    return start


def format_expectation(after: Instant, phase: FindingPhase, severity: Severity) -> str:
    """A finding in the notation of expectations.

    >>> format_expectation(40_000, FindingPhase.BEGAN, Severity.HIGH)
    '40s begin high'
    >>> format_expectation(60_000, FindingPhase.ENDED, Severity.HIGH)
    '60s end'
    """
    graded = phase in (FindingPhase.BEGAN, FindingPhase.GRADED)
    return f"{after / 1000:g}s {_VERBS[phase]}" + (f" {severity.value}" if graded else "")


def normalize_expectation(written: str) -> str:
    """An expectation as `expectation` writes it.

    >>> normalize_expectation("2m end")
    '120s end'
    """
    after, what = parse_expectation(written)
    return f"{after / 1000:g}s {what}"
