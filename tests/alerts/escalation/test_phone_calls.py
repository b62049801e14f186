"""A rung with `phone: ROLE` also calls those of the role who have not answered, on sites that have the channel."""

from __future__ import annotations

from typing import Any

from alerts.channels.channel import DeliveryReport
from alerts.channels.logbook import Logbook
from alerts.message import Delivery


def with_voice(harness: Any) -> Any:
    """The site has the channel `voice`; what is called is read from the outbox."""
    harness.channels["voice"] = Logbook()
    harness.stop()
    harness.start()
    return harness


def calls(harness: Any) -> list[tuple[str, str, int]]:
    """(person, role, rung) of every call by voice."""
    rows: list[Delivery] = harness.deliveries()
    return [(row.person, row.role, row.rung) for row in rows if row.channel == "voice"]


async def test_those_who_were_texted_and_have_not_answered_are_called_beside_the_next_rung(
    harness: Any, finding: Any
) -> None:
    await with_voice(harness).service.process_findings([finding()])
    await harness.send()
    assert calls(harness) == [], "the text goes out first: the call says where to look"
    await harness.advance_time(61)
    assert calls(harness) == [("wang", "worker", 1), ("deputy", "worker", 1)]
    assert len(harness.texts("li")) == 1, "the call takes the place of no text"
    await harness.advance_time(125)
    assert [one for one in calls(harness) if one[2] == 2] == [("li", "lead", 2)]
    assert sum(person == "wang" for person, *_ in calls(harness)) == 1


async def test_a_site_without_the_channel_has_no_calls(harness: Any, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    await harness.advance_time(200)
    assert calls(harness) == []
    texted = [row.person for row in harness.deliveries() if row.channel == "sms"]
    assert texted[:3] == ["wang", "deputy", "li"]


async def test_a_person_who_has_declined_is_not_called(harness: Any, finding: Any) -> None:
    await with_voice(harness).service.process_findings([finding()])
    await harness.send()
    await harness.service.receive_text("19900000001", "12", harness.clock.now)
    await harness.advance_time(61)
    assert "wang" not in {person for person, *_ in calls(harness)}
    await harness.advance_time(61)
    assert ("deputy", "worker", 1) in calls(harness)


async def test_a_call_that_fails_is_followed_by_no_second_text_and_by_no_higher_rung(
    harness: Any, finding: Any
) -> None:
    await with_voice(harness).service.process_findings([finding()])
    await harness.advance_time(61)
    call = next(row for row in harness.deliveries() if row.channel == "voice")
    before = len(harness.deliveries())
    await harness.service.receive_report(DeliveryReport(False, harness.clock.now, delivery=call.id), "voice")
    assert (len(harness.deliveries()), harness.alert().rung) == (before, 1)
    assert any("电话" in line and "失败" in line for line in harness.timeline())
