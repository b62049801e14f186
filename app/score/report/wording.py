"""The words of a score in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

Language = str
"""`zh` or `en`."""

_WORDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "title": ("通知质量评分", "Score of notifications"),
        "run": ("运行", "Run"),
        "preset": ("规模", "preset"),
        "seed": ("种子", "seed"),
        "days": ("天数", "days"),
        "faults": ("故障", "faults"),
        "none": ("无", "none"),
        "devices": ("设备", "devices"),
        "messages": ("消息", "messages"),
        "incidents": ("事件", "incidents"),
        "life_safety_recall": ("生命安全事件已通知", "life-safety incidents notified"),
        "life_safety_in_time": ("其中按时", "of these in time"),
        "other_recall": ("其他事件已通知", "other incidents notified"),
        "false_per_1000": ("误报（每千设备日）", "false danger alerts per 1,000 device-days"),
        "hazard": ("类别", "hazard"),
        "in_time": ("按时", "in time"),
        "late": ("迟到", "late"),
        "missed": ("漏报", "missed"),
        "recall": ("召回率", "recall"),
        "precision": ("准确率", "precision"),
        "nuisances": ("干扰事件", "nuisances"),
        "nuisances_notified": ("其中误通知", "of these notified"),
        "false": ("误报告警", "false alerts"),
        "median": ("通知用时中位", "time to notify, median"),
        "p95": ("通知用时 95%", "time to notify, p95"),
        "workers": ("每人短信", "texts of each person on duty"),
        "daily_mean": ("人均每天", "mean a day"),
        "daily_max": ("最忙者每天", "busiest person, mean a day"),
        "day_max": ("单日最多", "most on one day"),
        "window_max": ("十分钟内最多", "most within ten minutes"),
        "flood": ("告警洪峰时间占比（ISA-18.2）", "time in flood (ISA-18.2)"),
        "misses": ("最严重的漏报与迟到", "Worst misses"),
        "false_alerts": ("误报告警", "False alerts"),
        "why": ("规则的说明", "What the rules say"),
        "no_rule": ("没有规则适用于该设备", "no rule applies to the device"),
        "compared": ("对比", "compared with"),
        "delays": ("通知用时分布", "Time to notify"),
        "per_day": ("每天短信", "Texts each day"),
        "text": ("短信", "text"),
        "minutes": ("分钟", "min"),
        "seconds": ("秒", "s"),
        "nuisance_notified": ("干扰误通知", "nuisance notified"),
        "nuisance": ("干扰", "nuisance"),
        "replayed": (
            "重放：研判结果和居民上报按运行时的时刻重现；需人工复位的告警在运行时的时刻结束；漏报没有规则说明",
            "A replay: findings and residents' reports come when they came in the run; a latched finding ends when it "
            "ended there; misses are not explained by the rules",
        ),
        "approximate": (
            "该运行未记录规则状态：报警中的设备在半小时后视为有消息，短信数与运行不同",
            "The run did not record how its rules stood: a device in alarm counts as received after half an hour, so "
            "that the texts differ from those of the run",
        ),
    }
)

HAZARDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "gas": ("燃气", "gas"),
        "fire": ("火灾", "fire"),
        "person": ("人员", "person"),
        "water": ("水", "water"),
        "manhole": ("井盖", "manhole"),
        "street": ("街面", "street"),
        "device": ("设备", "device"),
        "service": ("服务", "service"),
        "unknown": ("不明", "unknown"),
        "other": ("其他", "other"),
    }
)


def word(name: str, language: Language) -> str:
    """A word of the report."""
    return _WORDS[name][0 if language == "zh" else 1]


def hazard_name(hazard: str, language: Language) -> str:
    """The name of a hazard; its id where it has none."""
    return HAZARDS.get(hazard, (hazard, hazard))[0 if language == "zh" else 1]


def share(value: float | None) -> str:
    """A share as a percentage with the places that tell 100 % from almost all.

    >>> share(0.9981), share(1.0), share(None)
    ('99.81 %', '100 %', '-')
    """
    if value is None:
        return "-"
    return f"{value * 100:.2f}".rstrip("0").rstrip(".") + " %"


def span(seconds: float | None, language: Language) -> str:
    """A duration in seconds, beyond two minutes in minutes.

    >>> span(79.0, "en"), span(600.0, "zh"), span(None, "en")
    ('79 s', '10 分钟', '-')
    """
    if seconds is None:
        return "-"
    if seconds < 120:
        return f"{seconds:.0f} {word('seconds', language)}"
    return f"{seconds / 60:.0f} {word('minutes', language)}"
