"""Prints all rules as a table: what each asks, its limits and its sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from domain.duration import format_duration as duration
from rules.language.functions import BASELINE_FUNCTIONS, COUNTER_FUNCTIONS
from rules.language.nodes import distances, windows
from rules.language.parser import parse
from rules.rulebook.model import Gather, Rule, Rulebook
from rules.trials.model import TrialBook

_HEAD = "| 规则 | 问什么 | 级别 | 出处 | 试例 | 不判断什么 |\n|---|---|---|---|---|---|"


def rules_table(books: Sequence[Rulebook], trials: Mapping[str, TrialBook]) -> str:
    """Every rule of every book; `trials` by the name of the rule's book, which need not have any."""
    shown = [trial for book in trials.values() for trial in book.trials]
    rows = []
    for book in books:
        for rule in book.rules:
            names = "；".join(trial.name for trial in shown if trial.rule == rule.name) or "（无）"
            cells = [
                f"`{rule.name}` {rule.title.zh}",
                question_text(rule),
                severities(rule),
                rule.source,
                names,
                exclusions(rule),
            ]
            rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join([_HEAD, *rows])


def question_text(rule: Rule) -> str:
    """The question of a rule, as it is written."""
    if rule.gather is not None:
        return f"同一{_SUBJECTS[rule.of]}：{_gathered(rule.gather)}"
    if rule.chatter is not None:
        of = f" {'、'.join(rule.chatter.rules)}" if rule.chatter.rules else ""
        return f"{duration(rule.chatter.within)} 内来回 {rule.chatter.times} 次{of}"
    if rule.absent is not None:
        of = rule.absent.quantity or "任何消息"
        wait = f"{rule.absent.missed} 个上报周期又 {duration(rule.absent.grace)}"
        if rule.absent.children is not None:
            of, wait = "经过网关的任何消息", f"{wait}，或它后面 {rule.absent.children} 台各缺 2 次"
        return f"{of} 缺了 {wait if rule.absent.after is None else duration(rule.absent.after)}"
    if rule.expires is not None:
        life = "" if rule.expires.life is None else f"，没写的按 {rule.expires.since} 后 {duration(rule.expires.life)}"
        return f"到 {rule.expires.on} 前 {duration(rule.expires.before)}{life}"
    question = f"发生 `{rule.event}`" if rule.event is not None else f"`{rule.when}`"
    return question + (f"，持续 {duration(rule.hold)}" if rule.hold else "")


def _gathered(gather: Gather) -> str:
    parts = [f"{'沿线依次' if p.in_order else ''} {p.at_least} 台 {' 或 '.join(p.rules)}".strip() for p in gather.parts]
    within = "同时成立" if gather.within is None else f"{duration(gather.within)} 内"
    without = f"，没有 {' 或 '.join(gather.without)}" if gather.without else ""
    return f"{within} {' 且 '.join(parts)}{without}"


def severities(rule: Rule) -> str:
    """Its severities and its ledger."""
    names = [rule.severity, *(grade.severity for grade in rule.grades)]
    return "/".join(_SEVERITIES[name.value] for name in names) + ("，归维保" if rule.ledger.value == "health" else "")


def exclusions(rule: Rule) -> str:
    """What it does not judge, beside what no rule judges."""
    return "；".join(_refusals(rule)) or "—"


def _refusals(rule: Rule) -> Iterator[str]:
    if rule.shadow or rule.record:
        yield "只记不报"
    if rule.only_if is not None:
        yield f"除非 `{rule.only_if}`"
    if rule.hold:
        yield f"不足 {duration(rule.hold)} 的"
    if rule.if_silent == "wait":
        yield "只有一次读数的"
    yield from _beyond(rule)


def _beyond(rule: Rule) -> Iterator[str]:
    if rule.absent is not None:
        yield "我们自己听不见的时间"
    asked = [] if rule.when is None else windows(parse(rule.when))
    for window in dict.fromkeys(one.length_ms for one in asked if one.function in (*COUNTER_FUNCTIONS, "seen")):
        yield f"过去 {duration(window)} 没有看全的"
    if any(one.function in BASELINE_FUNCTIONS for one in asked):
        yield "还没有学够两周的"
    if rule.when is not None and distances(parse(rule.when)):
        yield "没有定位的，位置没有登记的"
    if rule.gather is not None and rule.gather.within is not None:
        yield f"前后相隔超过 {duration(rule.gather.within)} 的"
    if rule.is_momentary and rule.release:
        yield f"{duration(rule.release)} 内的重复"


_SUBJECTS = {"household": "户", "building": "栋", "cell": "网格", "line": "管线"}
_SEVERITIES = {"critical": "紧急", "high": "高", "medium": "中", "low": "低"}
