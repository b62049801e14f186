"""Grammar of the phrases that makers write: words that negate, end, confirm or accompany a statement."""

from __future__ import annotations

from typing import Final

NEGATIONS: Final = frozenset(
    {"no", "not", "none", "non", "without", "kein", "keine", "keinen", "nicht", "нет", "не", "без", "sin", "ningun"}
)
NEGATIONS_ZH: Final = ("没有检测到", "未检测到", "未发现", "没有", "未", "无", "不")
ENDINGS: Final = frozenset(
    {"recovered", "recover", "recovery", "restored", "restore", "cleared", "clear", "release", "released", "dismissed"}
    | {"over", "ended", "end", "off", "reset", "gone", "resolved", "finished", "normal", "inactive"}
    | {"behoben", "beendet", "aufgehoben", "aus", "снята", "снят", "устранена", "отбой", "finalizada", "restaurada"}
)
NOT_YET_ZH: Final = ("尚未", "没有", "未", "没", "不")
NEUTRALIZERS_ZH: Final = frozenset(
    {"未", "无", "没", "不", "非", "解除", "恢复", "消", "关闭", "撤", "结束", "确认", "测试", "自检", "试验", "模拟"}
    | {"演练", "故障", "静音", "屏蔽", "设置", "配置", "阈值", "记录", "历史", "次数", "复位", "正常", "低电", "欠压"}
    | {"离线", "上线", "在线", "重启"}
)
"""Words that neutralize a danger beside them: 报警测试 (alarm test) is none."""
NEUTRALIZERS: Final = frozenset(
    {"acknowledged", "ack", "history", "set", "setting", "settings", "volume", "changed", "log", "count"}
    | {"counter", "tone", "delay", "interval", "list", "panel"}
)
NOT_A_DEVICE_NAME_ZH: Final = r"(?!传感器|探测器|报警器|器|主机|设备|探头|模块)"
"""Lookahead: the word of danger is not part of a device's name, as in 漏水传感器 (leak sensor)."""
PREFIX_ENDINGS_ZH: Final = ("取消", "消除", "解除")
"""Before the name of a state that has ended."""
SUFFIX_ENDINGS_ZH: Final = ("已解除", "解除", "已恢复", "恢复正常", "恢复", "已消除", "消除", "结束")
CONFIRMATIONS: Final = frozenset(
    {"detected", "alarm", "alert", "on", "active", "activated", "triggered", "high", "present", "event"}
    | {"warning", "occurred", "erkannt", "festgestellt", "ausgelost", "ausgelöst", "обнаружен", "обнаружена"}
    | {"обнаружено", "detectado", "detectada"}
)
BUTTON_NUMBERS: Final = frozenset({"button", "btn", "key", "remote", *"123456789"})
"""The button of several that was pressed: `1_single`, `button_long_press`."""
LEADING_FILLERS: Final = frozenset({"in", "the", "a", "new", "current", "active", "still", "again", "longer"})
TRAILING_FILLERS: Final = frozenset(
    {"state", "status", "mode", "report", "event", "condition", "level", "new", "again", "now"}
)
"""Words around a statement that change nothing in it: `in alarm`, `alarm level 2`, `hush mode`."""
DANGER_SUBJECTS: Final = frozenset(
    {"smoke", "gas", "water", "leak", "fire", "heat", "co", "ch4", "lel", "h2s", "concentration"}
)
DEVICE_SUBJECTS: Final = frozenset(
    {"sensor", "device", "detector", "system", "unit", "module", "probe", "chamber", "battery", "temperature", "tamper"}
)
DANGER_SUBJECTS_ZH: Final = (
    "可燃气体",
    "一氧化碳",
    "天然气",
    "液化气",
    "燃气",
    "煤气",
    "甲烷",
    "气体",
    "烟雾",
    "烟感",
    "火警",
    "水浸",
    "浓度",
)
DEVICE_SUBJECTS_ZH: Final = (
    "传感器",
    "探测器",
    "报警器",
    "设备",
    "探头",
    "模块",
    "主机",
    "系统",
    "电池",
    "按键",
    "手动",
    "温度",
    "状态",
)
"""Subjects of a statement: `sensor warming up`, 燃气正常. Only a danger has an all-clear."""
CONFIRMATIONS_ZH: Final = ("报警", "告警", "警报", "检测到", "已触发", "触发")
ALL_CLEAR_WORDS: Final = frozenset(
    {"normal", "ok", "okay", "safe", "clear", "cleared", "正常", "安全", "解除", "恢复", "sicher", "sicuro", "seguro"}
    | {"безопасно"}
)
"""All-clears whose negation is a danger: `not normal`, 不安全, 未解除."""
