"""Prints a backtest: a table of statistics and a comparison, in Chinese."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Final
from unicodedata import east_asian_width

from domain import DAY, HOUR, MINUTE, Instant
from rules.tools.backtest import Comparison, Episode, RuleStatistics

SEVERITIES: Final = {"critical": "紧急", "high": "高", "medium": "中", "low": "低"}
MOST_SHOWN: Final = 10
_BARS: Final = " ▁▂▃▄▅▆▇█"
_HOURS: Final = "|0     6     12    18  23|"
_HEAD: Final = ("规则", "级别", "盯着", "发现", "每天", "一般多久", "没结束", _HOURS, "最多的对象")


def statistics_table(found: Sequence[RuleStatistics], days: float) -> list[str]:
    """The statistics as lines of text."""
    rows = [_HEAD, *(_row(line, days) for line in found)]
    widths = [max(_width(row[column]) for row in rows) for column in range(len(_HEAD) - 1)]
    lines = ["  ".join([*map(_padded, row, widths), row[-1]]).rstrip() for row in rows]
    blind = [line.rule for line in found if line.watched == 0]
    return [*lines, f"没有这些规则看的设备：{', '.join(blind)}"] if blind else lines


def _row(line: RuleStatistics, days: float) -> tuple[str, ...]:
    severity = SEVERITIES[line.severity] + ("·维保" if line.ledger == "health" else "")
    return (
        f"{line.rule} {line.title}{'（试运行）' if line.shadow else ''}",
        severity,
        f"{line.watched} 台",
        str(line.found),
        f"{line.found / days:.2f}",
        "-" if line.median_ms is None else span(line.median_ms),
        str(line.standing) + (f"（失联 {line.stale}）" if line.stale else ""),
        f"|{bars(line.by_hour)}|" if line.found else "",
        "；".join(_named(line)) or "-",
    )


def _named(line: RuleStatistics) -> Iterator[str]:
    for subject, times in list(line.subjects.items())[:3]:
        where = line.places.get(subject, "")
        yield f"{subject}{f'（{where}）' if where and where != subject else ''} {times} 次"


def bars(counts: Sequence[int]) -> str:
    """One sign for each, as high as its share of the highest.

    >>> bars([0, 1, 4, 8])
    ' ▁▄█'
    """
    top = max(*counts, 1)
    return "".join(_BARS[-(-count * (len(_BARS) - 1) // top)] for count in counts)


def comparison_lines(found: Comparison, names: Mapping[str, str], zone: tzinfo) -> list[str]:
    """The comparison as lines of text, the first ten of each side."""
    sides = ((names["ours"], found.only_ours), (names["theirs"], found.only_theirs))
    lines = ["；".join([f"两册都发现 {found.both}", *(f"只有 {name} 发现 {len(side)}" for name, side in sides)])]
    if found.later_ms:
        way = "晚" if found.later_ms > 0 else "早"
        lines.append(f"两册都发现的，{names['theirs']} 一般{way} {span(abs(found.later_ms))} 报")
    for rule, (both, ours, theirs) in found.by_rule.items():
        if ours or theirs:
            lines.append(f"  {rule}：都有 {both}，只有 {names['ours']} {ours}，只有 {names['theirs']} {theirs}")
    for name, side in sides:
        lines += [f"  只有 {name}: {_found(one, zone)}" for one in side[:MOST_SHOWN]]
        if len(side) > MOST_SHOWN:
            lines.append(f"  只有 {name}: 另有 {len(side) - MOST_SHOWN} 条，--json 给出全部")
    return lines


def _found(one: Episode, zone: tzinfo) -> str:
    lasted = "没有结束" if one.end is None else span(one.end - one.begin)
    where = f" {one.where}" if one.where and one.where != one.subject else ""
    return f"{local(one.begin, zone)} {one.rule} {SEVERITIES[one.severity]} {one.subject}{where}，{lasted}"


def local(at: Instant, zone: tzinfo) -> str:
    """An instant by the clock on the wall."""
    return f"{datetime.fromtimestamp(at / 1000, zone):%Y-%m-%d %H:%M:%S}"


def span(ms: int) -> str:
    """A duration in Chinese, its two largest units.

    >>> span(90_061_000), span(45_000), span(0)
    ('1天1小时', '45秒', '0秒')
    """
    parts = []
    for unit, event in ((DAY, "天"), (HOUR, "小时"), (MINUTE, "分"), (1000, "秒")):
        count, ms = divmod(ms, unit)
        if count:
            parts.append(f"{count}{event}")
    return "".join(parts[:2]) or "0秒"


def _width(text: str) -> int:
    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
