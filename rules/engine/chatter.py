"""Chatter detection: a danger that begins too often within a short time says something about the device (ISA-18.2)."""

from __future__ import annotations

from collections.abc import Iterator

from domain import Evidence, Instant
from rules.compiled.rule import CompiledRule
from rules.lifecycle.state_machine import RuleEvent
from rules.lifecycle.transitions import Signal
from rules.state.device import DeviceState


def chatter_events(state: DeviceState, rule: CompiledRule, at: Instant) -> Iterator[tuple[CompiledRule, RuleEvent]]:
    """Events for the chatter rules that count beginnings of this rule, after one more at `at` (event time)."""
    counting = [one for one in state.ruleset.chatter_rules if not one[1].rules or rule.name in one[1].rules]
    if not counting:
        return
    lately = state.record_start(rule.name, at, max(chatter.times for _, chatter in counting))
    for chattering, chatter in counting:
        newest = lately[-chatter.times :]
        if len(newest) == chatter.times and newest[-1] - newest[0] <= chatter.within:
            name = rule.rule.title
            evidence = (Evidence(name.zh, chatter.times, "", chatter.times, at, name_en=name.en),)
            yield chattering, RuleEvent(Signal.DANGER, at, chattering.rule.severity, evidence=evidence)
