"""A deadline and an acknowledgement at the same instant: the acknowledgement is kept, and no person is called twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from alerts.alert import State
from alerts.ports import AlertStore

DEPUTY_AFTER_MS = 60_000
"""The wait of the first rung: deputies are called no sooner than a minute after the first."""


async def test_a_deadline_found_due_several_times_calls_one_rung(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    harness.clock.now += DEPUTY_AFTER_MS
    await asyncio.gather(*(harness.service.tick(harness.clock.now) for _ in range(3)))
    await harness.send()
    assert [len(harness.texts(person)) for person in ("deputy", "li", "chen")] == [1, 1, 0]


async def test_an_acknowledgement_during_the_deadline_is_kept(
    harness: Any, finding: Any, actor: Callable[..., Any]
) -> None:
    await harness.service.process_findings([finding()])
    await harness.send()
    harness.clock.now += DEPUTY_AFTER_MS
    transact, acknowledged = harness.service.transact, []

    async def acknowledge_in_between(work: Callable[[AlertStore], Any]) -> Any:
        """The acknowledgement comes after the due alerts were read, and before they are processed."""
        result = await transact(work)
        if result == [1] and not acknowledged:
            acknowledged.append(True)
            harness.service.transact = transact
            await harness.service.perform(1, "acknowledge", actor())
        return result

    harness.service.transact = acknowledge_in_between
    await harness.service.tick(harness.clock.now)
    await harness.send()
    assert acknowledged
    assert (harness.alert().state, harness.alert().owner) == (State.ACKNOWLEDGED, "wang")
    assert harness.texts("deputy") == []
