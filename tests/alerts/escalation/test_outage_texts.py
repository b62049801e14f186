"""Whom a critical danger reaches while the ledger cannot be written: the ladder, climbed by its waits alone."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from alerts.alert import Actor, ResponseSource
from alerts.channels.logbook import Logbook
from alerts.escalation.outage_texts import climbed_ms, outage_texts
from domain import MINUTE, Person
from tests.alerts.conftest import START, small_community


def planned(harness: Any, finding: Any, waited_ms: int) -> list[tuple[str, int, str]]:
    """(person, rung, channel) of each text, and all of them fit into one segment."""
    service = harness.service
    alert = service.intake.new_alert(finding(), "b3", START)
    rows = outage_texts(service.escalator, alert, waited_ms, START)
    assert all(row.alert is None and len(str(row.payload["text"])) <= 70 for row in rows)
    return [(row.person, row.rung, row.channel) for row in rows]


async def test_the_worker_at_once_and_the_next_rungs_as_after_no_answer(harness: Any, finding: Any) -> None:
    assert planned(harness, finding, 0) == [("wang", 0, "sms")]
    reached = [person for person, _, _ in planned(harness, finding, 60 * MINUTE)]
    assert reached[:2] == ["wang", "li"]
    assert len(set(reached)) > 3


async def test_a_deputy_is_notified_for_a_worker_whom_no_text_reaches(harness: Any, finding: Any) -> None:
    harness.channels["voice"] = Logbook()
    harness.stop()
    harness.start()
    harness.people = small_community(wang=Person("wang", "王芳"))
    assert planned(harness, finding, 0)[0] == ("deputy", 0, "sms")


async def test_with_an_empty_ladder_the_last_resort_is_notified(harness: Any, finding: Any) -> None:
    escalator = harness.service.escalator
    escalator.last_resort = ("sun",)
    escalator.groups = lambda *_: []
    assert planned(harness, finding, 0) == [("sun", 0, "sms")]


async def test_nothing_goes_by_voice_or_into_the_logbook(harness: Any, finding: Any) -> None:
    harness.channels |= {"voice": Logbook(), "logbook": Logbook()}
    harness.stop()
    harness.start()
    service = harness.service
    service.escalator.call_writer.channels = lambda *_: ["voice", "logbook", "sms"]
    assert planned(harness, finding, 0) == [("wang", 0, "sms")]


async def test_an_alert_of_before_the_outage_climbs_on_from_where_it_is_and_leaves_out_who_was_called(
    harness: Any, finding: Any
) -> None:
    await harness.service.process_findings([finding()])
    alert, service = harness.alert(1), harness.service

    def reached(now: int) -> list[str]:
        climbed = climbed_ms(service.escalator, alert, now)
        return [row.person for row in outage_texts(service.escalator, alert, climbed, now, {"wang"})]

    assert alert.climb_at is not None
    assert alert.rung == 0
    assert reached(alert.climb_at - 1) == []
    assert reached(alert.climb_at) == ["li"]
    later = reached(alert.climb_at + 60 * MINUTE)
    assert "wang" not in later
    assert len(set(later)) > 2


async def test_the_ladder_of_an_acknowledged_alert_is_climbed_since_its_owner_should_have_arrived(
    harness: Any, finding: Any
) -> None:
    await harness.service.process_findings([finding()])
    await harness.service.perform(1, "acknowledge", Actor("wang", "王芳", ResponseSource.SCREEN))
    alert, service = harness.alert(1), harness.service
    assert alert.due_at is not None
    assert climbed_ms(service.escalator, alert, alert.due_at - 1) < 0
    assert climbed_ms(service.escalator, alert, alert.due_at + MINUTE) == MINUTE
    assert climbed_ms(service.escalator, structs.replace(alert, due_at=None), alert.due_at) < 0
