"""When deputies are called, and who of a role is called first."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.alert import Actor, ResponseSource
from alerts.escalation.deputies import first_share
from domain import MINUTE, SECOND, Subject
from tests.alerts.conftest import AlertHarness

WANG = Actor("wang", "王芳", ResponseSource.SCREEN)


@pytest.mark.parametrize(
    ("wait", "deputy_after", "share"),
    [
        (MINUTE, MINUTE, MINUTE),
        (90 * SECOND, MINUTE, MINUTE),
        (5 * MINUTE, MINUTE, 150 * SECOND),
        (MINUTE, 0, 30 * SECOND),
        (30 * SECOND, MINUTE, 30 * SECOND),
    ],
)
def test_the_first_rank_has_half_of_the_wait_and_a_minute_to_answer(wait: int, deputy_after: int, share: int) -> None:
    assert first_share(wait, deputy_after) == share


async def test_a_deputy_is_called_after_a_minute_together_with_the_next_rung(
    harness: AlertHarness, finding: Any
) -> None:
    """Whoever sleeps needs longer than half a minute to answer: his deputy was woken for most dangers, for nothing."""
    await harness.service.process_findings([finding()])
    await harness.send()
    await harness.advance_time(59)
    assert (len(harness.texts("wang")), harness.texts("deputy"), harness.texts("li")) == (1, [], [])
    await harness.advance_time(1)
    assert (len(harness.texts("deputy")), len(harness.texts("li"))) == (1, 1)


async def test_a_person_with_three_dangers_in_hand_is_called_after_the_deputy(
    harness: AlertHarness, finding: Any
) -> None:
    for number in range(1, 5):
        device = f"d{number}"
        danger = finding(
            id=f"rule-{number}@1/{device}/1", rule=f"rule-{number}", device=device, subject=Subject("device", device),
            hazard="street", title=f"险情{number}",
        )  # fmt: skip
        await harness.service.process_findings([danger])
        await harness.send()
        if number < 4:
            await harness.service.perform(number, "acknowledge", WANG)
    assert [any("险情4" in text for text in harness.texts(who)) for who in ("wang", "deputy")] == [False, True]
    await harness.advance_time(60)
    assert [any("险情4" in text for text in harness.texts(who)) for who in ("wang", "li")] == [True, True]
