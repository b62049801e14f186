"""Explains why a rule does or does not fire for a device or a group: as plain data, and as sentences in Chinese and
English.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from typing import Any, Final

from msgspec import Struct

from domain import DAY, HOUR, MINUTE, Reading, Value
from rules.compiled.rule import CompiledRule
from rules.engine.community_index import DEFAULT_ZONE
from rules.engine.context import EvaluationContext
from rules.engine.engine import Engine
from rules.language.compiler import compile_expression
from rules.language.nodes import AttributeRef, Constant, Node, leaves
from rules.language.notation import format_expression
from rules.language.parser import parse
from rules.lifecycle.state_machine import QUIET_STATE
from rules.lifecycle.transitions import Phase
from rules.state.device import DeviceState
from rules.state.gateway import GATEWAY_ATTRIBUTE
from rules.state.group import GroupState
from rules.tools.evidence_text import describe_evidence

Explanation = dict[str, object]
Bilingual = tuple[str, str]
"""A sentence in Chinese and in English."""
MAX_MEMBERS: Final = 50


class ExplainRequest(Struct, frozen=True):
    """What an explanation is based on."""

    context: EvaluationContext
    reading: Reading | None = None
    shadow_counts: Mapping[str, int] | None = None


def explain(engine: Engine, rule: str, device_id: str, reading: Reading | None = None) -> Explanation:
    """Why a rule does or does not fire for a device now; with its last reading also the result of each condition. Keys
    are part of the JSON of `explain`.
    """
    state = engine.inspect(device_id)
    if state is None:
        return {"device": device_id, "rule": rule, "known": False}
    return explain_state(
        state,
        rule,
        ExplainRequest(engine.evaluation_context(state, reading), reading, engine.state.shadow_counts.get(rule)),
    )


def explain_state(state: DeviceState, rule: str, asked: ExplainRequest) -> Explanation:
    """Phase and times of this rule for a device or group, its evidence and the results of its conditions."""
    compiled, rule_state = state.ruleset.by_name.get(rule), state.rule_states.get(rule, QUIET_STATE)
    story: Explanation = {
        "device": state.device.id, "rule": rule, "known": True, "applies_to_kind": compiled is not None,
        "phase": rule_state.phase.value, "heard": state.last_arrival or None, "newest": state.max_event_time or None,
    }  # fmt: skip
    if compiled is not None:
        story |= _rule(compiled, asked)
    if rule_state is not QUIET_STATE:
        story |= {
            "since": rule_state.since,
            "begin": rule_state.begin,
            "wake_at": rule_state.wake_at,
            "severity": rule_state.severity.value,
        }
        lines = [describe_evidence(line, state.ruleset.kind_definition) for line in rule_state.evidence]
        story["evidence"], story["evidence_en"] = [zh for zh, _ in lines], [en for _, en in lines]
    if asked.reading is not None:
        story |= {"said_at": asked.reading.at, "values": asked.reading.values}
    if compiled is not None:
        story |= _answers(compiled, asked.context, asked.reading is not None)
        story |= _silence(state, compiled) if compiled.absent is not None else {}
        story |= _members(state, compiled) if isinstance(state, GroupState) else {}
    sentences = list(_sentences(state, compiled, story, asked))
    return {**story, "reasons": [zh for zh, _ in sentences], "reasons_en": [en for _, en in sentences]}


def _rule(compiled: CompiledRule, asked: ExplainRequest) -> Explanation:
    rule = compiled.rule
    story: Explanation = {
        "title": rule.title.zh, "version": compiled.version, "needs": list(compiled.quantities),
        "hold_ms": rule.hold, "release_ms": rule.release,
    }  # fmt: skip
    return {**story, "shadow": dict(asked.shadow_counts or {})} if rule.shadow else story


def _answers(rule: CompiledRule, context: EvaluationContext, spoken: bool) -> Explanation:
    """Each condition with its result, and every operand with its value."""
    written = _conditions(rule)
    conditions = {name: text for name, text in written.items() if spoken or name == "only_if"}
    seen: dict[str, Value | None] = {}
    for text in conditions.values():
        for leaf in leaves(parse(text)):
            if not isinstance(leaf, Constant):
                seen[format_expression(leaf)] = _value(leaf, context)
    answers = {
        name: {"written": text, "answer": compile_expression(parse(text))(context)} for name, text in conditions.items()
    }
    return {"answers": answers, "asks": seen} if answers else {}


def _value(leaf: Node, context: EvaluationContext) -> Value | None:
    return (
        context.attribute(leaf.owner, leaf.name)
        if isinstance(leaf, AttributeRef)
        else compile_expression(leaf)(context)
    )


def _conditions(compiled: CompiledRule) -> dict[str, str]:
    rule = compiled.rule
    written = {"when": rule.when, "event": rule.event, "clear": rule.clear, "only_if": rule.only_if}
    grades = {f"{grade.severity.value}": grade.when for grade in rule.grades}
    return {name: text for name, text in {**written, **grades}.items() if text is not None}


def _silence(state: DeviceState, rule: CompiledRule) -> Explanation:
    assert rule.absent is not None
    quantity = rule.absent.quantity
    never = quantity is not None and quantity not in (state.last_arrival_of or {})
    last = None if never or not state.last_arrival else state.last_seen(quantity)
    return {
        "last_heard": last, "patience_ms": rule.absent.allowed_silence_ms(state.report_interval_ms),
        "missed_at": state.absence_timer if rule.name not in state.rule_states else None,
    }  # fmt: skip


def _members(group: GroupState, rule: CompiledRule) -> Explanation:
    assert rule.gather is not None
    held = sorted(group.members.values(), key=lambda member: (member.begin, member.device))
    counted = [member for member in held if member.rule in rule.gather.rules]
    parts = [
        {"rules": part.rules, "at_least": part.at_least,
         "found": len({one.device for one in counted if one.rule in part.rules})}
        for part in rule.gather.parts
    ]  # fmt: skip
    shown = [
        {"rule": one.rule, "device": one.device, "begin": one.begin, "stands": one.is_active}
        for one in counted[-MAX_MEMBERS:]
    ]
    return {"parts": parts, "within_ms": rule.gather.within, "members": shown}


# -- sentences ----------------------------------------------------------------------------------------------------


def _sentences(
    state: DeviceState, rule: CompiledRule | None, story: Explanation, asked: ExplainRequest
) -> Iterator[Bilingual]:
    if rule is None:
        kind = state.ruleset.kind
        yield f"规则 {story['rule']} 不看 {kind} 这类设备", f"rule {story['rule']} does not watch {kind}"
        return
    rule_state = state.rule_states.get(rule.name, QUIET_STATE)
    yield _STANDS[rule_state.phase]
    if rule.rule.shadow:
        yield "试运行：只计数，不告诉任何人", "in shadow: counted, told to nobody"
    for name in rule.quantities if asked.reading is not None else ():
        if name not in asked.context.values:
            yield f"最近一次没有说 {name}", f"the last message did not say {name}"
    for name, held in _items(story.get("answers")):
        zh, en = _answer(held["answer"])
        yield f"{name} 的答案：{zh}（{held['written']}）", f"{name} is {en} ({held['written']})"
    for what, value in _items(story.get("asks")):
        unknown = ("没有写下", "not written down") if "." in what.partition("(")[0] else ("不知道", "unknown")
        yield f"{what} = {_shown(value, unknown[0])}", f"{what} = {_shown(value, unknown[1])}"
    yield from _of_silence(state, story, asked.context.community.zone)
    yield from _of_members(story)


def _items(held: object) -> Iterator[tuple[str, Any]]:
    yield from held.items() if isinstance(held, dict) else ()


def _of_silence(state: DeviceState, story: Explanation, zone: tzinfo) -> Iterator[Bilingual]:
    if "patience_ms" not in story:
        return
    last, timing = story["last_heard"], span(story["patience_ms"])
    last_arrival_text = _last_arrival_text(last, zone)
    yield f"{last_arrival_text[0]}，最多允许沉默 {timing}", f"{last_arrival_text[1]}; it may be silent for {timing}"
    if not state.registered:
        yield "没有登记，不算缺席", "not registered: nobody misses it"
    elif state.parent_gateway is not None and (shut := state.parent_gateway.outages.open_since) is not None:
        name = state.device.attributes[GATEWAY_ATTRIBUTE]
        yield (
            f"网关 {name} 从 {local(shut)} 起没有消息，已另报；这期间不算它沉默",
            f"nothing comes through its gateway {name} since {local(shut)}, which is told: this is not its silence",
        )
    elif story["missed_at"] is not None:
        missed = local(story["missed_at"], zone)
        yield f"再没有消息，{missed} 算失联", f"missed from {missed} on"


def _last_arrival_text(last: object, zone: tzinfo) -> Bilingual:
    if last is None:
        return "从未听到", "never heard"
    return f"最后听到 {local(last, zone)}", f"last heard {local(last, zone)}"


def _of_members(story: Explanation) -> Iterator[Bilingual]:
    parts = story.get("parts")
    for part in parts if isinstance(parts, list) else ():
        names = "、".join(part["rules"])
        yield f"{names}：有 {part['found']}，要 {part['at_least']}", f"{names}: {part['found']} of {part['at_least']}"


def _shown(value: object, unknown: str) -> str:
    return unknown if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _answer(answer: object) -> Bilingual:
    return ("不知道", "unknown") if answer is None else ("成立", "true") if answer is True else ("不成立", "false")


_STANDS: Final[Mapping[Phase, Bilingual]] = {
    Phase.QUIET: ("安静：没有在报", "quiet: nothing stands"),
    Phase.PENDING: ("条件成立，还没有持续够 hold", "dangerous, but not yet for as long as hold"),
    Phase.FIRING: ("正在报", "firing"),
    Phase.CLEARING: ("已恢复，还没有持续够 release", "clear, but not yet for as long as release"),
    Phase.STALE: ("报过，之后设备失联，不算恢复", "firing, and the device fell silent: that is no recovery"),
}


def local(at: Any, zone: tzinfo = DEFAULT_ZONE) -> str:
    """An instant in ISO 8601, local time, to the second."""
    return datetime.fromtimestamp(at / 1000, zone).isoformat(timespec="seconds")


def span(ms: Any) -> str:
    """A duration as written in rulebooks.

    >>> span(5_400_000), span(0)
    ('1h30m', '0s')
    """
    left, text = int(ms), ""
    for unit, letter in ((DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (1000, "s")):
        count, left = divmod(left, unit)
        text += f"{count}{letter}" if count else ""
    return text or "0s"
