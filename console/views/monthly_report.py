"""The report of a month: one self-contained HTML page without scripts, for reading and printing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from alerts.analysis.case_figures import GroupBy
from alerts.analysis.durations import Share
from alerts.analysis.statistics import Period, Statistics
from console.views.figure_names import FigureNames
from console.views.plots import CELL, CELL_LEFT, day_plot, heat_cells
from console.views.report_texts import TEXTS
from domain import HOUR, MINUTE, SECOND, Instant

REPORT_GROUPS: Final = (GroupBy.SEVERITY, GroupBy.HAZARD, GroupBy.PLACE, GroupBy.ROLE)
_GROUP_TITLES: Final = {
    GroupBy.SEVERITY: "by_severity",
    GroupBy.HAZARD: "by_hazard",
    GroupBy.PLACE: "by_place",
    GroupBy.ROLE: "by_role",
}
_UNITS: Final = {"zh": ("小时", "分钟", "秒"), "en": (" h", " min", " s")}


class MonthlyReport(Struct, frozen=True):
    """Statistics of one month with the names of their keys. `places`: the place of each device that is named."""

    site: str
    month: str
    area: str
    statistics: Statistics
    period: Period
    names: FigureNames
    places: Mapping[str, str]


def render_html(report: MonthlyReport) -> str:
    """The page."""
    language = report.names.language
    page: str = _template().render(
        t=TEXTS[language],
        language=language,
        report=report,
        found=report.statistics,
        since=_date(report.period.since, report.period.zone),
        until=_date(report.period.until - 1, report.period.zone),
        made=_time(report.period.now, report.period.zone),
        groups=[(_GROUP_TITLES[group], group, rows) for group, rows in report.statistics.groups.items()],
        load=list(load_rows(report)),
        days=day_plot(report.statistics.days),
        cells=heat_cells(report.statistics.hours),
        cell=CELL,
        cell_left=CELL_LEFT,
        percent=percent,
        span=lambda value_ms: span(value_ms, report.names),
    )
    return page


def percent(share: Share | float | None) -> str:
    """A share in per cent; a dash of nothing.

    >>> percent(Share(1, 8)), percent(0.0042), percent(Share())
    ('12.5%', '0.4%', '—')
    """
    ratio = share.ratio if isinstance(share, Share) else share
    return "—" if ratio is None else f"{ratio * 100:.1f}%"


def span(value_ms: int | None, names: FigureNames) -> str:
    """A duration as people say it: 40秒, 2分钟5秒, 1小时3分钟."""
    if value_ms is None:
        return "—"
    hours, minutes, seconds = value_ms // HOUR, value_ms % HOUR // MINUTE, value_ms % MINUTE // SECOND
    unit_hours, unit_minutes, unit_seconds = _UNITS[names.language]
    if hours:
        parts = [f"{hours}{unit_hours}", f"{minutes}{unit_minutes}" if minutes else ""]
    else:
        parts = [f"{minutes}{unit_minutes}" if minutes else "", f"{seconds}{unit_seconds}" if seconds else ""]
    joint = "" if names.language == "zh" else " "
    return joint.join(filter(None, parts)) or f"0{unit_seconds}"


def load_rows(report: MonthlyReport) -> Iterator[tuple[str, str, str]]:
    """Key of the measure, this month's value, recommended value (ISA-18.2-2016, table 7)."""
    load, found = report.statistics.load, report.statistics
    level = TEXTS[report.names.language][load.level.value]
    yield "per_ten_minutes", f"{load.per_ten_minutes:g}（{level}）", "≤ 1 – 2"
    yield "per_day_load", f"{load.per_day:g}", "≤ 150 – 300"
    yield "peak_ten_minutes", str(load.peak_ten_minutes), "≤ 10"
    yield "peak_minute", str(load.peak_minute), "—"
    yield "over_ten", percent(load.over_ten), "< 1%"
    yield "busy_hours", percent(load.busy_hours), "< 1%"
    yield "flood", f"{percent(load.flood)}（{load.floods}）", "< 1%"
    yield "stale", str(found.stale), "< 5"
    yield "chattering", str(len(found.chattering)), "0"


@cache
def _template() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # once a month

    environment = Environment(
        loader=PackageLoader("console.views"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("monthly_report.html")


def _date(at: Instant, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(at / 1000, zone):%Y-%m-%d}"


def _time(at: Instant, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(at / 1000, zone):%Y-%m-%d %H:%M}"
