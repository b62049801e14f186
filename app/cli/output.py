"""Formats what commands print: progress on a terminal, JSON, values and local times."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import click

from app.rule_tools.requests import Progress
from console.timestamps import encode_json
from domain import Instant

Print = Callable[[str], None]
PROGRESS_STEPS = 1000


@contextmanager
def progress_bar(label: str) -> Iterator[Progress]:
    """A progress bar on stderr; hidden when stderr is not a terminal."""
    bar = click.progressbar(length=PROGRESS_STEPS, label=label, hidden=not sys.stderr.isatty(), file=sys.stderr)
    with bar as shown:
        yield lambda part: shown.update(max(round(part * PROGRESS_STEPS) - shown.pos, 0))


def format_json(answer: object, zone: ZoneInfo) -> str:
    """One JSON object, its instants as RFC 3339 times of `zone`."""
    return json.dumps(json.loads(encode_json(answer, zone)), ensure_ascii=False)


def format_time(at: Instant, zone: tzinfo) -> str:
    """An instant as RFC 3339 with milliseconds."""
    return datetime.fromtimestamp(at / 1000, zone).isoformat(timespec="milliseconds")


def format_value(value: Any) -> str:
    """A value of an answer in one line: `key=value, ...` for a mapping, `a; b` for a list."""
    if isinstance(value, dict):
        return ", ".join(f"{key}={item}" for key, item in value.items())
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)
