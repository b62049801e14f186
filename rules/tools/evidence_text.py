"""A line of evidence as a person reads it, in Chinese and English."""

from __future__ import annotations

import re
from typing import Final

from domain import Evidence, Value
from domain.duration import format_duration
from domain.kind import Kind, LocalizedText
from rules.language.functions import FUNCTIONS

DERIVED_LABELS: Final = {
    "date": LocalizedText(zh="日期", en="Date"),
    "elevation_deg": LocalizedText(zh="太阳高度", en="Elevation of the sun"),
    "count": LocalizedText(zh="数量", en="Number"),
    "detail": LocalizedText(zh="说明", en="Detail"),
    "device": LocalizedText(zh="设备", en="Device"),
    "distance_m": LocalizedText(zh="离登记地点", en="Distance from the place written down"),
    "dropped": LocalizedText(zh="丢弃条数", en="Messages dropped"),
    "fault": LocalizedText(zh="错误", en="Fault"),
    "heard": LocalizedText(zh="最近一次消息", en="Last message"),
    "identity": LocalizedText(zh="标识", en="Identity"),
    "reason": LocalizedText(zh="原因", en="Reason"),
    "retained": LocalizedText(zh="保留消息，时间不明", en="Retained message of unknown age"),
    "seconds": LocalizedText(zh="持续秒数", en="Seconds it lasted"),
}
"""What is no quantity of a kind."""
_WINDOW: Final = re.compile(
    r"(?P<function>\w+)(?: (?P<span>\w+))?(?: offset (?P<offset>\w+))?(?: ahead (?P<ahead>\w+))?"
    r"(?: where (?P<test>.*))?"
)
"""How a value was computed: `count 5m where lel_pct > 10` (rules/compiled/condition.py writes it)."""
_SPANS: Final = {"d": "天", "h": "小时", "ms": "毫秒", "m": "分钟", "s": "秒"}
_LETTERS: Final = re.compile("[a-z]+")
_UNITS: Final = {"bpm": "次/分", "steps": "步", "deg": "°", "min": "分钟", "m": "米", "d": "天"}


def describe_evidence(line: Evidence, kind: Kind) -> tuple[str, str]:
    """A line of evidence as text in Chinese and English; of another rule, its title.

    >>> describe_evidence(Evidence("distance_m", 812.5, "m", 200), Kind.model_construct(quantities={}))
    ('离登记地点 812.5 米（限值 200 米）', 'Distance from the place written down 812.5 m (limit 200 m)')
    """
    name = evidence_label(line, kind)
    zh, en = (
        of if line.value is True else f"{of} {_format_value(line.value, line.unit, words, in_zh)}"
        for of, words, in_zh in ((name.zh, ("否", "没有"), True), (name.en, ("no", "none"), False))
    )
    if line.limit is None or isinstance(line.limit, bool):
        return zh, en
    limits = (_format_value(line.limit, line.unit, ("", ""), in_zh) for in_zh in (True, False))
    return f"{zh}（限值 {next(limits)}）", f"{en} (limit {next(limits)})"


def evidence_label(line: Evidence, kind: Kind | None) -> LocalizedText:
    """The label of a line: of a quantity, of a derived value, or of another rule.

    >>> evidence_label(Evidence("volume_m3", 0.0, "min", 60.0, window="idle 1d"), None)
    LocalizedText(zh='近1天volume_m3最长不变', en='volume_m3, longest standstill in 1d')
    """
    declared = kind.quantities.get(line.quantity) if kind is not None else None
    plain = DERIVED_LABELS.get(line.quantity, LocalizedText(zh=line.quantity, en=line.name_en or line.quantity))
    name = declared.name if declared else plain
    window = _WINDOW.fullmatch(line.window)
    return name if window is None or window["function"] not in FUNCTIONS else _window_label(name, line, window)


def _window_label(name: LocalizedText, line: Evidence, window: re.Match[str]) -> LocalizedText:
    """The name of a window over a quantity: over how long, how long ago, how far ahead, of which samples."""
    label, span, ahead = FUNCTIONS[window["function"]].label, window["span"], window["ahead"]
    if test := window["test"]:
        # The sign and the limit suffice where the name of the quantity stands before them.
        test = test.removeprefix(f"{line.quantity} ")
        name = LocalizedText(zh=f"{name.zh}（{test}）", en=f"{name.en} ({test})")
    if ahead:
        forecast = f"{label.en} for {ahead} ahead by the last {span}"
        found = LocalizedText(
            zh=f"照近{_span_zh(span)}{name.zh}，{_span_zh(ahead)}后{label.zh}", en=f"{name.en}, {forecast}"
        )
    elif not span or f"/{span}" in line.unit:
        found = LocalizedText(zh=f"{name.zh}{label.zh}", en=f"{name.en}, {label.en}")
    else:
        found = LocalizedText(zh=f"近{_span_zh(span)}{name.zh}{label.zh}", en=f"{name.en}, {label.en} in {span}")
    if not (offset := window["offset"]):
        return found
    return LocalizedText(zh=f"{_span_zh(offset)}前的{found.zh}", en=f"{found.en}, {offset} earlier")


def _format_value(value: Value | None, unit: str, words: tuple[str, str], in_zh: bool) -> str:
    no, none = words
    if value is None:
        return none
    if isinstance(value, bool):
        return no
    if unit == "ms" and not isinstance(value, str):
        span = format_duration(int(value))
        return _span_zh(span) if in_zh else span
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    shown = _UNITS.get(unit, unit) if in_zh else unit
    return f"{whole}{'' if not unit or unit.startswith('/') else ' '}{shown}"


def _span_zh(span: str) -> str:
    """
    >>> _span_zh("1d12h")
    '1天12小时'
    """
    return _LETTERS.sub(lambda found: _SPANS[found[0]], span)
