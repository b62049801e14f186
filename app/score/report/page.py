"""A score as one self-contained page: tables, and plots as SVG."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from msgspec import Struct

from app.score.metrics import worst
from app.score.report.terminal import local_time, reasons
from app.score.report.wording import Language, hazard_name, share, span, word
from app.score.run import Result
from console.views.plots import day_plot
from domain import DAY

_SHOWN: Final = 60
_WIDTH: Final = 720
_ROW: Final = 26
_LEFT: Final = 90
_LOG_MAX: Final = 5.0
"""Plots of delays are logarithmic, up to 10⁵ s."""


class Dot(Struct, frozen=True):
    """One incident in the plot of delays."""

    x: float
    y: float
    status: str
    label: str


def render(result: Result, language: Language, compared: Sequence[str] = ()) -> str:
    """The page."""
    outcomes, alerts = worst(result.matches.outcomes, result.matches.alerts, _SHOWN)
    explanations = {one.incident: reasons(one, language) for one in result.explanations}
    page: str = _template().render(
        language=language,
        word=lambda name: word(name, language),
        hazard=lambda name: hazard_name(name, language),
        span=lambda seconds: span(seconds, language),
        share=share,
        time=local_time,
        figures=result.figures,
        remarks=result.remarks,
        hazards=list(result.figures.hazards.items()),
        outcomes=outcomes,
        alerts=alerts,
        explanations=explanations,
        dots=_dots(result),
        rows=list(enumerate(result.figures.hazards)),
        row=_ROW,
        width=_WIDTH,
        left=_LEFT,
        ticks=[(round(_x(10.0**power), 1), span(10.0**power, language)) for power in range(6)],
        days=day_plot(_texts_by_day(result)),
        compared=compared,
    )
    return page


def _dots(result: Result) -> list[Dot]:
    line = {hazard: number for number, hazard in enumerate(result.figures.hazards)}
    dots = []
    for outcome in result.matches.outcomes:
        if outcome.delay_ms is not None and outcome.incident.notify_by is not None:
            y = line[outcome.incident.hazard] * _ROW + _ROW / 2
            label = f"{outcome.incident.title} {outcome.delay_ms / 1000:.0f} s"
            dots.append(Dot(round(_x(outcome.delay_ms / 1000), 1), y, outcome.status.value, label))
    return dots


def _x(seconds: float) -> float:
    from math import log10

    return _LEFT + (_WIDTH - _LEFT - 10) * min(log10(max(seconds, 1.0)), _LOG_MAX) / _LOG_MAX


def _texts_by_day(result: Result) -> list[tuple[Any, int]]:
    run = result.figures.run
    counts = Counter((text.at - run.start) // DAY for text in result.texts if text.phone)
    first = (datetime.fromtimestamp(run.start / 1000, UTC) + timedelta(hours=8)).date()
    return [(first + timedelta(days=day), counts[day]) for day in range(math.ceil(run.days))]


def _template() -> Any:
    environment = Environment(
        loader=PackageLoader("app.score.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("score.html")
