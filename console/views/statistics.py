"""Statistics as the API returns them, with names in Chinese."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from alerts.analysis.bad_actors import BadActor
from alerts.analysis.case_figures import CaseFigures, CaseGroup, GroupBy
from alerts.analysis.durations import DurationSummary, Share
from alerts.analysis.statistics import Period, Statistics
from console.views.figure_names import FigureNames


def statistics_view(
    found: Statistics, period: Period, place: str | None, names: FigureNames, places: Mapping[str, str]
) -> dict[str, Any]:
    """All figures; `places` has the place of each device that is named."""
    load = found.load
    return {
        "from": period.since,
        "to": period.until,
        "place": place,
        "cases": figures_view(found.cases),
        "groups": {group: [_group(one, group, names) for one in rows] for group, rows in found.groups.items()},
        "load": {**{name: getattr(load, name) for name in load.__struct_fields__}, "stale": found.stale},
        "bad_actors": {
            "devices": _actors(found.bad_actors.devices, lambda key: names.device(key, places)),
            "rules": _actors(found.bad_actors.rules, names.rule),
            "chattering": _actors(found.chattering, lambda key: _chattering_title(key, names, places)),
            "share_of_top_ten": found.bad_actors.share_of_top_ten,
        },
        "dispositions": found.dispositions,
        "undecided": found.undecided,
        "deliveries": [{name: getattr(row, name) for name in row.__struct_fields__} for row in found.deliveries],
        "hours": [list(row) for row in found.hours],
        "days": [{"day": day.isoformat(), "count": count} for day, count in found.days],
        "exercises": figures_view(found.exercises),
    }


def figures_view(figures: CaseFigures) -> dict[str, Any]:
    """One set of figures as plain values."""
    return {name: _plain(getattr(figures, name)) for name in figures.__struct_fields__}


def _plain(value: int | Share | DurationSummary) -> Any:
    if isinstance(value, Share):
        ratio = value.ratio
        return {"count": value.count, "total": value.total, "ratio": None if ratio is None else round(ratio, 4)}
    if isinstance(value, DurationSummary):
        return {name: getattr(value, name) for name in value.__struct_fields__}
    return value


def _group(group: CaseGroup, by: GroupBy, names: FigureNames) -> dict[str, Any]:
    return {"key": group.key, "title": names.group(by, group.key), **figures_view(group.figures)}


def _actors(actors: Iterable[BadActor], title: Callable[[str], str]) -> list[dict[str, Any]]:
    return [
        {**{name: getattr(actor, name) for name in actor.__struct_fields__}, "title": title(actor.id)}
        for actor in actors
    ]


def _chattering_title(key: str, names: FigureNames, places: Mapping[str, str]) -> str:
    rule, _, device = key.partition("/")
    return f"{names.rule(rule)}：{names.device(device, places)}"
