"""Which rules a danger that comes and goes too often is for; only the beginnings of late are remembered."""

from __future__ import annotations

from collections.abc import Iterator

from domain import Evidence, Instant
from rules.compiled.rule import PlannedRule
from rules.lifecycle.state_machine import Word
from rules.lifecycle.transitions import Signal
from rules.state.device import Seat


def chatter_words(seat: Seat, planned: PlannedRule, at: Instant) -> Iterator[tuple[PlannedRule, Word]]:
    """A danger of this rule came, or came back: what that says to the rules that count how often it does."""
    minding = [one for one in seat.plan.chatters if not one[1].rules or planned.name in one[1].rules]
    if not minding:
        return
    lately = seat.onset(planned.name, at, max(chatter.times for _, chatter in minding))
    for chattering, chatter in minding:
        newest = lately[-chatter.times :]
        if len(newest) == chatter.times and newest[-1] - newest[0] <= chatter.within:
            name = planned.rule.title
            evidence = (Evidence(name.zh, chatter.times, "", chatter.times, at, name_en=name.en),)
            yield chattering, Word(Signal.DANGER, at, chattering.rule.severity, evidence=evidence)
