"""Says why a rule does or does not speak of a device, or of a group: as plain data, in Chinese and English. It judges
nothing and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from typing import Any, Final

from msgspec import Struct

from domain import DAY, HOUR, MINUTE, Reading, Value
from rules.compiled.rule import PlannedRule
from rules.engine.community_index import DEFAULT_ZONE
from rules.engine.context import Scope
from rules.engine.engine import Engine
from rules.language.compiler import meaning
from rules.language.nodes import Attribute, Literal, Node, leaves
from rules.language.notation import written_out
from rules.language.parser import parse
from rules.lifecycle.state_machine import QUIET_WATCH
from rules.lifecycle.transitions import Phase
from rules.state.device import Seat
from rules.state.gateway import GATEWAY_ATTRIBUTE
from rules.state.group import Group
from rules.tools.evidence_text import told

Story = dict[str, object]
Both = tuple[str, str]
"""A sentence in Chinese and in English."""
MOST_MEMBERS: Final = 50


class Asked(Struct, frozen=True):
    """What is known at the instant asked about."""

    scope: Scope
    said: Reading | None = None
    shadowed: Mapping[str, int] | None = None


def explain(engine: Engine, rule: str, device_id: str, said: Reading | None = None) -> Story:
    """Why a rule does or does not speak of a device now; with what the device said last also how it answers."""
    seat = engine.inspect(device_id)
    if seat is None:
        return {"device": device_id, "rule": rule, "known": False}
    return explained(seat, rule, Asked(engine.scope(seat, said), said, engine.shadowed.get(rule)))


def explained(seat: Seat, rule: str, asked: Asked) -> Story:
    """Where the watch of this rule stands, since when, until when it waits, what it was told and how it answers."""
    planned, watch = seat.plan.by_name.get(rule), seat.watches.get(rule, QUIET_WATCH)
    story: Story = {
        "device": seat.device.id, "rule": rule, "known": True, "applies_to_kind": planned is not None,
        "phase": watch.phase.value, "heard": seat.heard or None, "newest": seat.newest or None,
    }  # fmt: skip
    if planned is not None:
        story |= _rule(planned, asked)
    if watch is not QUIET_WATCH:
        story |= {
            "since": watch.since, "begin": watch.begin, "wake_at": watch.wake_at, "severity": watch.severity.value,
        }  # fmt: skip
        lines = [told(line, seat.plan.described) for line in watch.evidence]
        story["evidence"], story["evidence_en"] = [zh for zh, _ in lines], [en for _, en in lines]
    if asked.said is not None:
        story |= {"said_at": asked.said.at, "values": asked.said.values}
    if planned is not None:
        story |= _answers(planned, asked.scope, asked.said is not None)
        story |= _silence(seat, planned) if planned.absent is not None else {}
        story |= _members(seat, planned) if isinstance(seat, Group) else {}
    sentences = list(_sentences(seat, planned, story, asked))
    return {**story, "reasons": [zh for zh, _ in sentences], "reasons_en": [en for _, en in sentences]}


def _rule(planned: PlannedRule, asked: Asked) -> Story:
    rule = planned.rule
    story: Story = {
        "title": rule.title.zh, "version": planned.version, "needs": list(planned.quantities),
        "hold_ms": rule.hold, "release_ms": rule.release,
    }  # fmt: skip
    return {**story, "shadow": dict(asked.shadowed or {})} if rule.shadow else story


def _answers(planned: PlannedRule, scope: Scope, spoken: bool) -> Story:
    """Each condition with its answer, and everything it asks for with what it was."""
    written = _conditions(planned)
    conditions = {name: text for name, text in written.items() if spoken or name == "only_if"}
    seen: dict[str, Value | None] = {}
    for text in conditions.values():
        for leaf in leaves(parse(text)):
            if not isinstance(leaf, Literal):
                seen[written_out(leaf)] = _value(leaf, scope)
    answers = {name: {"written": text, "answer": meaning(parse(text))(scope)} for name, text in conditions.items()}
    return {"answers": answers, "asks": seen} if answers else {}


def _value(leaf: Node, scope: Scope) -> Value | None:
    return scope.attribute(leaf.owner, leaf.name) if isinstance(leaf, Attribute) else meaning(leaf)(scope)


def _conditions(planned: PlannedRule) -> dict[str, str]:
    rule = planned.rule
    written = {"when": rule.when, "event": rule.event, "clear": rule.clear, "only_if": rule.only_if}
    grades = {f"{grade.severity.value}": grade.when for grade in rule.grades}
    return {name: text for name, text in {**written, **grades}.items() if text is not None}


def _silence(seat: Seat, planned: PlannedRule) -> Story:
    assert planned.absent is not None
    quantity = planned.absent.quantity
    never = quantity is not None and quantity not in (seat.heard_of or {})
    last = None if never or not seat.heard else seat.last_heard(quantity)
    return {
        "last_heard": last, "patience_ms": planned.absent.patience_ms(seat.report_every_ms),
        "missed_at": seat.absence_due if planned.name not in seat.watches else None,
    }  # fmt: skip


def _members(group: Group, planned: PlannedRule) -> Story:
    assert planned.gather is not None
    held = sorted(group.members.values(), key=lambda member: (member.begin, member.device))
    counted = [member for member in held if member.rule in planned.gather.rules]
    parts = [
        {"rules": part.rules, "at_least": part.at_least,
         "found": len({one.device for one in counted if one.rule in part.rules})}
        for part in planned.gather.parts
    ]  # fmt: skip
    shown = [
        {"rule": one.rule, "device": one.device, "begin": one.begin, "stands": one.stands}
        for one in counted[-MOST_MEMBERS:]
    ]
    return {"parts": parts, "within_ms": planned.gather.within, "members": shown}


# -- in words -----------------------------------------------------------------------------------------------------


def _sentences(seat: Seat, planned: PlannedRule | None, story: Story, asked: Asked) -> Iterator[Both]:
    if planned is None:
        kind = seat.plan.kind
        yield f"规则 {story['rule']} 不看 {kind} 这类设备", f"rule {story['rule']} does not watch {kind}"
        return
    watch = seat.watches.get(planned.name, QUIET_WATCH)
    yield _STANDS[watch.phase]
    if planned.rule.shadow:
        yield "试运行：只计数，不告诉任何人", "in shadow: counted, told to nobody"
    for name in planned.quantities if asked.said is not None else ():
        if name not in asked.scope.values:
            yield f"最近一次没有说 {name}", f"the last message did not say {name}"
    for name, held in _named(story.get("answers")):
        zh, en = _answer(held["answer"])
        yield f"{name} 的答案：{zh}（{held['written']}）", f"{name} is {en} ({held['written']})"
    for what, value in _named(story.get("asks")):
        unknown = ("没有写下", "not written down") if "." in what.partition("(")[0] else ("不知道", "unknown")
        yield f"{what} = {_shown(value, unknown[0])}", f"{what} = {_shown(value, unknown[1])}"
    yield from _of_silence(seat, story, asked.scope.neighbourhood.zone)
    yield from _of_members(story)


def _named(held: object) -> Iterator[tuple[str, Any]]:
    yield from held.items() if isinstance(held, dict) else ()


def _of_silence(seat: Seat, story: Story, zone: tzinfo) -> Iterator[Both]:
    if "patience_ms" not in story:
        return
    last, patience = story["last_heard"], span(story["patience_ms"])
    heard = _heard(last, zone)
    yield f"{heard[0]}，最多允许沉默 {patience}", f"{heard[1]}; it may be silent for {patience}"
    if not seat.registered:
        yield "没有登记，不算缺席", "not registered: nobody misses it"
    elif seat.gateway is not None and (shut := seat.gateway.times.open_since) is not None:
        name = seat.device.attributes[GATEWAY_ATTRIBUTE]
        yield (
            f"网关 {name} 从 {local(shut)} 起没有消息，已另报；这期间不算它沉默",
            f"nothing comes through its gateway {name} since {local(shut)}, which is told: this is not its silence",
        )
    elif story["missed_at"] is not None:
        missed = local(story["missed_at"], zone)
        yield f"再没有消息，{missed} 算失联", f"missed from {missed} on"


def _heard(last: object, zone: tzinfo) -> Both:
    if last is None:
        return "从未听到", "never heard"
    return f"最后听到 {local(last, zone)}", f"last heard {local(last, zone)}"


def _of_members(story: Story) -> Iterator[Both]:
    parts = story.get("parts")
    for part in parts if isinstance(parts, list) else ():
        names = "、".join(part["rules"])
        yield f"{names}：有 {part['found']}，要 {part['at_least']}", f"{names}: {part['found']} of {part['at_least']}"


def _shown(value: object, unknown: str) -> str:
    return unknown if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _answer(answer: object) -> Both:
    return ("不知道", "unknown") if answer is None else ("成立", "true") if answer is True else ("不成立", "false")


_STANDS: Final[Mapping[Phase, Both]] = {
    Phase.QUIET: ("安静：没有在报", "quiet: nothing stands"),
    Phase.PENDING: ("条件成立，还没有持续够 hold", "dangerous, but not yet for as long as hold"),
    Phase.FIRING: ("正在报", "firing"),
    Phase.CLEARING: ("已恢复，还没有持续够 release", "clear, but not yet for as long as release"),
    Phase.STALE: ("报过，之后设备失联，不算恢复", "firing, and the device fell silent: that is no recovery"),
}


def local(at: Any, zone: tzinfo = DEFAULT_ZONE) -> str:
    """An instant as people read it."""
    return datetime.fromtimestamp(at / 1000, zone).isoformat(timespec="seconds")


def span(ms: Any) -> str:
    """A length of time as people write it.

    >>> span(5_400_000), span(0)
    ('1h30m', '0s')
    """
    left, text = int(ms), ""
    for unit, letter in ((DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (1000, "s")):
        count, left = divmod(left, unit)
        text += f"{count}{letter}" if count else ""
    return text or "0s"
