"""What the service says about itself: a disk that takes nothing is one story, told when it begins and when it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from app.own_trouble import OwnTrouble
from domain import Finding, Phase

AT = 1_795_269_600_000


async def told(*happens: Callable[[OwnTrouble], None]) -> list[Finding]:
    found: list[Finding] = []

    async def change(work: Callable[[], Sequence[Finding]]) -> None:
        found.extend(work())

    trouble = OwnTrouble(change)
    for happen in happens:
        happen(trouble)
    follower = asyncio.create_task(trouble.follow())
    await asyncio.sleep(0)
    while trouble._waiting.qsize():
        await asyncio.sleep(0)
    follower.cancel()
    return found


async def test_a_disk_that_takes_nothing_is_told_at_once_and_over_when_both_lanes_write_again() -> None:
    found = await told(
        lambda trouble: trouble.disk_refused(AT, None, "disk full"),
        lambda trouble: trouble.disk_refused(AT + 5, None, "disk full"),
        lambda trouble: trouble.disk_refused(AT, AT + 3_000, "disk full"),
        lambda trouble: trouble.disk_refused(AT + 5, AT + 4_000, "disk full"),
    )

    began, over = found
    assert (Phase.BEGAN, AT, "journal-refused") == (began.phase, began.begin, began.rule)
    assert (Phase.ENDED, began.id, AT + 4_000) == (over.phase, over.id, over.at)
    assert [("reason", "disk full"), ("seconds", 4.0)] == [(one.quantity, one.value) for one in over.evidence]


async def test_a_second_full_disk_is_another_story() -> None:
    found = await told(
        lambda trouble: trouble.disk_refused(AT, None, "disk full"),
        lambda trouble: trouble.disk_refused(AT, AT + 1, "disk full"),
        lambda trouble: trouble.disk_refused(AT + 9, None, "disk full"),
    )

    assert 2 == len({finding.id for finding in found})
