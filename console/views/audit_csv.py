"""The audit trail as CSV. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, tzinfo
from typing import Any

from console.views.csv_text import BOM, csv_lines


def audit_csv_header() -> str:
    """The first line, with the byte order mark."""
    return BOM + csv_lines([("时间", "谁", "做了什么", "详情")])


def audit_csv_lines(entries: Iterable[Any], zone: tzinfo) -> str:
    """A line for each entry; times are local."""
    return csv_lines(
        (
            datetime.fromtimestamp(entry.at / 1000, zone).isoformat(sep=" ", timespec="seconds"),
            entry.actor,
            entry.action,
            "; ".join(f"{name}={value}" for name, value in entry.detail.items() if value is not None),
        )
        for entry in entries
    )
