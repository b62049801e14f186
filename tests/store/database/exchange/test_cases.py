"""Links of alerts to numbers in outside systems, and the events received about them."""

from __future__ import annotations

from msgspec.structs import replace
from sqlalchemy import Connection

from alerts.exchange.messages import CaseLink, Direction, ReceivedEvent, ReceivedOutcome
from store.database.exchange import cases

LINK = CaseLink("hotline", "GD-1", 7, Direction.IN, "abc", 10, 10, {"category": "燃气"}, their_deadline=99)


def test_a_link_is_found_by_their_number_or_ours(tx: Connection) -> None:
    handed_over = replace(LINK, external_id="FS-8", alert=8, direction=Direction.OUT, their_id="GD-77", fields={})
    for link in (LINK, handed_over, replace(LINK, system="city")):
        cases.save_link(tx, link)

    assert cases.find_link(tx, "hotline", "GD-1") == LINK
    assert cases.find_link(tx, "hotline", "GD-77") == cases.find_link(tx, "hotline", "FS-8") == handed_over
    assert cases.find_link(tx, "hotline", "GD-2") is None
    assert [link.system for link in cases.links_of(tx, 7)] == ["city", "hotline"]
    cases.save_link(tx, replace(LINK, state="结案", their_version=5))
    assert (cases.find_link(tx, "hotline", "GD-1") or LINK).state == "结案"


def test_a_number_of_theirs_precedes_the_same_one_of_ours(tx: Connection) -> None:
    cases.save_link(tx, replace(LINK, external_id="FS-8", their_id="GD-1", direction=Direction.OUT))
    cases.save_link(tx, LINK)

    assert (cases.find_link(tx, "hotline", "GD-1") or LINK).external_id == "GD-1"


def test_received_events_are_kept_in_order_and_deleted_by_age(tx: Connection) -> None:
    events = [
        ReceivedEvent("hotline", f"e{at}", "GD-1", "催办", at, at, ReceivedOutcome.NOTED, "原因") for at in (30, 10, 20)
    ]
    for event in events:
        cases.save_received(tx, event)

    assert cases.find_received(tx, "hotline", "e10") == events[1]
    assert cases.find_received(tx, "city", "e10") is None
    assert [event.received_at for event in cases.list_received(tx, "hotline", "GD-1")] == [10, 20, 30]
    assert cases.purge_received(tx, 20) == 1
    assert len(cases.list_received(tx, "hotline", "GD-1")) == 2
