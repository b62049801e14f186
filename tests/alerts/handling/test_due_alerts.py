"""A deadline and an answer that come in the same instant: whoever answered keeps what he took, and nobody is called
twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from alerts.alert import State
from alerts.ports import AlertStore

DEPUTY_AFTER_MS = 30_000
"""Half of the wait of the first rung."""


async def test_a_deadline_that_is_found_due_twice_calls_one_rung(town: Any, finding: Any) -> None:
    await town.service.process_findings([finding()])
    await town.send()
    town.clock.now += DEPUTY_AFTER_MS
    await asyncio.gather(*(town.service.tick(town.clock.now) for _ in range(3)))
    await town.send()
    assert (len(town.texts("deputy")), town.texts("li")) == (1, [])


async def test_who_answers_while_his_deadline_falls_keeps_the_alert(
    town: Any, finding: Any, actor: Callable[..., Any]
) -> None:
    await town.service.process_findings([finding()])
    await town.send()
    town.clock.now += DEPUTY_AFTER_MS
    transact, answered = town.service.transact, []

    async def answered_in_between(work: Callable[[AlertStore], Any]) -> Any:
        """The answer comes after the desk has read what is due, and before it moves it."""
        result = await transact(work)
        if result == [1] and not answered:
            answered.append(True)
            town.service.transact = transact
            await town.service.perform(1, "acknowledge", actor())
        return result

    town.service.transact = answered_in_between
    await town.service.tick(town.clock.now)
    await town.send()
    assert answered
    assert (town.alert().state, town.alert().owner) == (State.ACKNOWLEDGED, "wang")
    assert town.texts("deputy") == []
