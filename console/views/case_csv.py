"""Alerts as lines of CSV for spreadsheets. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from alerts.analysis.case_figures import GroupBy
from console import messages_zh
from console.security.masking import mask_name
from console.views.csv_text import BOM, Cell, csv_lines
from console.views.figure_names import FigureNames
from domain import Instant

_TIMES: Final = ("started_at", "opened_at", "acknowledged_at", "arrived_at", "resolved_at", "verified_at", "closed_at")


def csv_header() -> str:
    """The first line, with the byte order mark."""
    return BOM + csv_lines([messages_zh.CASE_COLUMNS])


def csv_of_cases(rows: Iterable[Mapping[str, Any]], names: FigureNames, zone: ZoneInfo, *, sees_names: bool) -> str:
    """One line for each alert; the owner's name is masked for those who may not see names."""
    return csv_lines(_cells(row, names, zone, sees_names) for row in rows)


def _cells(row: Mapping[str, Any], names: FigureNames, zone: ZoneInfo, sees_names: bool) -> list[Cell]:
    owner = row["owner_name"] or ""
    return [
        row["id"],
        messages_zh.CASE_STATES.get(row["state"], row["state"]),
        names.group(GroupBy.SEVERITY, row["severity"]),
        names.group(GroupBy.HAZARD, row["hazard"]),
        row["title"],
        names.group(GroupBy.SOURCE, row["source"]),
        names.group(GroupBy.RULE, row["rule"]),
        row["device"],
        row["place"],
        row["address"],
        *(_time(row[name], zone) for name in _TIMES),
        owner if sees_names else mask_name(owner),
        names.group(GroupBy.ROLE, row["role"]) if row["role"] else "",
        names.disposition(row["disposition"]) if row["disposition"] else "",
        row["overdue_count"],
        messages_zh.CASE_EXERCISE if row["exercise"] else "",
    ]


def _time(at: Instant | None, zone: ZoneInfo) -> str:
    return "" if at is None else f"{datetime.fromtimestamp(at / 1000, zone):%Y-%m-%d %H:%M:%S}"
