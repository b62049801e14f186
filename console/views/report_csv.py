"""The report of a month as CSV: one figure a line, with section, key, name, figure and value. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from alerts.analysis.bad_actors import BadActor
from alerts.analysis.case_figures import CaseFigures
from alerts.analysis.durations import DurationSummary, Share
from console.views.csv_text import Cell, csv_document
from console.views.monthly_report import MonthlyReport, load_rows
from console.views.report_texts import TEXTS

Row = tuple[Cell, ...]
_ACTOR_FIGURES = ("count", "share", "real", "false")


def render_csv(report: MonthlyReport) -> str:
    """The document."""
    return csv_document(_rows(report))


def _rows(report: MonthlyReport) -> Iterator[Row]:
    found, names, texts = report.statistics, report.names, TEXTS[report.names.language]
    yield "section", "key", "name", "figure", "value"
    yield from _figures("cases", "", texts["key_figures"], found.cases)
    for group, rows in found.groups.items():
        for row in rows:
            yield from _figures(group.value, row.key, names.group(group, row.key), row.figures)
    yield from (("load", "", texts[name], name, value) for name, value, _ in load_rows(report))
    yield from _actors("bad_device", found.bad_actors.devices, lambda key: names.device(key, report.places))
    yield from _actors("bad_rule", found.bad_actors.rules, names.rule)
    yield from _counts(report)
    yield from _figures("exercise", "", texts["exercises"], found.exercises)


def _counts(report: MonthlyReport) -> Iterator[Row]:
    found, names, texts = report.statistics, report.names, TEXTS[report.names.language]
    for key, count in found.dispositions.items():
        yield "disposition", key, names.disposition(key), "count", count
    yield "disposition", "", texts["undecided"], "count", found.undecided
    for sent in found.deliveries:
        key = "/".join((sent.channel, sent.provider, sent.state, sent.code))
        yield "delivery", key, f"{names.channel(sent.channel)} {names.delivery_state(sent.state)}", "count", sent.count
    yield from (("day", day.isoformat(), "", "count", count) for day, count in found.days)
    for weekday, counts in enumerate(found.hours, 1):
        yield from (("hour", f"{weekday}-{hour:02}", "", "count", count) for hour, count in enumerate(counts))


def _actors(section: str, actors: Iterable[BadActor], title: Callable[[str], str]) -> Iterator[Row]:
    for actor in actors:
        yield from ((section, actor.id, title(actor.id), name, getattr(actor, name)) for name in _ACTOR_FIGURES)


def _figures(section: str, key: str | None, title: str, figures: CaseFigures) -> Iterator[Row]:
    for name in figures.__struct_fields__:
        yield from ((section, key, title, *cells) for cells in _figure_cells(name, getattr(figures, name)))


def _figure_cells(name: str, value: int | Share | DurationSummary) -> Iterator[tuple[str, Cell]]:
    if isinstance(value, DurationSummary):
        yield from ((f"{name}_{part}", getattr(value, part)) for part in value.__struct_fields__)
    elif isinstance(value, Share):
        yield f"{name}_count", value.count
        yield f"{name}_total", value.total
    else:
        yield name, value
